"""Wash trade: one party on both sides, or a closed set of accounts that ends where it began.

The first form is read off the record. One account on both sides, and a negotiated block between accounts of
one controller, are never chance; a block that goes one way starts low, since a group may hand its own
allowances over. In the anonymous order book two accounts of one group do meet by chance: what their
activity in those weeks explains (`meetings`) is left out and counted.
The second form (`closed_sets`) needs no declared relation: a set that meets more often than its members'
activity explains, and whose trades cancel more closely than trades in random directions would. A closed
set whose trades only run round one way is `circular_trade`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import poisson

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search
from anomaly.core.helpers import runs
from anomaly.core.scoring import certain, either, exceedance
from anomaly.detectors.manipulation.wash_trade.closed_sets import Closed, closed_stretches, flows_between
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.meetings import WEEK, expected_within_parties

KIND = "wash_trade"
COLUMNS = (
    "trade_id", "traded_at", "instrument_id", "mode", "price", "quantity_tco2e", "buy_account_id",
    "sell_account_id", "buy_party_id", "sell_party_id", "is_same_party",
)  # fmt: skip


def _trades(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Trades in order, with `own` (one account on both sides) and `same` (one party on both sides)."""
    own = (pl.col("buy_account_id") == pl.col("sell_account_id")).fill_null(False)
    same = own | pl.col("is_same_party").fill_null(False)
    trades = inputs.read("fct_trades").sort("traded_at", "trade_id")
    return trades.with_columns(own.alias("own"), same.alias("same"))


def _one_party(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Trades with one party on both sides."""
    limits, trades = inputs.limits, _trades(inputs)
    gap = timedelta(days=limits.max_gap_days)
    keyed = trades.filter("same").with_columns(
        party=pl.coalesce("buy_party_id", "buy_account_id"),
        # Only an anonymous book brings parties together by chance.
        by_chance=~pl.col("own") & (pl.col("mode") == "listed").fill_null(False),
    )
    if keyed.is_empty():
        return pl.DataFrame()
    expected = expected_within_parties(trades.filter((pl.col("mode") == "listed") & ~pl.col("own")))
    by_party = {party: rows for (party,), rows in expected.group_by("party", maintain_order=True)}
    found = []
    for (party,), rows in sorted(keyed.group_by("party", maintain_order=True), key=lambda item: str(item[0])):
        of_party = by_party.get(party, expected.clear())
        for first, last in runs(rows["traded_at"].to_list(), gap):
            part = rows.slice(first, last - first + 1)
            fair, p_value = _chance(part, of_party, expected.height)
            told = part if p_value <= limits.max_p else part.filter(~pl.col("by_chance"))
            if not told.is_empty():
                found.append(_same_party(limits, str(party), told, part.height, fair, p_value))
    return frame_of(found)


def _chance(rows: pl.DataFrame, of_party: pl.DataFrame, opportunities: int) -> tuple[float, float]:
    """Meetings that the party's activity lets expect in these weeks, and the chance of so many or more.

    The chance is multiplied by the number of weeks in which any party could have met itself.
    """
    met = rows.filter("by_chance")
    if met.is_empty():
        return 0.0, 1.0
    weeks = met["traded_at"].dt.truncate(WEEK)
    fair = float(of_party.filter(pl.col("week").is_between(weeks.min(), weeks.max()))["expected"].sum())
    return fair, float(min(poisson.sf(met.height - 1, fair) * max(opportunities, 1), 1.0))


def _same_party(
    limits: Limits,
    party: str,
    rows: pl.DataFrame,
    meetings: int,
    fair: float,
    p_value: float,
) -> dict[str, Any]:
    accounts = sorted({*rows["buy_account_id"], *rows["sell_account_id"]})
    same_account = int(rows["own"].sum())
    returned = _returned(rows, accounts)
    if same_account:
        base = limits.base_same_account
    elif rows["by_chance"].any():
        base = limits.base_same_party
    else:
        # A group may hand its own allowances over in a block; that they come back is what needs a reason.
        base = limits.base_block + (limits.base_same_party - limits.base_block) * returned
    beyond = rows.height - (fair if rows["by_chance"].any() else 0.0)
    quantity = float(rows["quantity_tco2e"].sum())
    return {
        "accounts": accounts,
        "party": party,
        "first_at": rows["traded_at"][0],
        "last_at": rows["traded_at"][-1],
        "score": certain(base, beyond, limits.trades),
        "p_value": p_value if rows["by_chance"].any() else None,
        "trades": rows.height,
        "same_account_trades": same_account,
        "meetings_by_chance": fair,
        "meetings_left_to_chance": meetings - rows.height,
        "quantity": quantity,
        "returned": returned,
        "trade_id": rows["trade_id"].to_list(),
    }


def _returned(rows: pl.DataFrame, accounts: list[str]) -> float:
    """Of all that moved between the accounts, the part that came back: 0 one way, 1 for full circles."""
    flows = flows_between(rows, tuple(accounts))
    moved = np.abs(flows).sum()
    return 1.0 - float(np.abs(flows.sum(axis=0)).sum() / moved) if moved else 1.0


def _closed_sets(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Closed sets among trades that do not have one party on both sides."""
    limits = inputs.limits
    trades = _trades(inputs).filter(~pl.col("same"))
    found = []
    for (instrument,), rows in sorted(trades.group_by("instrument_id", maintain_order=True)):
        stretches: dict[tuple[str, ...], list[Closed]] = {}
        for closed in closed_stretches(rows, limits):
            stretches.setdefault(closed.accounts, []).append(closed)
        for accounts in sorted(stretches):
            found += _grouped(limits, str(instrument), rows, stretches[accounts])
    return frame_of(found)


def _internal_share(rows: pl.DataFrame, accounts: tuple[str, ...], trades: pl.DataFrame) -> float:
    """Of all that the accounts traded in the time of these trades, the share that these trades are."""
    theirs = rows.filter(
        pl.col("traded_at").is_between(trades["traded_at"].min(), trades["traded_at"].max())
        & (pl.col("sell_account_id").is_in(accounts) | pl.col("buy_account_id").is_in(accounts))
    )
    return float(trades["quantity_tco2e"].sum()) / float(theirs["quantity_tco2e"].sum())


def _grouped(
    limits: Limits, instrument: str, rows: pl.DataFrame, closed: list[Closed]
) -> list[dict[str, Any]]:
    """One finding for each run of stretches of the same accounts that is strong enough."""
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
        accounts = part[0].accounts
        internal = _internal_share(rows, accounts, trades)
        if score < limits.min_score or internal < limits.min_internal:
            continue
        quantity = float(trades["quantity_tco2e"].sum())
        found.append(
            {
                "accounts": list(accounts),
                "instrument": instrument,
                "first_at": part[0].start,
                "last_at": max(stretch.end for stretch in part),
                "score": score,
                "p_value": p_value,
                "trades": trades.height,
                "stretches": len(part),
                "meetings_by_chance": sum(stretch.expected for stretch in part),
                "quantity": quantity,
                "internal_share": internal,
                "chance": p_value,
                "net_share": max(stretch.net_share for stretch in part),
                "trade_id": trades["trade_id"].to_list(),
            }
        )
    return found


NEED = Need(
    "fct_trades",
    COLUMNS,
    source="trades",
    period="traded_at",
    subject="buy_account_id",
    filled=("traded_at", "instrument_id", "mode", "quantity_tco2e", "buy_account_id", "sell_account_id"),
)
DETECTOR = Detector(
    KIND,
    "2.0.0",
    Limits,
    (
        Search(
            name="one_party",
            subject_type="account",
            subjects=("accounts", "party"),
            needs=(NEED,),
            evidence=(Rows("trades", ("trade_id",)),),
            measures={
                "trades": Figure("trades", "trades"),
                "same_account_trades": Figure("trades", 0),
                "meetings_by_chance": Figure("trades"),
                "meetings_left_to_chance": Figure("trades"),
                "quantity": Figure("tCO2e"),
                "returned": Figure("fraction"),
            },
            find=_one_party,
        ),
        Search(
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
        ),
    ),
)
