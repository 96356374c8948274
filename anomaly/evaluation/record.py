"""The track record of the detectors: right alerts by kind and level of measured markets.

Belongs here: counting. Does not belong here: reading the file for screens (`anomaly.core.track_record`).
"""

from __future__ import annotations

import polars as pl

from anomaly.core.track_record import SCHEMA


def track_record(scale: str, seed: int, alerts: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """One row a kind and level of a market's alerts: how many, and how many found a case of their kind.

    Args:
        scale: name of the market's size.
        seed: the market's seed.
        alerts: one row an alert with `alert_id`, `kind` and `level`.
        matches: one row an alert and case that it finds.
    """
    right = pl.col("alert_id").is_in(matches["alert_id"].unique().implode())
    return (
        alerts.group_by("kind", "level")
        .agg(pl.len().cast(pl.Int64).alias("alerts"), right.sum().cast(pl.Int64).alias("right"))
        .with_columns(scale=pl.lit(scale), seed=pl.lit(seed, pl.Int64))
        .select(SCHEMA.keys())
        .sort("kind", "level")
    )
