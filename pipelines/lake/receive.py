"""One delivered file becomes typed rows, its sound ones by period and its faulty ones with their faults."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import duckdb

from pipelines.contract.checks import all_empty, faulty, missing, offset_minutes, period_expression, typed
from pipelines.contract.schema import Column, Table
from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_parquet
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.lake.files import SourceFile, csv_header
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

LINE_LIMIT_BYTES = 4 << 20
"""A CSV line longer than this is no row of the contract; it is quarantined without being read in full."""

_COUNTER = "file_row_number"
"""What DuckDB calls a row's place in its Parquet file, unless the file has a column of that name."""

_BLANK = "_blank"
"""Column that says whether a line of a CSV file holds nothing but blanks and separators."""

_BLANKS = " \t\r\n\u00a0\u3000"

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


def received_id(file: SourceFile, table: Table) -> str:
    """Id of the file's content under the table's present definition and checks."""
    text = "\n".join((FORMAT, file.name, file.sha256, repr(table)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _describe(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe select * from {relation}").fetchall()}


def _parquet_relation(con: duckdb.DuckDBPyConnection, file: SourceFile) -> tuple[str, dict[str, str]]:
    read = f"read_parquet({path_literal(file.path)}, hive_partitioning=false"
    try:
        found = _describe(con, f"{read})")
    except duckdb.Error as error:
        content = invalid_parquet(file.path)
        raise SourceError(f"{file.path}: expected a complete Parquet file, found {content}") from error
    return (f"{read})" if _COUNTER in found else f"{read}, {_COUNTER}=true)"), found


def _csv_relation(file: SourceFile, table: Table) -> tuple[str, dict[str, str]]:
    names, lines_before = csv_header(file, table)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    relation = (
        f"read_csv({path_literal(file.path)}, auto_detect=false, header=true, skip={lines_before}, "
        f"columns={{{columns}}}, "
        "hive_partitioning=false, "
        "delim=',', quote='\"', escape='\"', nullstr='', store_rejects=true, rejects_limit=0, "
        f"rejects_table='csv_faults', rejects_scan='csv_scans', max_line_size={LINE_LIMIT_BYTES}, "
        f"compression='{'gzip' if file.name.endswith('.gz') else 'none'}')"
    )
    written = ", ".join(quoted(name) for name in names)
    blank = f"trim(concat({written}), {literal(_BLANKS)}) = ''"
    return f"(select *, {blank} as {_BLANK} from {relation})", dict.fromkeys(names, "VARCHAR")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _check_columns(file: SourceFile, table: Table, found: dict[str, str]) -> None:
    needed = [
        c.delivered_name
        for c in table.columns
        if (not c.nullable or c.name in table.key) and c.name not in found
    ]
    if needed:
        raise SourceError(
            f"{file.path}: expected the columns {', '.join(needed)} of table {table.name}, "
            f"found {', '.join(found) or 'no columns'}. Add them, or correct the header's spelling."
        )


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


def _partition_values(file: SourceFile, table: Table, found: dict[str, str]) -> dict[str, str | None]:
    """Contract columns that the file lacks and that its path inside the source names, as Hive writes them."""
    values: dict[str, str | None] = {}
    for part in file.name.split("/")[1:-1]:
        name, sign, value = part.partition("=")
        if sign and name in table.names and name not in found:
            values[name] = None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
    return values


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


def _typed_rows(file: SourceFile, table: Table, relation: str, found: dict[str, str]) -> str:
    """Query of a file's rows: number, typed values, period, and what is wrong with a faulty one."""
    values = [
        f"{typed(column, found[column.name]).value} as {quoted(column.name)}"
        if column.name in found
        else f"{_absent_value(column, found)} as {quoted(column.name)}"
        for column in table.columns
    ]
    contract = ", ".join(quoted(name) for name in table.names)
    present = ", ".join(quoted(name) for name in table.names if name in found)
    number = f"{_COUNTER} + 1" if file.is_parquet and _COUNTER not in found else "row_number() over ()"
    return f"""
        with delivered as (
            select {present}, {number} as {ROW_NUMBER}, {faulty(table, found)} as _faulty,
                {"false" if file.is_parquet else _BLANK} as {_BLANK}
            from {relation}
        ),
        typed_rows as (
            select {ROW_NUMBER}, _faulty, {_BLANK},
                case when _faulty then {_faults(table, found)} else [] end as _faults,
                case when _faulty then {_key_json(table, found)} end as _key,
                {_tonnes(table, found)} as _tonnes, {", ".join(values)}
            from delivered
        )
        select {ROW_NUMBER}, {contract}, {period_expression(table)} as period, _faulty, _faults, _key,
            _tonnes, {_BLANK}
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
            bool_and(trim(csv_line, {literal(_BLANKS + ',"')}) = '') as {_BLANK}
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
    sound = (
        f"select {contract}, period, {ROW_NUMBER} from ({rows}) {'where not _faulty' if has_faults else ''}"
    )
    filled = [period for period, content in periods.items() if content.rows]
    if len(filled) == 1:
        target = literal(str(part_file(folder, filled[0])))
        con.execute(f"copy ({sound}) to {target} ({PARQUET})")
    elif filled:
        con.execute(
            f"copy ({sound}) to {literal(str(folder))} "
            f"({PARQUET}, partition_by (period), write_partition_columns true, overwrite_or_ignore true)"
        )
        _unfold(folder, filled)
    if has_faults:
        query = (
            f"select * exclude (_faulty, {_BLANK}), {ids_text(table)} as _ids "
            f"from ({rows}) where _faulty order by {ROW_NUMBER}"
        )
        con.execute(f"copy ({query}) to {literal(str(faults_file(folder)))} ({PARQUET})")


def _unfold(folder: Path, periods: Iterable[str]) -> None:
    """Make `<period>.parquet` of the folder that DuckDB writes for each partition."""
    for period in periods:
        (written,) = (folder / f"period={period}").iterdir()
        written.rename(part_file(folder, period))
        written.parent.rmdir()


def _relation(con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table) -> tuple[str, dict[str, str]]:
    """What a file is read with, and its columns with their DuckDB types.

    Raises:
        SourceError: it cannot be read, or lacks a column.
    """
    relation, found = _parquet_relation(con, file) if file.is_parquet else _csv_relation(file, table)
    named = _partition_values(file, table, found)
    if named:
        constants = ", ".join(
            f"cast({'null' if value is None else literal(value)} as varchar) as {quoted(name)}"
            for name, value in named.items()
        )
        relation = f"(select *, {constants} from {relation})"
        found |= dict.fromkeys(named, "VARCHAR")
    if renamed := {old: new for old, new in table.renamed.items() if old in found}:
        names = ", ".join(f"{quoted(old)} as {quoted(new)}" for old, new in renamed.items())
        relation = f"(select * rename ({names}) from {relation})"
        found = {renamed.get(name, name): kind for name, kind in found.items()}
    _check_columns(file, table, found)
    return relation, found


def receive(con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table, lake: Path) -> Received:
    """Read one file into the lake, under an id made of its content and of the checks.

    Raises:
        SourceError: the file cannot be read as a file of its table.
    """
    identifier = received_id(file, table)
    folder = received_folder(lake, table.name, identifier)
    part = folder.with_suffix(".part")
    for leftover in ("csv_faults", "csv_scans", "received_rows"):
        con.execute(f"drop table if exists {leftover}")
    relation, found = _relation(con, file, table)
    rows = _typed_rows(file, table, relation, found)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    blank_lines = 0
    try:
        if not file.is_parquet:
            # What is wrong with a CSV file's lines is known once all of them were read.
            con.execute(f"create temp table received_rows as {rows}")
            con.execute(f"insert into received_rows {_malformed(table)}")
            ((blank_lines,),) = con.execute(f"delete from received_rows where {_BLANK}").fetchall()
            rows = "from received_rows"
        periods, tonnes = _survey(con, table, rows)
        _write(con, table, rows, periods, part)
    except duckdb.Error as error:
        shutil.rmtree(part)
        raise SourceError(
            f"{file.path}: expected a file of table {table.name}, found content that cannot be read "
            f"({_first_line(error)}). Deliver the file again."
        ) from error
    # Kept files are hard links of their own, so the received files may be removed.
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    return Received(identifier, periods, tonnes, sorted(set(found) - set(table.names)), blank_lines)
