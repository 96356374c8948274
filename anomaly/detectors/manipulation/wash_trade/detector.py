"""Wash trade: one party on both sides, or a closed set of accounts that ends where it began.

The first form is read off the record and tested against chance (`one_party`). The second (`closed_sets`)
needs no declared relation: a set that meets more often than its members' activity explains, and whose
trades cancel more closely than trades in random directions would. Trades that only run round a ring are
`circular_trade`.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search
from anomaly.core.stakes import Stake, Sum
from anomaly.detectors.manipulation.wash_trade.closed_rows import closed_set_rows
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.one_party import one_party_rows


def _one_party(inputs: Inputs[Limits]) -> pl.DataFrame:
    return frame_of(one_party_rows(inputs.scan("fct_trades"), inputs.limits))


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
TRADED = Stake("traded", "quantity", money=Sum("fct_trades", ("value",), ("trade_id",)))
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
    stake=TRADED,
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
        "chance": Figure("p", "max_p", less_is_worse=True),
        "net_share": Figure("fraction", "margin", less_is_worse=True),
    },
    extra=("instrument",),
    find=closed_set_rows,
    stake=TRADED,
)
DETECTOR = Detector("wash_trade", "3.0.0", Limits, (ONE_PARTY, CLOSED_SET))
