"""Volatility regime: realised volatility far above the instrument's own history.

The short window is compared with the median of the same figure over the year before it, so calm and lively
instruments have each their own measure. Days without a trade carry the close and give a return of zero;
a floor keeps a quiet history from turning the first ordinary week into an alarm.
"""

from __future__ import annotations

import math

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Thresholds
from anomaly.core.scoring import exceedance
from anomaly.detectors.market_risk._market_days import episode, episode_search, episodes, instruments

KIND = "volatility_regime"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    short_days: int
    history_days: int
    min_history_days: int
    days_per_year: float
    floor: float
    ratio: float
    gap_days: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One finding an episode and instrument."""
    limits = inputs.limits
    short, history = limits.short_days, limits.history_days
    year = math.sqrt(limits.days_per_year)
    found = []
    for _, days in instruments(inputs):
        # A rolling mean may end a hair below zero after a run of carried closes.
        squares = (pl.col("log_return") ** 2).rolling_mean(short, min_samples=short).clip(0.0)
        vol = year * squares.sqrt()
        usual = pl.col("vol").shift(short).rolling_median(history, min_samples=limits.min_history_days)
        rated = (
            days.filter(pl.col("log_return").is_not_null())
            .with_columns(vol.alias("vol"))
            .with_columns(
                pl.max_horizontal(usual, pl.lit(limits.floor)).alias("floored"), usual.alias("usual")
            )
            .with_columns((pl.col("vol") / pl.col("floored")).alias("ratio"))
        )
        flagged = rated.filter(pl.col("usual").is_not_null() & (pl.col("ratio") >= limits.ratio))
        for part in episodes(flagged, limits.gap_days):
            peak = part.sort("ratio", "day").row(-1, named=True)
            found.append(
                episode(
                    inputs,
                    part,
                    exceedance(peak["ratio"], limits.ratio),
                    volatility=peak["vol"],
                    volatility_limit=limits.ratio * peak["floored"],
                    usual_volatility=peak["usual"],
                    ratio=peak["ratio"],
                )
            )
    return frame_of(found)


SEARCH = episode_search(
    find,
    columns=("log_return",),
    measures={
        "volatility": Figure("per year", "volatility_limit"),
        "usual_volatility": Figure("per year"),
        "ratio": Figure("times", "ratio"),
    },
    extra=("volatility_limit",),
)
DETECTOR = Detector(KIND, "1.0.0", Limits, (SEARCH,))
