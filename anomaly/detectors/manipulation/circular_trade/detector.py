"""Circular trade: allowances go round three or more accounts and come back within days.

Each leg of a ring starts after the one before and carries about as much, and each account hands on what it
received before it trades much with others (`rings`). Trades, and plain transfers that settle no known
trade, are searched apart. Rings of the same accounts become one candidate; going to and fro between two
accounts is `wash_trade`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.movements import TRADES, TRANSFERS
from anomaly.core.stakes import Stake
from anomaly.detectors.manipulation.circular_trade.limits import Limits
from anomaly.detectors.manipulation.circular_trade.rounds import find


def _search(table: str, key: str, *needs: Need) -> Search[Limits]:
    return Search(
        name=table,
        subject_type="account",
        subjects=("account_ids",),
        needs=needs,
        evidence=(Rows(table, (key,)),),
        measures={
            "accounts": Figure("accounts", "min_accounts"),
            "rounds": Figure("rounds", "rounds_usual"),
            "retained": Figure("fraction", "min_retained"),
            "dominance": Figure("fraction", "min_dominance"),
            "hours": Figure("h", "hours_limit", less_is_worse=True),
            "quantity": Figure("tCO2e", "min_quantity"),
        },
        extra=("names", "days", "rounds_usual", "hours_limit"),
        variants=("default",),
        find=partial(find, table=table),
        stake=Stake("moved", "quantity"),
    )


DETECTOR = Detector(
    kind="circular_trade",
    version="2.0.0",
    thresholds=Limits,
    searches=(
        _search("trades", "trade_id", TRADES),
        _search("transfers", "transfer_id", TRANSFERS, replace(TRADES, optional=True)),
    ),
)
