"""What a reader of a published format did with its rows, which the lake adds to its own accounting.

The reader writes it into files beside its tables (`pipelines.sources.writer`): the rows that it quarantined,
and how many rows of each published file it read, wrote and quarantined.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from pipelines.contract.outputs.readings import READER_FILES, READER_QUARANTINE, READER_TABLES
from pipelines.contract.schema import Table
from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest
from pipelines.core.sql import literal, path_literal


def reader_files(source: Path) -> list[Path]:
    """The reader's files in a source directory; none where no reader made it."""
    return [path for name in READER_TABLES if (path := source / name).is_file()]


def digest(paths: list[Path]) -> str:
    """Hash of the reader's files, or an empty text without one."""
    text = "\n".join(f"{path.name} {file_digest(path)}" for path in paths)
    return hashlib.sha256(text.encode()).hexdigest() if paths else ""


def copied(lake: Path, table: Table) -> Path:
    """The lake's copy of one of the reader's files; there is none where no reader made the source."""
    return lake / "excluded" / f"reader_{table.name}.parquet"


def take_over(con: duckdb.DuckDBPyConnection, source: Path, lake: Path) -> dict[str, int]:
    """Copy the reader's files into the lake and count its quarantined rows by contract table.

    Raises:
        SourceError: a file is none that a reader wrote.
    """
    for name, table in READER_TABLES.items():
        _take_over(con, source / name, copied(lake, table), table)
    counted = copied(lake, READER_QUARANTINE)
    if not counted.is_file():
        return {}
    rows = con.execute(
        f"select table_name, count(*) from read_parquet({path_literal(counted)}) group by all order by all"
    )
    return dict(rows.fetchall())


def _take_over(con: duckdb.DuckDBPyConnection, path: Path, target: Path, table: Table) -> None:
    target.unlink(missing_ok=True)
    if not path.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        con.execute(
            f"copy (select {table.typed_columns} "
            f"from read_parquet({path_literal(path)}, hive_partitioning=false)) "
            f"to {literal(str(target))} (format parquet)"
        )
        for column in table.columns:
            if column.enum:
                _check_values(con, path, target, column.name, column.enum)
    except duckdb.Error as error:
        raise SourceError(
            f"{path}: expected a file of the reader with the columns {', '.join(table.names)}; found one "
            "without them, or with values of another type. Read the published files again."
        ) from error


def _check_values(
    con: duckdb.DuckDBPyConnection, path: Path, target: Path, name: str, values: tuple[str, ...]
) -> None:
    found = con.execute(f"select distinct {name} from read_parquet({path_literal(target)}) order by 1")
    strange = [str(row[0]) for row in found.fetchall() if row[0] not in values]
    if strange:
        target.unlink()
        raise SourceError(
            f"{path}: expected {name} to be one of {', '.join(values)}; found {', '.join(strange)}. "
            "Read the published files again."
        )


def published_files(con: duckdb.DuckDBPyConnection, lake: Path) -> list[dict[str, object]]:
    """The reader's account of each published file, in the columns of the lake's own account."""
    path = copied(lake, READER_FILES)
    if not path.is_file():
        return []
    rows = con.execute(
        f"select {', '.join(READER_FILES.names)} from read_parquet({path_literal(path)})"
    ).fetchall()
    return [
        {"stage": "reader", "rows_superseded": 0, **dict(zip(READER_FILES.names, row, strict=True))}
        for row in rows
    ]
