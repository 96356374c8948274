"""One delivered file becomes typed rows with their faults, written once and never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import duckdb

from pipelines.contract.schema import Table
from pipelines.lake.checks import literal, missing, path_literal, period_expression, quoted, typed
from pipelines.lake.errors import SourceError
from pipelines.lake.files import SourceFile, csv_header

FORMAT = "1"
"""Enters the id of every received file; a change in what the checks do raises it."""

LINE_LIMIT_BYTES = 4 << 20
"""A CSV line longer than this is no row of the contract; it is quarantined without being read in full."""

_SHOWN_LINE_CHARACTERS = 4000
"""How much of a malformed line its quarantine entry repeats; an open quote may swallow several lines."""


@dataclass
class Received:
    """What one file brought; `periods` maps a period to its row count and content print."""

    id: str
    rows: int
    periods: dict[str, str]
    unknown_columns: list[str] = field(default_factory=list)


def received_id(file: SourceFile, table: Table) -> str:
    """Id of the file's content under the table's present definition and checks."""
    text = "\n".join((FORMAT, file.name, file.sha256, repr(table)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def received_path(lake: Path, table: str, identifier: str) -> Path:
    """Where the rows of a received file stand."""
    return lake / "received" / table / f"{identifier}.parquet"


def _describe(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe select * from {relation}").fetchall()}


def _parquet_relation(con: duckdb.DuckDBPyConnection, file: SourceFile) -> tuple[str, dict[str, str]]:
    relation = f"read_parquet({path_literal(file.path)}, hive_partitioning=false)"
    try:
        return relation, _describe(con, relation)
    except duckdb.Error as error:
        raise SourceError(
            f"{file.path}: expected a Parquet file, found one that cannot be read ({_first_line(error)}). "
            "Deliver the file again."
        ) from error


def _csv_relation(file: SourceFile, table: Table) -> tuple[str, dict[str, str]]:
    names = csv_header(file, table)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    relation = (
        f"read_csv({path_literal(file.path)}, auto_detect=false, header=true, columns={{{columns}}}, "
        "hive_partitioning=false, "
        "delim=',', quote='\"', escape='\"', nullstr='', store_rejects=true, rejects_limit=0, "
        f"rejects_table='csv_faults', rejects_scan='csv_scans', max_line_size={LINE_LIMIT_BYTES}, "
        f"compression='{'gzip' if file.name.endswith('.gz') else 'none'}')"
    )
    return relation, dict.fromkeys(names, "VARCHAR")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _check_columns(file: SourceFile, table: Table, found: dict[str, str]) -> None:
    needed = [
        c.name for c in table.columns if (not c.nullable or c.name in table.key) and c.name not in found
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


def _select(file: SourceFile, table: Table, relation: str, found: dict[str, str]) -> str:
    values = [
        f"{typed(column, found[column.name]).value} as {quoted(column.name)}"
        if column.name in found
        else f"cast(null as {column.duckdb_type}) as {quoted(column.name)}"
        for column in table.columns
    ]
    contract = ", ".join(quoted(name) for name in table.names)
    return f"""
        with delivered as (select * from {relation}),
        typed_rows as (
            select row_number() over () as _row, {_faults(table, found)} as _faults,
                {_key_json(table, found)} as _key, {", ".join(values)}
            from delivered
        )
        select {literal(file.name)} as _file, _row, {period_expression(table)} as _period,
            hash({contract}, case when len(_faults) > 0 then cast(_faults as varchar) end) as _print,
            _faults, _key, {contract}
        from typed_rows
    """


def _malformed(file: SourceFile, table: Table) -> str:
    """Lines that are no CSV rows, as received rows without values."""
    nulls = ", ".join(
        f"cast(null as {column.duckdb_type}) as {quoted(column.name)}" for column in table.columns
    )
    return f"""
        select {literal(file.name)} as _file, line as _row, 'unknown' as _period, hash(line) as _print,
            [struct_pack(reason := 'malformed_line', column_name := cast(null as varchar),
                         value := left(any_value(csv_line), {_SHOWN_LINE_CHARACTERS}))] as _faults,
            cast(null as varchar) as _key, {nulls}
        from csv_faults group by line
    """


def _store(con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table, target: Path) -> list[str]:
    con.execute("drop table if exists csv_faults")
    con.execute("drop table if exists csv_scans")
    relation, found = _parquet_relation(con, file) if file.is_parquet else _csv_relation(file, table)
    named = _partition_values(file, table, found)
    if named:
        constants = ", ".join(
            f"cast({'null' if value is None else literal(value)} as varchar) as {quoted(name)}"
            for name, value in named.items()
        )
        relation = f"(select *, {constants} from {relation})"
        found |= dict.fromkeys(named, "VARCHAR")
    _check_columns(file, table, found)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    query = _select(file, table, relation, found)
    try:
        if file.is_parquet:
            con.execute(f"copy ({query}) to {literal(str(part))} (format parquet, compression zstd)")
        else:
            con.execute(f"create or replace temp table received_rows as {query}")
            con.execute(f"insert into received_rows {_malformed(file, table)}")
            con.execute(f"copy received_rows to {literal(str(part))} (format parquet, compression zstd)")
            con.execute("drop table received_rows")
    except duckdb.Error as error:
        part.unlink(missing_ok=True)
        raise SourceError(
            f"{file.path}: expected a file of table {table.name}, found content that cannot be read "
            f"({_first_line(error)}). Deliver the file again."
        ) from error
    part.replace(target)
    return sorted(set(found) - set(table.names))


def receive(con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table, lake: Path) -> Received:
    """Read one file into the lake, under an id made of its content and of the checks.

    Raises:
        SourceError: the file cannot be read as a file of its table.
    """
    identifier = received_id(file, table)
    target = received_path(lake, table.name, identifier)
    unknown = _store(con, file, table, target)
    periods = con.execute(
        "select _period, cast(count(*) as varchar) || ':' || cast(sum(cast(_print as hugeint)) as varchar) "
        f"from read_parquet({path_literal(target)}, hive_partitioning=false) "
        "group by _period order by _period"
    ).fetchall()
    rows = sum(int(print_.split(":")[0]) for _, print_ in periods)
    return Received(identifier, rows, dict(periods), unknown)
