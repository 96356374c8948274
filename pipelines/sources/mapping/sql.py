"""SQL in the database of a reading: a mapping's own, whose faults name its entry, and counts."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.core.errors import SourceError


class MappingError(SourceError):
    """An entry of a mapping is wrong; the message begins with the entry, and its reader adds the file."""


def execute(con: duckdb.DuckDBPyConnection, query: str, entry: str) -> duckdb.DuckDBPyConnection:
    """Execute SQL that a mapping states in `entry`.

    Raises:
        MappingError: DuckDB cannot execute it.
    """
    try:
        return con.execute(query)
    except duckdb.Error as error:
        raise MappingError(
            f"{entry}: expected SQL that DuckDB can execute, found {str(error).splitlines()[0]}. "
            "Correct the expression."
        ) from error


def count(con: duckdb.DuckDBPyConnection, relation: str, parameters: Sequence[str] = ()) -> int:
    """Rows of a relation, which may carry a `where`."""
    found = con.execute(f"select count(*) from {relation}", list(parameters)).fetchone()
    return int(found[0]) if found else 0
