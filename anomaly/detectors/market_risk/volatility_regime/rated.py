"""Days of an instrument beside its own history and beside the other instruments.

Belongs here: the figures of a day. Does not belong here: episodes (`detector`).
"""

from __future__ import annotations

import math

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.detectors.market_risk._market_days import MART
from anomaly.detectors.market_risk.volatility_regime.limits import Limits

INSTRUMENT = ["instrument_id"]


def rated_days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Days with a known usual volatility: `since`, `vol`, `usual`, `ratio`, `steady`, `others`.

    `since` is the first day that counts in the day's figures; `ratio` compares with the median of the year
    before; `steady` is volatility without the largest day over the upper quantile of the same figure in that
    year; `others` is the median ratio of the other instruments.
    """
    limits = inputs.limits
    days = inputs.read(MART).filter(pl.col("log_return").is_not_null()).sort("instrument_id", "date")
    short, year = limits.short_days, math.sqrt(limits.days_per_year)
    squares = pl.col("log_return") ** 2
    total = squares.rolling_sum(short, min_samples=short).over(INSTRUMENT)
    largest = squares.rolling_max(short, min_samples=short).over(INSTRUMENT)
    history, least = limits.history_days, limits.min_history_days
    rated = days.with_columns(
        # A rolling sum may end slightly below zero after a run of carried closes.
        vol=year * (total / short).clip(0.0).sqrt(),
        calm=year * ((total - largest) / (short - 1)).clip(0.0).sqrt(),
        day=pl.int_range(pl.len()).over(INSTRUMENT),
        since=pl.col("date").shift(short - 1).over(INSTRUMENT),
    ).with_columns(
        usual=pl.col("vol").shift(short).rolling_median(history, min_samples=least).over(INSTRUMENT),
        wide=pl.col("calm")
        .shift(short)
        .rolling_quantile(limits.steady_quantile, "linear", window_size=history, min_samples=least)
        .over(INSTRUMENT),
    )
    rated = rated.filter(pl.col("usual").is_not_null()).with_columns(
        ratio=pl.col("vol") / pl.max_horizontal("usual", pl.lit(limits.floor)),
        steady=pl.col("calm") / pl.max_horizontal("wide", pl.lit(limits.floor)),
    )
    pairs = rated.select("date", "instrument_id").join(
        rated.select("date", "ratio", other="instrument_id"), on="date"
    )
    others = pairs.filter(pl.col("instrument_id") != pl.col("other"))
    medians = others.group_by("date", "instrument_id").agg(others=pl.median("ratio"))
    return rated.join(medians, on=["date", "instrument_id"], how="left", maintain_order="left")
