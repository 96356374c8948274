"""Wash trade: one party on both sides, or a closed set of accounts that ends where it began.

The first form is read off the record and tested against chance (`one_party`). The second (`closed_sets`)
needs no declared relation: a set that meets more often than its members' activity explains, and whose
trades cancel more closely than trades in random directions would. Trades that only run round a ring are
`circular_trade`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search
from anomaly.core.helpers import runs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.manipulation.wash_trade.closed_sets import Closed, closed_stretches
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.one_party import one_party_rows


def _one_party(inputs: Inputs[Limits]) -> pl.DataFrame:
    return frame_of(one_party_rows(inputs.scan("fct_trades"), inputs.limits))


def _closed_sets(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Closed sets among trades between parties, one instrument after the other."""
    limits, trades = inputs.limits, inputs.scan("fct_trades")
    own = pl.col("buy_account_id") == pl.col("sell_account_id")
    between = trades.filter(~(own | pl.col("is_same_party").fill_null(False)).fill_null(False)).select(
        "trade_id", "traded_at", "instrument_id", "quantity_tco2e", "buy_account_id", "sell_account_id"
    )
    found = []
    everything = between.collect().sort("instrument_id", "traded_at", "trade_id")
    for (instrument,), rows in everything.group_by("instrument_id", maintain_order=True):
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


NEED = Need(
    "fct_trades",
    (
        "trade_id", "traded_at", "instrument_id", "mode", "quantity_tco2e", "buy_account_id",
        "sell_account_id", "buy_party_id", "sell_party_id", "is_same_party",
    ),
    source="trades",
    period="traded_at",
    subject="buy_account_id",
    filled=("traded_at", "instrument_id", "mode", "quantity_tco2e", "buy_account_id", "sell_account_id"),
)  # fmt: skip
ONE_PARTY = Search(
    name="one_party",
    subject_type="account",
    subjects=("accounts", "party"),
    needs=(NEED,),
    evidence=(Rows("trades", ("trade_id",)),),
    measures={
        "trades": Figure("trades", "trades"),
        "same_account_trades": Figure("trades", 0),
        "meetings_by_chance": Figure("trades"),
        "quantity": Figure("tCO2e"),
        "returned": Figure("fraction", "min_returned"),
    },
    extra=("instrument",),
    find=_one_party,
)
CLOSED_SET = Search(
    name="closed_set",
    subject_type="account",
    subjects=("accounts",),
    needs=(NEED,),
    evidence=(Rows("trades", ("trade_id",)),),
    measures={
        "trades": Figure("trades", "closed_trades"),
        "stretches": Figure("stretches"),
        "meetings_by_chance": Figure("trades"),
        "quantity": Figure("tCO2e"),
        "internal_share": Figure("fraction", "min_internal"),
        "chance": Figure("p", "max_p"),
        "net_share": Figure("fraction", "margin"),
    },
    extra=("instrument",),
    find=_closed_sets,
)
DETECTOR = Detector("wash_trade", "3.0.0", Limits, (ONE_PARTY, CLOSED_SET))
