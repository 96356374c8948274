"""Writes a source directory: small tables as one file, growing ones as a folder with a file a month.

Frames are cut to the contract's columns and cast to its types here, so no other column can be published. A
column `tag` is taken off before: its rows' keys are remembered for the labels.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contract.tables import TABLES

FORMATS = ("parquet", "csv")
BY_MONTH = ("orders", "trades", "transfers", "cems_hourly", "meters_daily")
_ISO = "%Y-%m-%dT%H:%M:%S%.6f%:z"


@dataclass
class Sink:
    """One source directory that is being written; `rows` counts by table, `affected` by case and table."""

    out: Path
    format: str
    rows: Counter[str] = field(default_factory=Counter)
    affected: dict[int, dict[str, list[list[str | int]]]] = field(default_factory=dict)
    moments: dict[int, tuple[int, int]] = field(default_factory=dict)

    def write(self, name: str, frame: pl.DataFrame, month: str | None = None) -> None:
        """Write a table, or its rows of one month (`2025-03`) if it is one of `BY_MONTH`.

        Raises:
            ValueError: the frame lacks a column of the contract, or the month does not fit the table.
        """
        if (month is None) == (name in BY_MONTH):
            raise ValueError(
                f"table {name}: month is {month}, expected one exactly for {', '.join(BY_MONTH)}"
            )
        if "tag" in frame.columns:
            self.remember(name, frame.filter(pl.col("tag") > 0))
        in_source = {own: given for given, own in TABLES[name].renamed.items()}
        frame = shaped(name, frame).rename(in_source)
        path = self.out / (f"{name}.{self.format}" if month is None else f"{name}/{month}.{self.format}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.format == "parquet":
            frame.write_parquet(path, compression="zstd", compression_level=3)
        else:
            frame.write_csv(path, datetime_format=_ISO)
        self.rows[name] += frame.height

    def remember(self, name: str, frame: pl.DataFrame) -> None:
        """Note the keys of rows (with a column `tag`) that belong to cases, and when they happened."""
        key = list(TABLES[name].key)
        for row in frame.iter_rows(named=True):
            tag = row["tag"]
            values = [_plain(row[part]) for part in key]
            self.affected.setdefault(tag, {}).setdefault(name, []).append(values)
        if "ts" in frame.columns and name != "cems_hourly":
            spans = frame.group_by("tag").agg(
                pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")
            )
            for tag, first, last in spans.with_columns(pl.col("first", "last").to_physical()).rows():
                before = self.moments.get(tag, (first, last))
                self.moments[tag] = min(first, before[0]), max(last, before[1])


def _plain(value: int | str | date) -> int | str:
    return value.isoformat() if isinstance(value, date) else value


def labels_path(out: Path) -> Path:
    """Where the labels of a source directory are: beside it, never in it."""
    return out.with_name(f"{out.name}.labels.parquet")


def lookalikes_path(out: Path) -> Path:
    """Where the look-alikes of a source directory are."""
    return out.with_name(f"{out.name}.lookalikes.parquet")


def shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the contract's columns, types and row order: by time where rows have one, then by key.

    Raises:
        ValueError: the frame lacks a column of the contract.
    """
    table = TABLES[name]
    missing = sorted(set(table.names) - set(frame.columns))
    if missing:
        raise ValueError(f"table {name}: expected the columns of the contract, found no {', '.join(missing)}")
    schema = table.polars_schema
    frame = frame.select(pl.col(column).cast(schema[column]) for column in table.names)
    order = ["ts"] if "ts" in table.names else []
    return frame.sort([*order, *(key for key in table.key if key not in order)])
