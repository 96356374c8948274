"""Candidates out of closed stretches: those of the same accounts that follow each other are one.

Belongs here: scores and figures of such candidates. Does not belong here: the search (`closed_sets`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.helpers import runs
from anomaly.core.movements import time_order
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.manipulation.wash_trade.closed_sets import Closed, closed_stretches
from anomaly.detectors.manipulation.wash_trade.limits import Limits


def closed_set_rows(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Closed sets among trades between parties, one instrument after the other."""
    limits, trades = inputs.limits, inputs.scan("fct_trades")
    own = pl.col("buy_account_id") == pl.col("sell_account_id")
    # A trade whose source names one side alone is between nobody.
    named = trades.drop_nulls(["buy_account_id", "sell_account_id", "quantity_tco2e"])
    between = named.filter(~(own | pl.col("is_same_party").fill_null(False))).select(
        "trade_id", "traded_at", "instrument_id", "quantity_tco2e", "buy_account_id", "sell_account_id"
    )
    found = []
    for (instrument,), part in sorted(between.collect().group_by("instrument_id")):
        rows = part[time_order(part["traded_at"], part["trade_id"])]
        stretches: dict[tuple[str, ...], list[Closed]] = {}
        for closed in closed_stretches(rows, limits, inputs.once):
            stretches.setdefault(closed.accounts, []).append(closed)
        for accounts in sorted(stretches):
            found += _grouped(limits, str(instrument), rows, stretches[accounts])
    return frame_of(found)


def _grouped(
    limits: Limits, instrument: str, rows: pl.DataFrame, closed: list[Closed]
) -> list[dict[str, Any]]:
    """One candidate for each run of closed stretches of the same accounts."""
    closed = sorted(closed, key=lambda stretch: stretch.start)
    found = []
    for first, last in runs([stretch.start for stretch in closed], timedelta(days=limits.max_gap_days)):
        part = closed[first : last + 1]
        trades = rows[sorted(row for stretch in part for row in stretch.rows)]
        p_value = min(stretch.p_value for stretch in part)
        score = either(
            exceedance(trades.height, limits.closed_trades, limits.closed_cap),
            exceedance(-float(np.log10(max(p_value, 1e-300))), limits.surprise, limits.closed_cap),
        )
        internal = _internal_share(rows, part[0].accounts, trades)
        found.append(
            {
                "accounts": list(part[0].accounts),
                "instrument": instrument,
                "first_at": part[0].start,
                "last_at": max(stretch.end for stretch in part),
                "score": score,
                "is_alert": score >= limits.min_score and internal >= limits.min_internal,
                "p_value": p_value,
                "trades": trades.height,
                "stretches": len(part),
                "meetings_by_chance": sum(stretch.expected for stretch in part),
                "quantity": float(trades["quantity_tco2e"].sum()),
                "internal_share": internal,
                "chance": p_value,
                "net_share": max(stretch.net_share for stretch in part),
                "trade_id": trades["trade_id"].to_list(),
            }
        )
    return found


def _internal_share(rows: pl.DataFrame, accounts: tuple[str, ...], trades: pl.DataFrame) -> float:
    """Of all that the accounts traded in the time of these trades, the share that these trades are."""
    moments = rows["traded_at"]
    start = moments.search_sorted(trades["traded_at"][0], "left")
    end = moments.search_sorted(trades["traded_at"][-1], "right")
    theirs = rows.slice(start, end - start).filter(
        pl.col("sell_account_id").is_in(accounts) | pl.col("buy_account_id").is_in(accounts)
    )
    return float(trades["quantity_tco2e"].sum()) / float(theirs["quantity_tco2e"].sum())
