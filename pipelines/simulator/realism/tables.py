"""Reading the tables of any source directory for measuring, whatever their layout and format."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.sql import path_literal

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".csv.gz": "read_csv"}


def connect(source: Path) -> duckdb.DuckDBPyConnection:
    """A connection with a view for every table of the contract; empty where the directory has none.

    Raises:
        FileNotFoundError: there is no such directory.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: expected a source directory, found none")
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    for name, table in TABLES.items():
        con.execute(f"create view {name} as {_selection(source, table)}")
    return con


def _selection(source: Path, table: Table) -> str:
    """The rows of all the table's files, with a null for every column of the contract that they lack."""
    columns = (f"cast(null as {column.duckdb_type}) as {column.name}" for column in table.columns)
    parts = [f"select {', '.join(columns)} where false"]
    for suffix, reader in _READERS.items():
        found = [*source.glob(f"{table.name}{suffix}"), *source.glob(f"{table.name}/**/*{suffix}")]
        names = ", ".join(
            path_literal(path) for path in sorted(found) if not path.name.startswith((".", "_"))
        )
        if names:
            parts.append(f"select * from {reader}([{names}], union_by_name = true)")
    return " union all by name ".join(parts)
