"""Price limit hits: repeated closes at the daily limit.

Up and down hits within a few trading days belong to one episode: a price that goes from one limit to the
other is one event.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Thresholds
from anomaly.core.scoring import exceedance
from anomaly.detectors.market_risk._market_days import episode, episode_search, episodes, instruments


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    gap_days: float
    min_hits: float
    hits: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Episodes of closes at the limit; a single one is a candidate only."""
    limits = inputs.limits
    found = []
    for _, days in instruments(inputs):
        up, down = pl.col("is_limit_up").fill_null(False), pl.col("is_limit_down").fill_null(False)
        flagged = days.with_columns(up.alias("up"), down.alias("down")).filter(up | down)
        for part in episodes(flagged, limits.gap_days):
            ups, downs = int(part["up"].sum()), int(part["down"].sum())
            found.append(
                episode(
                    inputs,
                    part,
                    exceedance(part.height, limits.hits),
                    is_alert=part.height >= limits.min_hits,
                    hits=part.height,
                    limit_up=ups,
                    limit_down=downs,
                    up=ups,
                    down=downs,
                )
            )
    return frame_of(found)


SEARCH = episode_search(
    find,
    columns=("is_limit_up", "is_limit_down", "limit_basis"),
    measures={
        "hits": Figure("days", "min_hits"),
        "limit_up": Figure("days"),
        "limit_down": Figure("days"),
    },
    extra=("up", "down"),
)
DETECTOR = Detector("price_limit_hits", "1.1.0", Limits, (SEARCH,))
