"""Warehouse tables as Parquet files, each written once for a build of its table and linked into snapshots.

Belongs here: which file shows which build. Does not belong here: building tables (`pipelines.warehouse`),
putting a snapshot together (`snapshots.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import polars as pl

from pipelines.core.files import link
from pipelines.core.settings import Settings
from pipelines.core.sql import literal, quoted
from pipelines.warehouse.state import read_state


def export_marts(settings: Settings, names: Iterable[str], target: Path) -> dict[str, int]:
    """Put warehouse tables into a folder as Parquet, each in a fixed row order; returns rows by table.

    A table that was not built since its last export is not read again.
    """
    folder = settings.home / "exports"
    folder.mkdir(exist_ok=True)
    files = {name: folder / f"{name}.{build}.parquet" for name, build in _builds(settings, names).items()}
    _write(settings, {name: path for name, path in files.items() if not path.is_file()})
    for name, path in files.items():
        link(path, target / f"{name}.parquet")
        for former in folder.glob(f"{name}.*.parquet"):
            if former != path:
                former.unlink()
    return {name: pl.scan_parquet(path).select(pl.len()).collect().item() for name, path in files.items()}


def _builds(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """The build that wrote each table last."""
    builds = {node.rpartition(".")[2]: build for node, build in read_state(settings).built.items()}
    return {name: builds[name] for name in names}


def _write(settings: Settings, files: Mapping[str, Path]) -> None:
    if not files:
        return
    with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config) as con:
        con.execute("set timezone = 'UTC'")
        for name, path in files.items():
            part = path.with_suffix(".part")
            con.execute(
                f"copy (select * from {quoted(name)} order by all) to {literal(str(part))} "
                "(format parquet, compression zstd)"
            )
            part.replace(path)
