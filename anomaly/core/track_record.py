"""How often alerts of a kind and level were right on simulated markets.

The file beside this module is written by `make detectors`, which measures the detectors on markets with
known cases: one row a market, kind and level. Such markets are tidier than real ones, so the shares are no
forecast.
Belongs here: reading it. Does not belong here: measuring (`anomaly.evaluation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

FILE = Path(__file__).with_name("track_record.csv")
SCHEMA = {
    "scale": pl.String,
    "seed": pl.Int64,
    "kind": pl.String,
    "level": pl.String,
    "alerts": pl.Int64,
    "right": pl.Int64,
}


@dataclass(frozen=True)
class Record:
    """Alerts of a kind and level on the simulated markets, and how many of them found a planted case."""

    alerts: int
    right: int


@cache
def records(file: Path = FILE) -> dict[tuple[str, str], Record]:
    """Records by kind and level, over all markets."""
    rows = pl.read_csv(file, schema=SCHEMA).group_by("kind", "level").agg(pl.col("alerts", "right").sum())
    return {(kind, level): Record(alerts, right) for kind, level, alerts, right in rows.iter_rows()}
