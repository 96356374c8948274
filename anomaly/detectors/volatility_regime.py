"""Volatility regime: realised volatility far above the instrument's own history.

The short window is compared with the median of the same figure over the year before it, so calm and lively
instruments have each their own measure. Days without a trade carry the close and give a return of zero;
a floor keeps a quiet history from turning the first ordinary week into an alarm.
"""

from __future__ import annotations

import math

import polars as pl

from anomaly.detectors.base import Context, Detector
from anomaly.detectors.market_days import episode_finding, episodes, instruments
from anomaly.findings import Finding, Measure
from anomaly.scoring import exceedance

KIND = "volatility_regime"


def find(context: Context) -> list[Finding]:
    """One finding an episode and instrument."""
    limits = context.policy.thresholds(KIND)
    short, history = int(limits["short_days"]), int(limits["history_days"])
    year = math.sqrt(limits["days_per_year"])
    found = []
    for instrument, days in instruments(context, "log_return"):
        # A rolling mean may end a hair below zero after a run of carried closes.
        squares = (pl.col("log_return") ** 2).rolling_mean(short, min_samples=short).clip(0.0)
        vol = year * squares.sqrt()
        usual = (
            pl.col("vol").shift(short).rolling_median(history, min_samples=int(limits["min_history_days"]))
        )
        rated = (
            days.filter(pl.col("log_return").is_not_null())
            .with_columns(vol.alias("vol"))
            .with_columns(
                pl.max_horizontal(usual, pl.lit(limits["floor"])).alias("floored"), usual.alias("usual")
            )
            .with_columns((pl.col("vol") / pl.col("floored")).alias("ratio"))
        )
        flagged = rated.filter(pl.col("usual").is_not_null() & (pl.col("ratio") >= limits["ratio"]))
        for part in episodes(flagged, limits["gap_days"]):
            peak = part.sort("ratio", "day").row(-1, named=True)
            found.append(
                episode_finding(
                    context,
                    KIND,
                    instrument,
                    part,
                    exceedance(peak["ratio"], limits["ratio"]),
                    {
                        "volatility": Measure(peak["vol"], limits["ratio"] * peak["floored"], "per year"),
                        "usual_volatility": Measure(peak["usual"], None, "per year"),
                        "ratio": Measure(peak["ratio"], limits["ratio"], "times"),
                    },
                    {"volatility": peak["vol"], "ratio": peak["ratio"]},
                )
            )
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_market_days",), find)
