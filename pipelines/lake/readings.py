"""Rows that a reader of a published format quarantined, which the lake adds to its own accounting.

The reader writes them into a file beside its tables (`pipelines.sources.writer`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.contract.outputs.readings import READER_QUARANTINE, READER_QUARANTINE_FILE
from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest
from pipelines.core.sql import path_literal


def reader_quarantine(source: Path) -> Path | None:
    """The reader's file in a source directory; None where no reader quarantined anything or none ran."""
    path = source / READER_QUARANTINE_FILE
    return path if path.is_file() else None


def digest(path: Path | None) -> str:
    """Hash of the reader's file, or an empty text without one."""
    return file_digest(path) if path else ""


def take_over(con: duckdb.DuckDBPyConnection, path: Path | None, target: Path) -> dict[str, int]:
    """Copy the reader's file to `target` and count its rows by contract table.

    Raises:
        SourceError: it is no file that a reader wrote.
    """
    target.unlink(missing_ok=True)
    if path is None:
        return {}
    table = READER_QUARANTINE
    columns = ", ".join(f"cast({column.name} as {column.duckdb_type})" for column in table.columns)
    allowed = {name: table.column(name).enum for name in ("table_name", "reason")}
    try:
        rows = con.execute(
            f"select {columns} from read_parquet({path_literal(path)}, hive_partitioning=false)"
        ).fetchall()
    except duckdb.Error as error:
        raise SourceError(
            f"{path}: expected the rows that a reader quarantined ({', '.join(table.names)}), found a file "
            f"that cannot be read as such ({str(error).splitlines()[0]}). Read the published files again."
        ) from error
    for name, values in allowed.items():
        strange = {str(row[table.names.index(name)]) for row in rows} - set(values)
        if strange:
            raise SourceError(
                f"{path}: expected {name} to be one of {', '.join(values)}; "
                f"found {', '.join(sorted(strange))}. Read the published files again."
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(path.read_bytes())
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
    return counts
