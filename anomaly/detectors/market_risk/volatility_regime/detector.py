"""Volatility regime: volatility far above its own history, of one instrument or of the whole market.

Three conditions make a period of two weeks a regime. Its volatility exceeds the instrument's own median of
the year before by a ratio. It does so relative to the other instruments on the same days: what moves all of
them is one event of the market and is reported once, as such. And without its largest day it is still above
nearly all such periods of that year: one day's news is not a regime, and an erratic instrument has a wide
range of its own. Days without a trade carry the close and give a return of zero; a floor keeps a quiet
history from making any ordinary week an alarm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs
from anomaly.core.scoring import exceedance
from anomaly.detectors.market_risk._market_days import episode, episode_search, episodes
from anomaly.detectors.market_risk.volatility_regime.limits import Limits
from anomaly.detectors.market_risk.volatility_regime.rated import rated_days


def _instruments(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Episodes in which one instrument stands out from its own history and from the market."""
    limits, rated = inputs.limits, rated_days(inputs)
    rated = rated.with_columns(
        relative=pl.col("ratio") / pl.max_horizontal(pl.col("others").fill_null(1.0), pl.lit(1.0))
    )
    clear = (pl.col("relative") >= limits.ratio) & (pl.col("steady") >= limits.steady_ratio)
    found = []
    for _, days in rated.group_by("instrument_id", maintain_order=True):
        for part in episodes(days.filter(pl.col("relative") >= limits.candidate_ratio), limits.gap_days):
            alert = part.filter(clear)
            found.append(_episode(inputs, days, alert if alert.height else part, bool(alert.height)))
    return frame_of(found)


def _market(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Episodes in which the median instrument stands out from its history."""
    limits, rated = inputs.limits, rated_days(inputs)
    middle = [pl.median(name) for name in ("ratio", "steady", "vol", "usual")]
    by_day = rated.group_by("date").agg(pl.min("since"), *middle, instruments=pl.len()).sort("date")
    flagged = by_day.with_row_index("day").filter(
        (pl.col("instruments") >= limits.min_instruments)
        & (pl.col("ratio") >= limits.ratio)
        & (pl.col("steady") >= limits.steady_ratio)
    )
    parts = episodes(flagged.with_columns(relative="ratio"), limits.gap_days)
    return frame_of(_episode(inputs, rated, part, is_alert=True) for part in parts)


def _episode(
    inputs: Inputs[Limits], rated: pl.DataFrame, flagged: pl.DataFrame, is_alert: bool
) -> dict[str, Any]:
    """The candidate of an episode: from the first day that counts to the last flagged one."""
    peak = flagged.sort("relative", "date").row(-1, named=True)
    days = rated.filter(pl.col("date").is_between(flagged["since"].min(), flagged["date"].max()))
    return episode(
        inputs,
        days,
        exceedance(peak["relative"], inputs.limits.ratio),
        is_alert=is_alert,
        volatility=peak["vol"],
        usual_volatility=peak["usual"],
        ratio=peak["ratio"],
        relative=peak["relative"],
        steady=peak["steady"],
    )


MEASURES = {
    "volatility": Figure("per year"),
    "usual_volatility": Figure("per year"),
    "ratio": Figure("times", "ratio"),
    "relative": Figure("times", "ratio"),
    "steady": Figure("times", "steady_ratio"),
}
INSTRUMENTS = episode_search(_instruments, ("log_return",), MEASURES)
MARKET = replace(
    INSTRUMENTS, name="market", subject_type="market", subjects=("market_id", "instrument"), find=_market
)
DETECTOR = Detector("volatility_regime", "2.0.0", Limits, (INSTRUMENTS, MARKET))
