"""Warehouse tables as Parquet, each written once for a build of its table and linked into snapshots.

A table is one file. A large one that grows by period is a folder with a file a period, whose name says its
content: a period that a build left as it was is not written again.
Belongs here: which file shows which build. Does not belong here: building tables (`pipelines.warehouse`),
putting a snapshot together (`snapshots.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import duckdb
import polars as pl

from pipelines.core.files import link
from pipelines.core.fingerprint import content_hash
from pipelines.core.settings import Settings
from pipelines.core.sql import literal, quoted
from pipelines.warehouse.state import read_state

ROWS_OF_ONE_FILE = 1_000_000
"""A growing table with more rows is exported by period, since sorting and writing all of it takes seconds."""


def mart_files(marts: Path) -> dict[str, list[Path]]:
    """The Parquet files of each mart in a folder of marts, by name."""
    files = {path.stem: [path] for path in marts.glob("*.parquet")}
    files |= {path.name: sorted(path.glob("*.parquet")) for path in marts.iterdir() if path.is_dir()}
    return dict(sorted(files.items()))


def row_count(files: list[Path]) -> int:
    """Rows of a mart."""
    count: int = pl.scan_parquet(files).select(pl.len()).collect().item()
    return count


def export_marts(
    settings: Settings, names: Iterable[str], target: Path, growing: Collection[str] = ()
) -> dict[str, int]:
    """Put warehouse tables into a folder as Parquet, each in a fixed row order; returns rows by table.

    A table that was not built since its last export is not read again. The tables of `growing` are exported
    by their column `period` where they are large.
    """
    folder = settings.home / "exports"
    folder.mkdir(exist_ok=True)
    exported = {name: folder / f"{name}.{build}" for name, build in _builds(settings, names).items()}
    missing = {
        name: path for name, path in exported.items() if not (_single(path).is_file() or path.is_dir())
    }
    if missing:
        with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config) as con:
            con.execute("set timezone = 'UTC'")
            for name, path in missing.items():
                _export(con, name, path, by_period=name in growing)
    for name, path in exported.items():
        _put(path, target / name)
        for former in folder.glob(f"{name}.*"):
            if former not in (path, _single(path)):
                _remove(former)
    files = mart_files(target)
    return {name: row_count(files[name]) for name in exported}


def _builds(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """The build that wrote each table last."""
    builds = {node.rpartition(".")[2]: build for node, build in read_state(settings).built.items()}
    return {name: builds[name] for name in names}


def _single(path: Path) -> Path:
    """The one file of a table of which `path` would be the folder."""
    return path.with_name(f"{path.name}.parquet")


def _export(con: duckdb.DuckDBPyConnection, name: str, path: Path, *, by_period: bool) -> None:
    periods = _periods(con, name) if by_period else {}
    if not periods:
        _copy(con, f"select * from {quoted(name)}", _single(path))
        return
    part = path.with_suffix(".part")
    _remove(part)
    part.mkdir()
    former = {file.name: file for file in path.parent.glob(f"{name}.*/*.parquet")}
    for period, content in periods.items():
        target = part / f"{period}-{content}.parquet"
        if target.name in former:
            link(former[target.name], target)
        else:
            _copy(con, f"select * from {quoted(name)} where period = {literal(period)}", target)
    part.rename(path)


def _periods(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """What identifies the content of each period of a large table; nothing where one file is to hold it."""
    rows, dated = con.execute(f"select count(*), count(period) from {quoted(name)}").fetchall()[0]
    if rows <= ROWS_OF_ONE_FILE or dated < rows:
        return {}
    columns = [list(row[:2]) for row in con.execute(f"describe {quoted(name)}").fetchall()]
    hashed = ", ".join(quoted(column) for column, _ in columns)
    found = con.execute(
        f"select period, count(*), cast(sum(cast(hash({hashed}) as hugeint)) as varchar) "
        f"from {quoted(name)} group by period order by period"
    ).fetchall()
    return {period: content_hash([columns, *content])[:16] for period, *content in found}


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    part = path.with_suffix(".part")
    con.execute(f"copy ({query} order by all) to {literal(str(part))} (format parquet, compression zstd)")
    part.replace(path)


def _put(path: Path, target: Path) -> None:
    """Link a table's file, or its folder of periods, into a snapshot."""
    if _single(path).is_file():
        link(_single(path), _single(target))
        return
    target.mkdir()
    for file in path.iterdir():
        link(file, target / file.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
