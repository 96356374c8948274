"""Read-only SQL over the published marts: no other file, no network, no writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.core.errors import UsageError
from pipelines.core.settings import Settings
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.publication.exports import mart_files


def current_marts(settings: Settings) -> Path:
    """Folder with the marts of the current snapshot.

    Raises:
        UsageError: nothing has been published yet.
    """
    folder = settings.current.resolve() / "marts"
    if not folder.is_dir():
        raise UsageError(
            f"{settings.published}: expected a publication, found none. "
            "Run `carbonwarden demo`, or `carbonwarden run --source DIR`; check --home."
        )
    return folder


def _connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection that sees the marts as views and nothing else."""
    marts = mart_files(current_marts(settings))
    con = duckdb.connect(config={**settings.duckdb_config, "temp_directory": ""})
    con.execute("set timezone = 'UTC'")
    allowed = ", ".join(literal(str(path)) for paths in marts.values() for path in paths)
    for name, paths in marts.items():
        source = f"read_parquet([{', '.join(map(path_literal, paths))}], hive_partitioning=false)"
        con.execute(f"create view {quoted(name)} as select * from {source}")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    con.execute(f"set allowed_paths = [{allowed}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def query(settings: Settings, text: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of one SELECT over the marts of the current snapshot.

    Raises:
        UsageError: nothing is published, or the text is not one statement that only reads.
    """
    with _connect(settings) as con:
        try:
            statements = con.extract_statements(text)
            if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
                kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
                raise UsageError(f"expected one SELECT, found {kinds}; the published marts are read-only")
            result = con.execute(statements[0])
            return [column[0] for column in result.description], result.fetchall()
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise UsageError(
                f"sql: expected a SELECT over the published marts, found {said} "
                '`carbonwarden sql "show tables"` lists the marts, `describe NAME` their columns.'
            ) from error
