"""One delivered file becomes typed rows, its sound ones by period and its faulty ones with their faults."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from pipelines.contract.checks import (
    EARLIEST,
    LATEST,
    all_empty,
    faulty,
    missing,
    offset_minutes,
    period_expression,
    typed,
)
from pipelines.contract.schema import Column, Table
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.lake.delivered import (
    BLANK,
    BLANKS,
    COUNTER,
    Delivered,
    first_line,
    is_like_a_part,
    open_delivered,
)
from pipelines.lake.files import SourceFile
from pipelines.lake.parts import (
    PARQUET,
    ROW_NUMBER,
    TONNES,
    as_tonnes,
    faults_file,
    ids_text,
    part_file,
    received_folder,
)
from pipelines.lake.state import FORMAT, Content
from pipelines.lake.zone import local_time

_SHOWN_LINE_CHARACTERS = 4000
"""How much of a malformed line its quarantine entry repeats; an open quote may swallow several lines."""


@dataclass
class Received:
    """The rows of one delivered file, by period, and the tonnes that they state."""

    id: str
    periods: dict[str, Content]
    tonnes: float | None = None
    unknown_columns: list[str] = field(default_factory=list)
    blank_lines: int = 0
    """Lines of a CSV file with blanks and separators alone; they are no rows. Empty ones do not count."""

    @property
    def rows(self) -> int:
        """All rows, sound and faulty."""
        return sum(content.rows + content.faulty for content in self.periods.values())


def received_id(file: SourceFile, table: Table, zone: str) -> str:
    """Id of the file's content under the table's definition and checks and the market's time zone."""
    text = "\n".join((FORMAT, file.name, file.sha256, repr(table), zone))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _faults(table: Table, found: dict[str, str]) -> str:
    """SQL list of structs (reason, column, value) of a row."""
    items = []
    for column in table.columns:
        if column.name not in found:
            continue
        raw = quoted(column.name)
        shown = f"left(cast({raw} as varchar), 200)"
        absent = missing(table, column)
        branches = [f"when {absent} then 'missing_value'"] if absent else []
        branches += [
            f"when {raw} is not null and ({condition}) then {literal(reason)}"
            for reason, condition in typed(column, found[column.name]).faults
        ]
        if branches:
            items.append(
                f"struct_pack(reason := case {' '.join(branches)} end, "
                f"column_name := {literal(column.name)}, value := {shown})"
            )
    if empty := all_empty(table, found):
        columns = literal(", ".join(table.one_of))
        items.append(
            f"struct_pack(reason := case when {empty} then 'missing_value' end, column_name := {columns}, "
            "value := cast(null as varchar))"
        )
    return f"list_filter([{', '.join(items)}], lambda fault: fault.reason is not null)"


def _key_json(table: Table, found: dict[str, str]) -> str:
    pairs = ", ".join(
        f"{literal(name)}, left(cast({quoted(name)} as varchar), 200)" for name in table.key if name in found
    )
    return f"cast(json_object({pairs}) as varchar)"


def _tonnes(table: Table, found: dict[str, str]) -> str:
    """SQL of the tonnes that a row states: its typed value, or what can be read of a faulty row's."""
    name = table.tonnes
    if name is None or name not in found:
        return f"cast(null as {TONNES})"
    delivered = as_tonnes(f"try_cast(cast({quoted(name)} as varchar) as double)")
    sound = as_tonnes(typed(table.column(name), found[name]).value)
    return f"case when _faulty then {delivered} else {sound} end"


def _absent_value(column: Column, found: dict[str, str]) -> str:
    """What a column holds that the file lacks: the offset that a timestamp is written with, or null."""
    if column.offset_of and found.get(column.offset_of) == "VARCHAR":
        return f"cast({offset_minutes(quoted(column.offset_of))} as {column.duckdb_type})"
    return f"cast(null as {column.duckdb_type})"


def _period_of(table: Table, value: str, zone: str, first: str = EARLIEST, last: str = LATEST) -> str:
    """SQL of a row's period by its period column's value; the month of a moment is that of the market.

    Moments lie between the two days.
    """
    if table.period_column and table.column(table.period_column).type == "timestamp":
        value = local_time(value, zone, date.fromisoformat(first), date.fromisoformat(last))
    return period_expression(table, value)


def _period(con: duckdb.DuckDBPyConnection, delivered: Delivered, zone: str) -> str:
    """SQL of a typed row's period: a constant for a Parquet file whose rows are all of one period."""
    table, name = delivered.table, delivered.table.period_column
    if name is None or name not in delivered.found or not delivered.file.is_parquet:
        return _period_of(table, quoted(name or ""), zone)
    value = typed(table.column(name), delivered.found[name]).value
    first, last, first_period, last_period, is_full = con.execute(f"""
        select left(cast(first as varchar), 10), left(cast(last as varchar), 10),
            {_period_of(table, "first", zone)}, {_period_of(table, "last", zone)}, is_full
        from (
            select min(value) as first, max(value) as last, count(value) = count(*) as is_full
            from (select {value} as value from {delivered.relation})
        )
    """).fetchall()[0]
    if is_full and first_period == last_period:
        return literal(first_period)
    is_usual = first and EARLIEST <= first <= last < LATEST
    return _period_of(table, quoted(name), zone, *((first, last) if is_usual else ()))


def _typed_rows(delivered: Delivered, period: str) -> str:
    """Query of a file's rows: number, typed values, period, and what is wrong with a faulty one."""
    table, found, is_parquet = delivered.table, delivered.found, delivered.file.is_parquet
    values = [
        f"{typed(column, found[column.name]).value} as {quoted(column.name)}"
        if column.name in found
        else f"{_absent_value(column, found)} as {quoted(column.name)}"
        for column in table.columns
    ]
    contract = ", ".join(quoted(name) for name in table.names)
    present = ", ".join(quoted(name) for name in table.names if name in found)
    number = f"{COUNTER} + 1" if is_parquet and COUNTER not in found else "row_number() over ()"
    return f"""
        with delivered as (
            select {present}, {number} as {ROW_NUMBER}, {faulty(table, found)} as _faulty,
                {"false" if is_parquet else BLANK} as {BLANK}
            from {delivered.relation}
        ),
        typed_rows as (
            select {ROW_NUMBER}, _faulty, {BLANK},
                case when _faulty then {_faults(table, found)} else [] end as _faults,
                case when _faulty then {_key_json(table, found)} end as _key,
                {_tonnes(table, found)} as _tonnes, {", ".join(values)}
            from delivered
        )
        select {ROW_NUMBER}, {contract}, {period} as period, _faulty, _faults, _key,
            _tonnes, {BLANK}
        from typed_rows
    """


def _malformed(table: Table) -> str:
    """Lines that are no CSV rows, as faulty rows without values."""
    nulls = ", ".join(
        f"cast(null as {column.duckdb_type}) as {quoted(column.name)}" for column in table.columns
    )
    return f"""
        select line as {ROW_NUMBER}, {nulls}, 'unknown' as period, true as _faulty,
            [struct_pack(reason := 'malformed_line', column_name := cast(null as varchar),
                         value := left(any_value(csv_line), {_SHOWN_LINE_CHARACTERS}))] as _faults,
            cast(null as varchar) as _key, cast(null as {TONNES}) as _tonnes,
            bool_and(trim(csv_line, {literal(BLANKS + ',"')}) = '') as {BLANK}
        from csv_faults group by line
    """


def row_fingerprint(table: Table) -> str:
    """SQL hash of a sound row's content."""
    return f"hash({', '.join(quoted(name) for name in table.names)})"


def _survey(
    con: duckdb.DuckDBPyConnection, table: Table, rows: str
) -> tuple[dict[str, Content], float | None]:
    """Count the rows of each period of a file and compute their fingerprint; add up the file's tonnes."""
    fault_fingerprint = "case when _faulty then hash(_key, cast(_faults as varchar)) end"
    found = con.execute(f"""
        select period, count(*) filter (not _faulty),
            cast(coalesce(sum(cast({row_fingerprint(table)} as hugeint)) filter (not _faulty), 0) as varchar),
            count(*) filter (_faulty),
            cast(coalesce(sum(cast({fault_fingerprint} as hugeint)), 0) as varchar),
            sum(_tonnes)
        from ({rows}) group by period order by period
    """).fetchall()
    stated = [row[5] for row in found if row[5] is not None]
    periods = {
        period: Content(
            rows=sound, fingerprint=fingerprint_, faulty=faults, faulty_fingerprint=faults_fingerprint
        )
        for period, sound, fingerprint_, faults, faults_fingerprint, _ in found
    }
    return periods, float(sum(stated)) if stated else None


def _write(
    con: duckdb.DuckDBPyConnection, table: Table, rows: str, periods: dict[str, Content], folder: Path
) -> None:
    """Write a file's parts and faults."""
    contract = ", ".join(quoted(name) for name in table.names)
    has_faults = any(content.faulty for content in periods.values())
    where = "where not _faulty" if has_faults else ""
    filled = [period for period, content in periods.items() if content.rows]
    if len(filled) == 1:
        target = part_file(folder, filled[0])
        target.parent.mkdir()
        query = f"select {contract}, {ROW_NUMBER} from ({rows}) {where}"
        con.execute(f"copy ({query}) to {literal(str(target))} ({PARQUET})")
    elif filled:
        query = f"select {contract}, {ROW_NUMBER}, period from ({rows}) {where}"
        con.execute(
            f"copy ({query}) to {literal(str(folder))} "
            f"({PARQUET}, partition_by (period), overwrite_or_ignore true)"
        )
    if has_faults:
        query = (
            f"select * exclude (_faulty, {BLANK}), {ids_text(table)} as _ids "
            f"from ({rows}) where _faulty order by {ROW_NUMBER}"
        )
        con.execute(f"copy ({query}) to {literal(str(faults_file(folder)))} ({PARQUET})")


def _store(
    con: duckdb.DuckDBPyConnection, delivered: Delivered, rows: str, periods: dict[str, Content], folder: Path
) -> None:
    """Copy a file that is a part already, and write the parts and faults of any other."""
    is_one_part = len(periods) == 1 and not any(content.faulty for content in periods.values())
    if is_one_part and is_like_a_part(con, delivered):
        target = part_file(folder, next(iter(periods)))
        target.parent.mkdir()
        shutil.copyfile(delivered.file.path, target)
    else:
        _write(con, delivered.table, rows, periods, folder)


def receive(
    con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table, lake: Path, zone: str
) -> Received:
    """Read one file into the lake, under an id made of its content, of the checks and of the time zone.

    Raises:
        SourceError: the file cannot be read as a file of its table.
    """
    identifier = received_id(file, table, zone)
    folder = received_folder(lake, table.name, identifier)
    part = folder.with_suffix(".part")
    for leftover in ("csv_faults", "csv_scans", "received_rows"):
        con.execute(f"drop table if exists {leftover}")
    delivered = open_delivered(con, file, table)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    blank_lines = 0
    try:
        rows = _typed_rows(delivered, _period(con, delivered, zone))
        if not file.is_parquet:
            # What is wrong with a CSV file's lines is known once all of them were read.
            con.execute(f"create temp table received_rows as {rows}")
            con.execute(f"insert into received_rows {_malformed(table)}")
            ((blank_lines,),) = con.execute(f"delete from received_rows where {BLANK}").fetchall()
            rows = "from received_rows"
        periods, tonnes = _survey(con, table, rows)
        _store(con, delivered, rows, periods, part)
    except duckdb.Error as error:
        shutil.rmtree(part)
        raise SourceError(
            f"{file.path}: expected a file of table {table.name}, found content that cannot be read "
            f"({first_line(error)}). Deliver the file again."
        ) from error
    # Kept files are hard links of their own, so the received files may be removed.
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    return Received(identifier, periods, tonnes, sorted(set(delivered.found) - set(table.names)), blank_lines)
