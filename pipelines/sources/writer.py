"""A reading on disk: contract tables as Parquet, `market.yml`, the quarantined rows and the account.

    OUT/<table>.parquet              contract tables, sorted by key
    OUT/market.yml                   the market's settings
    OUT/_read_report.json            how many rows were read, written and quarantined, and why
    OUT/_quarantined/<source>.csv    quarantined rows, as published, with the reason
    OUT/_quarantined/rows.parquet    the same rows in the form that the lake adds to its own accounting
    OUT/_quarantined/files.parquet   how many rows of each published file were read, written and quarantined

The folder is built beside OUT and moved there when it is complete. A reading of which too little could be
written is refused by the shares that the ingestion gate refuses a table by.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import polars as pl
import yaml

from pipelines.contract.outputs.readings import READER_FILES, READER_QUARANTINE, READER_TABLES
from pipelines.contract.reasons import REFUSED_SHARE, ROWS_FOR_A_SHARE, ROWS_FOR_TONNES
from pipelines.contract.schema import Column, Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError, UsageError
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.sources.accounts import added_up
from pipelines.sources.mapping.intake import Intake
from pipelines.sources.mapping.reading import Reading
from pipelines.sources.mapping.sql import MappingError, count
from pipelines.sources.report import ReadReport, ReportLine

REPORT_NAME = "_read_report.json"
_MADE_BY = "carbonwarden read"


class SourceWriter:
    """Writes one reading to `out` completely, or leaves `out` as it was."""

    def __init__(self, out: Path) -> None:
        """Refuse an `out` that holds anything but an earlier reading.

        Raises:
            UsageError: `out` is a file, or holds files that no reading wrote.
        """
        self.out = out.expanduser().resolve()
        _check_replaceable(self.out)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder beside `out` for the reading's database and for what is being written."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{self.out.name}.", dir=self.out.parent) as scratch:
            yield Path(scratch)

    def write(self, format: str, reading: Reading, scratch: Path) -> ReadReport:
        """Write the tables, the settings, the quarantined rows and the account; return the account.

        Raises:
            SourceError: no row, or none of a published table, could be written, too large a share of its rows
                was quarantined, or the mapping's tables break the contract; an earlier reading stays.
        """
        lines = reading.lines()
        for line in lines:
            _refuse_if_lost(line)
        for intake in reading.intakes:
            _refuse_if_empty(intake)
        _refuse_if_nothing_is_written(lines)
        build = scratch / "reading"
        build.mkdir()
        report = ReadReport(
            format=format,
            out=self.out,
            market=reading.market,
            inputs=tuple(reading.inputs),
            lines=tuple(lines),
            tables=_write_tables(build, reading),
            unused_columns=reading.unused_columns,
            notes=tuple(reading.notes),
        )
        _write_account(build, reading, report)
        _swap(build, self.out)
        return report


def _refuse_if_lost(line: ReportLine) -> None:
    most = REFUSED_SHARE if line.read >= ROWS_FOR_A_SHARE else 1.0
    most_tonnes = REFUSED_SHARE if line.lost >= ROWS_FOR_TONNES else float("inf")
    if not line.lost or (line.written and line.lost_share <= most and line.tonnes_lost_share <= most_tonnes):
        return
    stake = f", with {line.tonnes_lost_share:.0%} of the tonnes quarantined" if line.tonnes_lost else ""
    raise SourceError(
        f"{line.source}: expected rows that can be written, and at most {most:.0%} of {line.read:,} rows and "
        f"{REFUSED_SHARE:.0%} of the tonnes quarantined; found {line.written:,} that can be written{stake} "
        f"({line.reason}). Nothing was written. "
        "Compare the file with the published layout of the format, correct these values, and read it again."
    )


def _refuse_if_empty(intake: Intake) -> None:
    if intake.read or intake.entry.may_be_empty or not intake.files:
        return
    raise SourceError(
        f"{', '.join(intake.files)}: expected rows below the headings, found none. Download the file again."
    )


def _refuse_if_nothing_is_written(lines: list[ReportLine]) -> None:
    without = sum(line.without_data for line in lines)
    if any(line.written for line in lines) or not without:
        return
    raise SourceError(
        f"{', '.join(line.source for line in lines)}: expected rows that can be written, found {without:,} "
        "that state nothing or only parts of a period, by the rules of the format. Nothing was written. Read "
        "the files that complete them together with these."
    )


def _write_tables(folder: Path, reading: Reading) -> dict[str, int]:
    """Write the contract tables, sorted by key, and those that are required and were not made; count rows.

    Raises:
        SourceError: a table of the mapping breaks the contract.
    """
    counts = {}
    for name, table in TABLES.items():
        if name in reading.tables:
            rows = conform(reading.con, table, f"made_{name}")
        elif table.required:
            rows = f"select {_nulls(table)} where false"
        else:
            continue
        target = literal(str(folder / f"{name}.parquet"))
        keys = ", ".join(quoted(table.column(key).delivered_name) for key in table.key)
        reading.con.execute(f"copy ({rows} order by {keys}) to {target} (format parquet, compression zstd)")
        counts[name] = count(reading.con, f"read_parquet({path_literal(folder / f'{name}.parquet')})")
    return counts


def check_tables(reading: Reading, names: Iterable[str]) -> None:
    """Compare tables of a reading with the contract, and close the reading.

    Raises:
        SourceError: a table of the mapping breaks the contract.
    """
    with closing(reading.con) as con:
        for name in names:
            conform(con, TABLES[name], f"made_{name}")


def conform(con: duckdb.DuckDBPyConnection, table: Table, relation: str) -> str:
    """Query of `relation` with the columns, types and order of the contract table, named as in a source.

    Raises:
        SourceError: it has other columns, a value that the contract does not allow, or a key twice.
    """
    present = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
    strange = sorted(set(present) - {column.delivered_name for column in table.columns})
    if strange:
        raise _broken(table.name, f"columns of the contract only, found {', '.join(strange)}")
    for column in table.columns:
        _check_column(con, table, column, relation, column.delivered_name in present)
    keys = ", ".join(quoted(table.column(key).delivered_name) for key in table.key)
    doubles = count(con, f"(select {keys} from {relation} group by {keys} having count(*) > 1)")
    if doubles:
        raise _broken(table.name, f"unique {', '.join(table.key)}; found {doubles:,} that stand there twice")
    columns = (
        f"{_cast(column, quoted(column.delivered_name) if column.delivered_name in present else 'null')} "
        f"as {quoted(column.delivered_name)}"
        for column in table.columns
    )
    return f"select {', '.join(columns)} from {relation}"


def _check_column(
    con: duckdb.DuckDBPyConnection, table: Table, column: Column, relation: str, is_present: bool
) -> None:
    name = quoted(column.delivered_name)
    where = f"{table.name}.{column.delivered_name}"
    if not is_present:
        if not column.nullable:
            raise _broken(where, "the column, which the contract asks for; found none")
        return
    nulls = 0 if column.nullable else count(con, f"(select 1 from {relation} where {name} is null)")
    if nulls:
        raise _broken(where, f"a value in each row, found {nulls:,} without")
    if column.enum:
        allowed = ", ".join(literal(value) for value in column.enum)
        strange = con.execute(
            f"select distinct cast({name} as varchar) from {relation} "
            f"where {name} not in ({allowed}) order by 1"
        ).fetchall()
        if strange:
            found = ", ".join(str(row[0]) for row in strange[:5])
            raise _broken(where, f"one of {', '.join(column.enum)}; found {found}")


def _broken(where: str, what: str) -> SourceError:
    return MappingError(f"tables.{where}: expected {what}. Correct the mapping.")


def _cast(column: Column, value: str) -> str:
    cast = f"cast({value} as {column.duckdb_type})"
    return f"timezone('UTC', {cast})" if column.type == "timestamp" else cast


def _nulls(table: Table) -> str:
    return ", ".join(
        f"{_cast(column, 'null')} as {quoted(column.delivered_name)}" for column in table.columns
    )


def _write_account(folder: Path, reading: Reading, report: ReadReport) -> None:
    (folder / "market.yml").write_text(
        yaml.safe_dump(reading.market, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    rows_file, files_file = (folder / name for name in READER_TABLES)
    rows_file.parent.mkdir()
    rows = " union all ".join(f"({intake.quarantine_query()})" for intake in reading.intakes)
    ordered = f"select {READER_QUARANTINE.typed_columns} from ({rows}) order by file, row_number"
    reading.con.execute(f"copy ({ordered}) to {literal(str(rows_file))} (format parquet)")
    file_accounts(report.lines).write_parquet(files_file)
    for intake in reading.intakes:
        for source in intake.files_with_quarantine():
            target = literal(str(_free(rows_file.parent, source)))
            reading.con.execute(f"copy ({intake.published_query(source)}) to {target} (format csv, header)")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    content = {"made_by": _MADE_BY, **report.as_dict(), "files": [*files, REPORT_NAME]}
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (folder / REPORT_NAME).write_text(text + "\n", encoding="utf-8")


def file_accounts(lines: Iterable[ReportLine]) -> pl.DataFrame:
    """The account of each published file in the form that the lake adds to its own."""
    rows = [
        {
            "table_name": line.table,
            "file": line.source,
            "rows_in": line.read,
            "rows_kept": line.written,
            "rows_quarantined": line.quarantined,
            "rows_without_data": line.without_data,
            "rows_repeated": line.quarantined - line.lost,
            "tonnes_in": line.tonnes_read,
            "tonnes_quarantined": line.tonnes_lost,
        }
        for line in lines
    ]
    return added_up(pl.DataFrame(rows, schema=READER_FILES.stored_schema, orient="row"))


def _free(folder: Path, source: str) -> Path:
    """A CSV file of `folder` that is not there yet, named after `source`: a sheet may be called anything."""
    name = "".join(character if character.isalnum() or character in "-_. " else "_" for character in source)
    path, number = folder / f"{name}.csv", 1
    while path.exists():
        number += 1
        path = folder / f"{name} ({number}).csv"
    return path


def _swap(build: Path, out: Path) -> None:
    """Put `build` in the place of `out`; the earlier reading is removed only once it is there."""
    if not out.exists():
        build.rename(out)
        return
    earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}.earlier.", dir=out.parent))
    out.rename(earlier / "reading")
    try:
        build.rename(out)
    except OSError:
        (earlier / "reading").rename(out)
        raise
    finally:
        shutil.rmtree(earlier, ignore_errors=True)


def _check_replaceable(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: expected a folder to write to, found a file. Name another folder.")
    if not out.is_dir():
        return
    present = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    foreign = sorted(set(present) - _written_before(out))
    if foreign:
        raise UsageError(
            f"{out}: expected an empty folder or an earlier reading, found {', '.join(foreign[:5])}"
            f"{' and more' if len(foreign) > 5 else ''} ({len(foreign)} files). "
            "Name another folder, or move these files away."
        )


def _written_before(out: Path) -> set[str]:
    try:
        content = json.loads((out / REPORT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict) or content.get("made_by") != _MADE_BY:
        return set()
    return {str(name) for name in content.get("files", [])}
