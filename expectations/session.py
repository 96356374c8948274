"""The gate's own DuckDB file: views over the Parquet files, one more for each suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from expectations.parts import SAMPLES
from expectations.results import CheckError
from expectations.suite import Check, Suite

Sources = Mapping[str, Sequence[Path] | Path]
GATE_TABLES = "gate_tables"
_BY_FILE = "by_file_"


@dataclass(frozen=True)
class Limits:
    """What DuckDB may use; beyond the memory it spills into the work folder."""

    memory: str = "512MB"
    threads: int = 2

    def config(self, work_dir: Path) -> dict[str, Any]:
        """Settings of a connection. Extensions stay where they are: a gate opens no network."""
        return {
            "memory_limit": self.memory,
            "threads": self.threads,
            "temp_directory": str(work_dir / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }


def files_of(table: str, source: Sequence[Path] | Path) -> list[Path]:
    """The Parquet files of a table given as a file, a folder or a list of files, sorted; [] if there is none.

    Raises:
        CheckError: a listed file is not there.
    """
    listed = [source] if isinstance(source, Path) else [Path(item) for item in source]
    found: list[Path] = []
    for item in listed:
        if item.is_dir():
            found += sorted(item.rglob("*.parquet"))
        elif item.is_file():
            found.append(item)
        elif not isinstance(source, Path):
            raise CheckError(
                f"table {table}: expected the file {item}, found nothing there; rebuild the table"
            )
    return sorted(found)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def open_tables(database: Path, sources: Sources, config: Mapping[str, Any]) -> dict[str, int]:
    """Write the views over the sources and `gate_tables`; gives the number of rows by table.

    A table without files is left out.

    Raises:
        CheckError: a table's files cannot be read as one table.
    """
    counts: dict[str, int] = {}
    with duckdb.connect(str(database), config=dict(config)) as connection:
        for table, source in sorted(sources.items()):
            files = files_of(table, source)
            if not files:
                continue
            try:
                _open_table(connection, table, files)
                counts[table] = connection.execute(f'select count(*) from "{table}"').fetchall()[0][0]
            except duckdb.Error as error:
                raise CheckError(
                    f"table {table}: expected {len(files)} readable Parquet file(s) from {files[0]} on, "
                    f"found: {error}. Rebuild the table."
                ) from error
        connection.execute(f"create table {GATE_TABLES} (table_name varchar, row_count bigint)")
        if counts:
            connection.executemany(
                f"insert into {GATE_TABLES} values (?, ?)", [list(item) for item in counts.items()]
            )
    return counts | {GATE_TABLES: len(counts)}


def _open_table(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    """Write a table's views, one of them with the file of each row; moments are in UTC without a zone.

    Files with and without a zone are not read together: the engine would take the latter for local time.
    """
    listing = ", ".join(_quoted(str(file)) for file in files)
    found = connection.execute(
        f"select file_name, name from parquet_schema([{listing}]) "
        "where logical_type like 'TimestampType(isAdjustedToUTC=1%'"
    ).fetchall()
    zoned, moments = sorted({file for file, _ in found}), sorted({name for _, name in found})
    plain = ", ".join(f'make_timestamp(epoch_us("{name}")) as "{name}"' for name in moments)
    queries = [f"select * replace ({plain}) from {_read(zoned)}"] if zoned else []
    if others := sorted({str(file) for file in files} - set(zoned)):
        queries.append(f"select * from {_read(others)}")
    connection.execute(f'create view "{_BY_FILE}{table}" as {" union all by name ".join(queries)}')
    connection.execute(f'create view "{table}" as select * exclude (filename) from "{_BY_FILE}{table}"')


def _read(files: Iterable[str]) -> str:
    listing = ", ".join(_quoted(file) for file in files)
    return f"read_parquet([{listing}], union_by_name = true, hive_partitioning = false, filename = true)"


def rows_in(table: str, files: Iterable[Path]) -> str:
    """Query of the rows of some of a table's files, with the columns of the whole table."""
    listing = ", ".join(_quoted(str(file)) for file in files)
    return f'select * exclude (filename) from "{_BY_FILE}{table}" where filename in ({listing})'


def view_of(suite: Suite) -> str:
    """Name of the view that a suite judges."""
    return f"judged_{suite.name}"


def create_suite_views(database: Path, suites: Iterable[Suite], config: Mapping[str, Any]) -> None:
    """Write one view a suite.

    Raises:
        CheckError: a figure does not fit the table, such as a column that is not there.
    """
    with duckdb.connect(str(database), config=dict(config)) as connection:
        for suite in suites:
            try:
                connection.execute(f"create view {view_of(suite)} as {suite.query}")
            except duckdb.Error as error:
                raise CheckError(
                    f"gate {suite.gate}, suite {suite.name}, table {suite.table}: the rows cannot be "
                    f"computed: {error}. Expected the columns of the contract or the mart; "
                    "compare them with the suite's expressions."
                ) from error


def sample_breaches(
    database: Path, suite: Suite, check: Check, query: str, config: Mapping[str, Any], limit: int = SAMPLES
) -> list[tuple[tuple[str, ...], str]]:
    """The first rows of the library's query of breaches in the order of their keys: key and `key=…: figures`.

    The library would list rows in whatever order the database gives them.
    """
    if check.expect.repeated:
        columns = ", ".join(check.expect.repeated)
        query = (
            f"select {', '.join(suite.key)}, {columns} from {view_of(suite)} "
            f"qualify count(*) over (partition by {columns}) > 1"
        )
    order = ", ".join(f'"{key}"' for key in suite.key)
    keys = len(suite.key)
    with duckdb.connect(str(database), config=dict(config)) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(
            f"select * from ({query.rstrip().rstrip(';')}) as breaches order by {order} limit {limit}"
        )
        rows = found.fetchall()
    shown = [
        ", ".join(f"{key}={value}" for key, value in zip(suite.key, row, strict=False))
        + "".join(f": {_short(value)}" for value in row[keys : keys + 1])
        + "".join(f", {_short(value)}" for value in row[keys + 1 :])
        for row in rows
    ]
    return [(tuple(map(str, row[:keys])), text) for row, text in zip(rows, shown, strict=True)]


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
