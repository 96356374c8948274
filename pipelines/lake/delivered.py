"""How a delivered file is read: the relation over its rows, its columns, whether it is stored as it is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

import duckdb

from pipelines.contract.schema import Table
from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_parquet
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.lake.files import SourceFile, csv_header

LINE_LIMIT_BYTES = 4 << 20
"""A CSV line longer than this is no row of the contract; it is quarantined without being read in full."""

COUNTER = "file_row_number"
"""What DuckDB calls a row's place in its Parquet file, unless the file has a column of that name."""

BLANK = "_blank"
"""Column that says whether a line of a CSV file holds nothing but blanks and separators."""

BLANKS = " \t\r\n\u00a0\u3000"

_CODECS = {"ZSTD", "SNAPPY", "LZ4_RAW"}
_GROUP_ROWS = (10_000, 1 << 20)
"""Fewest rows on average, and most rows, in a row group that later steps read well and in little memory."""


@dataclass(frozen=True)
class Delivered:
    """A delivered file and how it is read.

    Attributes:
        relation: SQL that reads its rows.
        found: the relation's columns with their DuckDB types.
        has_own_names: whether the file itself has these columns under these names.
    """

    file: SourceFile
    table: Table
    relation: str
    found: dict[str, str]
    has_own_names: bool


def _describe(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe select * from {relation}").fetchall()}


def _parquet_relation(con: duckdb.DuckDBPyConnection, file: SourceFile) -> tuple[str, dict[str, str]]:
    read = f"read_parquet({path_literal(file.path)}, hive_partitioning=false"
    try:
        found = _describe(con, f"{read})")
    except duckdb.Error as error:
        content = invalid_parquet(file.path)
        raise SourceError(f"{file.path}: expected a complete Parquet file, found {content}") from error
    return (f"{read})" if COUNTER in found else f"{read}, {COUNTER}=true)"), found


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
    blank = f"trim(concat({written}), {literal(BLANKS)}) = ''"
    return f"(select *, {blank} as {BLANK} from {relation})", dict.fromkeys(names, "VARCHAR")


def first_line(error: Exception) -> str:
    """What an error of DuckDB says, without the query."""
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


def _partition_values(file: SourceFile, table: Table, found: dict[str, str]) -> dict[str, str | None]:
    """Contract columns that the file lacks and that its path inside the source names, as Hive writes them."""
    values: dict[str, str | None] = {}
    for part in file.name.split("/")[1:-1]:
        name, sign, value = part.partition("=")
        if sign and name in table.names and name not in found:
            values[name] = None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
    return values


def open_delivered(con: duckdb.DuckDBPyConnection, file: SourceFile, table: Table) -> Delivered:
    """How to read a file of a table.

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
    return Delivered(file, table, relation, found, has_own_names=not (named or renamed))


def is_like_a_part(con: duckdb.DuckDBPyConnection, delivered: Delivered) -> bool:
    """Whether a file can be read like a part: no column to convert, row groups of a usual size.

    A moment may have a zone; it is stored as the same number.
    """
    if not (delivered.file.is_parquet and delivered.has_own_names):
        return False
    stored = {column.name: {column.duckdb_type.upper()} for column in delivered.table.columns}
    for column in delivered.table.columns:
        if column.type == "timestamp":
            stored[column.name].add("TIMESTAMP WITH TIME ZONE")
    if any(kind not in stored.get(name, ()) for name, kind in delivered.found.items()):
        return False
    fewest, most = _GROUP_ROWS
    groups, rows, largest, codecs = con.execute(f"""
        select count(*) filter (column_id = 0), sum(row_group_num_rows) filter (column_id = 0),
            max(row_group_num_rows), list(distinct compression)
        from parquet_metadata({path_literal(delivered.file.path)})
    """).fetchall()[0]
    return groups > 0 and largest <= most and rows >= fewest * (groups - 1) and set(codecs) <= _CODECS
