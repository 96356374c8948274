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

import numpy as np
import polars as pl
from scipy.stats import poisson

from anomaly.detectors.base import Context, Detector, ids, provinces, runs
from anomaly.detectors.closed_sets import Closed, closed_stretches, flows_between
from anomaly.detectors.meetings import WEEK, expected_within_parties
from anomaly.detectors.movements import evidence_of
from anomaly.findings import Finding, Measure
from anomaly.market import span
from anomaly.scoring import certain, either, exceedance

KIND = "wash_trade"
COLUMNS = (
    "trade_id", "traded_at", "instrument_id", "mode", "price", "quantity_tco2e", "buy_account_id",
    "sell_account_id", "buy_party_id", "sell_party_id", "is_same_party",
)  # fmt: skip


def find(context: Context) -> list[Finding]:
    """Both forms; trades with one party on both sides take no part in the second."""
    trades = context.marts.read("fct_trades", *COLUMNS).sort("traded_at", "trade_id")
    own = (pl.col("buy_account_id") == pl.col("sell_account_id")).fill_null(False)
    same = own | pl.col("is_same_party").fill_null(False)
    trades = trades.with_columns(own.alias("own"), same.alias("same"))
    return [
        *_one_party(context, trades),
        *_closed_sets(context, trades.filter(~pl.col("same"))),
    ]


def _one_party(context: Context, trades: pl.DataFrame) -> list[Finding]:
    limits = context.policy.thresholds(KIND)
    gap = timedelta(days=limits["max_gap_days"])
    keyed = trades.filter("same").with_columns(
        party=pl.coalesce("buy_party_id", "buy_account_id"),
        # Only an anonymous book brings parties together by chance.
        by_chance=~pl.col("own") & (pl.col("mode") == "listed").fill_null(False),
    )
    if keyed.is_empty():
        return []
    expected = expected_within_parties(trades.filter((pl.col("mode") == "listed") & ~pl.col("own")))
    by_party = {party: rows for (party,), rows in expected.group_by("party", maintain_order=True)}
    found = []
    for (party,), rows in sorted(keyed.group_by("party", maintain_order=True), key=lambda item: str(item[0])):
        of_party = by_party.get(party, expected.clear())
        for first, last in runs(rows["traded_at"].to_list(), gap):
            part = rows.slice(first, last - first + 1)
            fair, p_value = _chance(part, of_party, expected.height)
            told = part if p_value <= limits["max_p"] else part.filter(~pl.col("by_chance"))
            if not told.is_empty():
                found.append(_same_party(context, limits, str(party), told, part.height, fair, p_value))
    return found


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
    context: Context,
    limits: dict[str, float],
    party: str,
    rows: pl.DataFrame,
    meetings: int,
    fair: float,
    p_value: float,
) -> Finding:
    accounts = sorted({*rows["buy_account_id"], *rows["sell_account_id"]})
    same_account = int(rows["own"].sum())
    returned = _returned(rows, accounts)
    if same_account:
        base = limits["base_same_account"]
    elif rows["by_chance"].any():
        base = limits["base_same_party"]
    else:
        # A group may hand its own allowances over in a block; that they come back is what needs a reason.
        base = limits["base_block"] + (limits["base_same_party"] - limits["base_block"]) * returned
    beyond = rows.height - (fair if rows["by_chance"].any() else 0.0)
    quantity = float(rows["quantity_tco2e"].sum())
    where = provinces(context, accounts)
    start, end = span(rows["traded_at"][0], rows["traded_at"][-1])
    return Finding(
        kind=KIND,
        subject_type="account",
        subject_ids=ids(*accounts, party),
        province_code=next((where[account] for account in accounts if account in where), None),
        window_start=start,
        window_end=end,
        score=certain(base, beyond, limits["trades"]),
        p_value=p_value if rows["by_chance"].any() else None,
        measures={
            "trades": Measure(rows.height, limits["trades"], "trades"),
            "same_account_trades": Measure(same_account, 0, "trades"),
            "meetings_by_chance": Measure(fair, None, "trades"),
            "meetings_left_to_chance": Measure(meetings - rows.height, None, "trades"),
            "quantity": Measure(quantity, None, "tCO2e"),
            "returned": Measure(returned, None, "fraction"),
        },
        evidence=(evidence_of("trades", rows["trade_id"].to_list()),),
        variant="one_party",
        title_values={"party": party, "trades": rows.height, "quantity": quantity},
    )


def _returned(rows: pl.DataFrame, accounts: list[str]) -> float:
    """Of all that moved between the accounts, the part that came back: 0 one way, 1 for full circles."""
    flows = flows_between(rows, tuple(accounts))
    moved = np.abs(flows).sum()
    return 1.0 - float(np.abs(flows.sum(axis=0)).sum() / moved) if moved else 1.0


def _closed_sets(context: Context, trades: pl.DataFrame) -> list[Finding]:
    limits = context.policy.thresholds(KIND)
    found = []
    for (instrument,), rows in sorted(trades.group_by("instrument_id", maintain_order=True)):
        stretches: dict[tuple[str, ...], list[Closed]] = {}
        for closed in closed_stretches(rows, limits):
            stretches.setdefault(closed.accounts, []).append(closed)
        for accounts in sorted(stretches):
            found += _grouped(context, limits, str(instrument), rows, stretches[accounts])
    return found


def _internal_share(rows: pl.DataFrame, accounts: tuple[str, ...], trades: pl.DataFrame) -> float:
    """Of all that the accounts traded in the time of these trades, the share that these trades are."""
    theirs = rows.filter(
        pl.col("traded_at").is_between(trades["traded_at"].min(), trades["traded_at"].max())
        & (pl.col("sell_account_id").is_in(accounts) | pl.col("buy_account_id").is_in(accounts))
    )
    return float(trades["quantity_tco2e"].sum()) / float(theirs["quantity_tco2e"].sum())


def _grouped(
    context: Context, limits: dict[str, float], instrument: str, rows: pl.DataFrame, closed: list[Closed]
) -> list[Finding]:
    """One finding for each run of stretches of the same accounts that is strong enough."""
    closed = sorted(closed, key=lambda stretch: stretch.start)
    found = []
    for first, last in runs([stretch.start for stretch in closed], timedelta(days=limits["max_gap_days"])):
        part = closed[first : last + 1]
        trades = rows[sorted(row for stretch in part for row in stretch.rows)]
        p_value = min(stretch.p_value for stretch in part)
        score = either(
            exceedance(trades.height, limits["closed_trades"], limits["closed_cap"]),
            exceedance(-float(np.log10(max(p_value, 1e-300))), limits["surprise"], limits["closed_cap"]),
        )
        accounts = part[0].accounts
        internal = _internal_share(rows, accounts, trades)
        if score < limits["min_score"] or internal < limits["min_internal"]:
            continue
        where = provinces(context, accounts)
        start, end = span(part[0].start, max(stretch.end for stretch in part))
        quantity = float(trades["quantity_tco2e"].sum())
        found.append(
            Finding(
                kind=KIND,
                subject_type="account",
                subject_ids=accounts,
                province_code=next((where[account] for account in accounts if account in where), None),
                window_start=start,
                window_end=end,
                score=score,
                p_value=p_value,
                measures={
                    "trades": Measure(trades.height, limits["closed_trades"], "trades"),
                    "stretches": Measure(len(part), None, "stretches"),
                    "meetings_by_chance": Measure(sum(stretch.expected for stretch in part), None, "trades"),
                    "quantity": Measure(quantity, None, "tCO2e"),
                    "internal_share": Measure(internal, limits["min_internal"], "fraction"),
                    "chance": Measure(p_value, limits["max_p"], "p"),
                    "net_share": Measure(
                        max(stretch.net_share for stretch in part), limits["margin"], "fraction"
                    ),
                },
                evidence=(evidence_of("trades", trades["trade_id"].to_list()),),
                variant="closed_set",
                title_values={
                    "accounts": ", ".join(accounts),
                    "instrument": instrument,
                    "trades": trades.height,
                    "quantity": quantity,
                },
            )
        )
    return found


DETECTOR = Detector(KIND, "2.0.0", ("fct_trades",), find)
