"""Liquidity drought: trading activity far below the instrument's own history.

Allowance markets trade before the surrender deadline and little after it (79 % of China's 2024 volume fell in
its last quarter). Volume is therefore compared with two figures and must be far below both: the volume at the
same distance from the deadline in earlier years, and the low tail of the instrument's own recent months.
Without a year before, only the second is known.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Thresholds
from anomaly.core.scoring import exceedance
from anomaly.core.stakes import Stake
from anomaly.detectors.market_risk._market_days import episode, episode_search, episodes, instruments


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    window_days: int
    history_days: int
    min_history_days: int
    low_tail: float
    season_days: int
    ratio: float
    gap_days: float
    min_days: float
    cap: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One candidate an episode and instrument; one that does not last is a candidate only."""
    limits = inputs.limits
    found = []
    for _, days in instruments(inputs):
        rated = _rated(inputs, days, limits)
        flagged = rated.filter(pl.col("ratio") <= limits.ratio)
        for part in episodes(flagged, limits.gap_days):
            worst = part.sort(["ratio", "day"], descending=[True, False]).row(-1, named=True)
            # A window without a single trade would be infinitely far below; one percent is far enough.
            depth = 1.0 / max(worst["ratio"], 0.01)
            found.append(
                episode(
                    inputs,
                    part,
                    exceedance(depth, 1.0 / limits.ratio, limits.cap),
                    is_alert=part.height >= limits.min_days,
                    volume=worst["volume"],
                    volume_limit=limits.ratio * worst["usual"],
                    usual_volume=worst["usual"],
                    untraded=worst["usual"] - worst["volume"],
                    ratio=worst["ratio"],
                )
            )
    return frame_of(found)


def _rated(inputs: Inputs[Limits], days: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Volume of the last trading days against the lower of its two histories.

    A day of which no volume is stated is none of them: a blank is no zero.
    """
    window, history = limits.window_days, limits.history_days
    stated = pl.any_horizontal(pl.col("listed_volume_tco2e", "block_volume_tco2e").is_not_null())
    # A volume that cannot be is blank in the mart, and was stated.
    days = days.filter(stated | ~pl.col("is_volume_usable").fill_null(True)).drop("day").with_row_index("day")
    total = pl.col("listed_volume_tco2e").fill_null(0) + pl.col("block_volume_tco2e").fill_null(0)
    low_tail = (
        pl.col("volume")
        .shift(window)
        .rolling_quantile(limits.low_tail, "linear", window_size=history, min_samples=limits.min_history_days)
    )
    # How much was traded on a day with an impossible volume is unknown, and so are the sums that contain it.
    known = pl.when(pl.col("is_volume_usable").fill_null(True)).then(total.cast(pl.Float64))
    rated = days.with_columns(known.rolling_sum(window, min_samples=window).alias("volume")).with_columns(
        low_tail.alias("recent")
    )
    newest = days["date"].max()
    deadline = inputs.surrender_due(newest.year - 1) if isinstance(newest, date) else None
    # Without a deadline of the market the season is that of the calendar year.
    month = deadline.month if deadline else 12
    season_day = (
        pl.date(pl.col("date").dt.year(), month, 1).dt.month_end() - pl.col("date")
    ).dt.total_days() % 365
    rated = rated.with_columns(season_day.alias("to_deadline")).join(
        _seasonal(rated.with_columns(season_day.alias("to_deadline")), limits), on="day", how="left"
    )
    return rated.with_columns(pl.min_horizontal("recent", "seasonal").alias("usual")).with_columns(
        pl.when(pl.col("recent").is_not_null() & (pl.col("usual") > 0))
        .then(pl.col("volume") / pl.col("usual"))
        .alias("ratio")
    )


def _seasonal(rated: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Median volume at about the same distance from the deadline in earlier years, by day."""
    width = limits.season_days
    number = rated["date"].to_physical().to_numpy()
    season = rated["to_deadline"].to_numpy()
    volume = rated["volume"].fill_null(np.nan).to_numpy()
    seasonal = np.full(rated.height, np.nan)
    for day in range(rated.height):
        # Days are in order: what came at least about a year before is a prefix.
        until = np.searchsorted(number, number[day] - (365 - 2 * width))
        apart = np.abs(season[:until] - season[day])
        near = volume[:until][(np.minimum(apart, 365 - apart) <= width) & ~np.isnan(volume[:until])]
        if near.size:
            seasonal[day] = np.median(near)
    return rated.select("day").with_columns(pl.Series("seasonal", seasonal).fill_nan(None))


SEARCH = episode_search(
    find,
    columns=("listed_volume_tco2e", "block_volume_tco2e", "is_volume_usable"),
    measures={
        "volume": Figure("tCO2e", "volume_limit", less_is_worse=True),
        "usual_volume": Figure("tCO2e"),
        "ratio": Figure("of usual", "ratio", less_is_worse=True),
        "days": Figure("trading days", "min_days"),
    },
    extra=("volume_limit",),
    stake=Stake("untraded", "untraded", is_exposure=True),
)
DETECTOR = Detector("liquidity_drought", "1.4.0", Limits, (SEARCH,))
