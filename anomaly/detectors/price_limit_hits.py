"""Price limit hits: closes at the daily limit, again and again.

Up and down hits within a few trading days belong to one episode: a price thrown from limit to limit is
one event.
"""

from __future__ import annotations

import polars as pl

from anomaly.detectors.base import Context, Detector
from anomaly.detectors.market_days import episode_finding, episodes, instruments
from anomaly.findings import Finding, Measure
from anomaly.scoring import exceedance

KIND = "price_limit_hits"


def find(context: Context) -> list[Finding]:
    """Episodes with enough closes at the limit."""
    limits = context.policy.thresholds(KIND)
    found = []
    for instrument, days in instruments(context, "is_limit_up", "is_limit_down", "limit_basis"):
        up, down = pl.col("is_limit_up").fill_null(False), pl.col("is_limit_down").fill_null(False)
        flagged = days.with_columns(up.alias("up"), down.alias("down")).filter(up | down)
        for part in episodes(flagged, limits["gap_days"]):
            if part.height < limits["min_hits"]:
                continue
            ups, downs = int(part["up"].sum()), int(part["down"].sum())
            found.append(
                episode_finding(
                    context,
                    KIND,
                    instrument,
                    part,
                    exceedance(part.height, limits["hits"]),
                    {
                        "hits": Measure(part.height, limits["min_hits"], "days"),
                        "limit_up": Measure(ups, None, "days"),
                        "limit_down": Measure(downs, None, "days"),
                    },
                    {"up": ups, "down": downs},
                )
            )
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_market_days",), find)
