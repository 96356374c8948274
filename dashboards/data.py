"""The published snapshot and its tables.

Belongs here: finding the current snapshot, opening its files, errors as text for the reader.
Does not belong here: what a view makes of the rows (`figures.py`, `alerts.py`, `evidence.py`),
the warehouse file, or anything that writes.

`published/current` is a symbolic link that a run switches at any moment. It is followed once a
rerun, so that a page is from one snapshot; snapshots themselves never change, which is why
everything read from one may be cached under its folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from pipelines.core.settings import Settings


class DeskError(Exception):
    """Published data that cannot be read: what was expected, what was found, and where."""

    def __init__(self, expectation: str, found: str, where: Path, **values: str) -> None:
        super().__init__(f"expected {expectation} {values or ''}, found {found}, in {where}")
        self.expectation, self.found, self.where, self.values = expectation, found, where, values


@dataclass(frozen=True)
class Snapshot:
    """One published snapshot; `stamp` distinguishes two publications under one name."""

    folder: Path
    stamp: int

    @property
    def id(self) -> str:
        """The snapshot's id, which is its folder's name."""
        return self.folder.name

    def __reduce__(self) -> tuple[type[Snapshot], tuple[Path, int]]:
        return Snapshot, (self.folder, self.stamp)


def key(snapshot: Snapshot) -> tuple[str, int]:
    """What a cached reader's result depends on."""
    return str(snapshot.folder), snapshot.stamp


def current(settings: Settings) -> Snapshot | None:
    """The snapshot that `published/current` points at now, or None before the first publication."""
    try:
        folder = settings.current.resolve(strict=True)
        stamp = (folder / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        if settings.current.is_symlink() or settings.current.exists():
            raise DeskError("empty.manifest_expected", "-", settings.current / "manifest.json") from None
        return None
    return Snapshot(folder, stamp)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DeskError("empty.manifest_expected", f"{type(error).__name__}: {error}", path) from error
    if not isinstance(content, dict):
        raise DeskError("empty.manifest_expected", type(content).__name__, path)
    return content


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={Snapshot: key})
def manifest(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot's manifest."""
    return _read_json(snapshot.folder / "manifest.json")


def market(snapshot: Snapshot) -> dict[str, str]:
    """The market's id, currency and time zone."""
    given = manifest(snapshot).get("market") or {}
    return {
        "id": str(given.get("id", "")),
        "currency": str(given.get("currency", "CNY")),
        "timezone": str(given.get("timezone", "UTC")),
        "name_zh": str(given.get("name_zh") or given.get("id", "")),
        "name_en": str(given.get("name_en") or given.get("id", "")),
    }


def refusal(settings: Settings) -> dict[str, Any] | None:
    """What the last run was refused for, or None when the last run succeeded."""
    return _read_json(settings.refusal) if settings.refusal.is_file() else None


def snapshots(settings: Settings) -> list[dict[str, Any]]:
    """The manifests of all snapshots kept, newest first; unreadable ones are left out."""
    found = []
    for path in settings.published.glob("[!.]*/manifest.json"):
        if path.parent.is_symlink():
            continue
        try:
            found.append(_read_json(path))
        except DeskError:
            continue
    return sorted(found, key=lambda one: str(one.get("created_at", "")), reverse=True)


def mart_path(snapshot: Snapshot, mart: str) -> Path | None:
    """Where a mart's rows are: one file, or a folder of files."""
    folder = snapshot.folder / "marts"
    return next((path for path in (folder / f"{mart}.parquet", folder / mart) if path.exists()), None)


def marts(snapshot: Snapshot) -> list[str]:
    """The names of all published marts, sorted."""
    return sorted({path.name.removesuffix(".parquet") for path in (snapshot.folder / "marts").glob("[!._]*")})


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs={Snapshot: key})
def schema(snapshot: Snapshot, mart: str) -> dict[str, pl.DataType]:
    """A mart's columns and types; empty where the snapshot has no such mart."""
    path = mart_path(snapshot, mart)
    if path is None:
        return {}
    try:
        return dict(_lazy(path).collect_schema())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DeskError("empty.file_expected", f"{type(error).__name__}: {error}", path, mart=mart) from error


def _lazy(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(str(path / "**" / "*.parquet") if path.is_dir() else path)


def scan(snapshot: Snapshot, mart: str, columns: tuple[str, ...]) -> pl.LazyFrame | None:
    """The named columns of a mart, unread; None where the snapshot has no such mart.

    Decimals become floats: the desk shows and draws figures and computes no balances.
    """
    found = schema(snapshot, mart)
    if not found:
        return None
    path = mart_path(snapshot, mart)
    missing = [name for name in columns if name not in found]
    if path is None or missing:
        raise DeskError(
            "empty.columns_expected",
            ", ".join(found),
            path or snapshot.folder,
            mart=mart,
            columns=", ".join(missing),
        )
    decimals = [name for name in columns if isinstance(found[name], pl.Decimal)]
    return _lazy(path).select(columns).with_columns(pl.col(decimals).cast(pl.Float64))


def collect(frame: pl.LazyFrame, snapshot: Snapshot, mart: str) -> pl.DataFrame:
    """The rows of a scan, with an unreadable file explained."""
    try:
        return frame.collect()
    except (OSError, pl.exceptions.ComputeError) as error:
        where = mart_path(snapshot, mart) or snapshot.folder
        raise DeskError(
            "empty.file_expected", f"{type(error).__name__}: {error}", where, mart=mart
        ) from error


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs={Snapshot: key})
def row_count(snapshot: Snapshot, mart: str) -> int:
    """How many rows a mart has; 0 where the snapshot has no such mart."""
    found = schema(snapshot, mart)
    if not found:
        return 0
    frame = scan(snapshot, mart, tuple(found)[:1])
    return 0 if frame is None else int(collect(frame.select(pl.len()), snapshot, mart).item())


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Snapshot: key})
def table(snapshot: Snapshot, mart: str, columns: tuple[str, ...], limit: int = 100_000) -> pl.DataFrame:
    """Up to `limit` rows of a small mart; empty where the snapshot has no such mart."""
    frame = scan(snapshot, mart, columns)
    return pl.DataFrame(schema=columns) if frame is None else collect(frame.head(limit), snapshot, mart)


def local_time(column: str, timezone: str) -> pl.Expr:
    """A naive UTC timestamp as the market's wall-clock time."""
    return (
        pl.col(column)
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(timezone)
        .dt.replace_time_zone(None)
        .alias(column)
    )
