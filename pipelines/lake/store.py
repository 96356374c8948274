"""The lake as a whole: the DuckDB connection that works on its files, empty files, removal of unused ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contract.outputs.lake import FILE_ACCOUNTING, QUARANTINE
from pipelines.contract.outputs.readings import READER_QUARANTINE
from pipelines.contract.tables import TABLES
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.lake.accounting import delivered_files, excluded_rows
from pipelines.lake.parts import empty_file, kept_paths, part_columns
from pipelines.lake.readings import copied, published_files
from pipelines.lake.state import LakeState


def connect(memory_limit: str, threads: int, scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that works in UTC and spills into `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        config={"memory_limit": memory_limit, "threads": str(threads), "temp_directory": str(scratch)}
    )
    con.execute("set timezone = 'UTC'")
    # A file of many years is written period by period, each into one part.
    con.execute("set partitioned_write_max_open_files = 10000")
    return con


def _names(con: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    described = con.execute(
        f"describe select * from read_parquet({path_literal(path)}, hive_partitioning=false)"
    )
    return [row[0] for row in described.fetchall()]


def write_empty_files(con: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """Give every table of the contract its typed file without rows."""
    for table in TABLES.values():
        path = empty_file(lake, table)
        columns = part_columns(table)
        if path.is_file() and _names(con, path) == [name for name, _ in columns]:
            continue
        nulls = ", ".join(f"cast(null as {kind}) as {quoted(name)}" for name, kind in columns)
        path.parent.mkdir(parents=True, exist_ok=True)
        con.execute(f"copy (select {nulls} where false) to {literal(str(path))} (format parquet)")


def sweep(lake: Path, state: LakeState) -> None:
    """Remove files that no state names: leftovers of a run that was cut off, and replaced periods."""
    kept = {empty_file(lake, table) for table in TABLES.values()}
    excluded: set[Path] = set()
    for table, periods in state.tables.items():
        kept.update(kept_paths(lake, table, periods.values()))
        excluded.update(lake / "excluded" / table / (one.excluded_file or "") for one in periods.values())
    for in_force, found in (
        (kept, (lake / "kept").glob("*/*/*")),
        (excluded, (lake / "excluded").glob("*/*")),
    ):
        for path in found:
            if path not in in_force:
                path.unlink()
    for path in (lake / "profiles").glob("*"):
        if path.name not in state.profiles.values():
            path.unlink()
    for unfinished in (lake / "received").glob("*/*.part"):
        shutil.rmtree(unfinished)


_STAMP = "lake.sequence"


def _quarantine_id(reasons: str) -> str:
    parts = f"table_name || '|' || file || '|' || row_number || '|' || {reasons}"
    return f"'Q-' || left(sha256({parts}), 16) as quarantine_id"


def hand_over(con: duckdb.DuckDBPyConnection, lake: Path, accounting: pl.DataFrame, state: LakeState) -> None:
    """Give dbt the accounting by table and by file, and every quarantined row."""
    folder = lake / "handover"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STAMP).unlink(missing_ok=True)
    accounting.write_parquet(folder / "row_accounting.parquet")
    excluded = excluded_rows(lake, state)
    files = FILE_ACCOUNTING.frame([*published_files(con, lake), *delivered_files(con, excluded, state)])
    files.sort(*FILE_ACCOUNTING.table.key).write_parquet(folder / "file_accounting.parquet")
    columns = QUARANTINE.table.columns
    nothing = ", ".join(f"cast(null as {column.duckdb_type}) as {column.name}" for column in columns)
    queries = [f"select {nothing} where false"]
    names = ", ".join(QUARANTINE.table.names)
    if excluded:
        queries.append(f"""
            select {names} from (
                select *, {_quarantine_id("coalesce(all_reasons, '')")} from {excluded}
                where fate = 'quarantined'
            )
        """)
    if (reader := copied(lake, READER_QUARANTINE)).is_file():
        read = f"read_parquet({path_literal(reader)})"
        queries.append(
            f"select {names} from (select *, 'unknown' as period, cast(null as varchar) as ids_json, "
            f"{_quarantine_id('reason')} from {read})"
        )
    query = f"select * from ({' union all '.join(queries)}) order by table_name, file, row_number"
    con.execute(f"copy ({query}) to {literal(str(folder / 'quarantine.parquet'))} (format parquet)")
    (folder / _STAMP).write_text(str(state.sequence), encoding="utf-8")


def is_handed_over(lake: Path, state: LakeState) -> bool:
    """Whether the handover files belong to this state; an interrupted run may leave older ones."""
    stamp = lake / "handover" / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == str(state.sequence)
