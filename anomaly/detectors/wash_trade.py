"""Wash trade: one party on both sides, or a closed set of accounts that ends where it began.

The first form is read off the record: same account or same controller. The second follows Victor and
Weintraud (WWW 2021), made for markets of hundreds of accounts instead of millions: pairs that meet more
often than their activity explains (Poisson, Bonferroni over all pairs) form a graph, and in each of its
strongly connected sets stretches of trades that net to zero in every account are sought. A closed set whose
trades only run round one way is `circular_trade`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import poisson

from anomaly.detectors.base import Context, Detector, ids, provinces, runs
from anomaly.detectors.movements import evidence_of
from anomaly.findings import Finding, Measure
from anomaly.market import span
from anomaly.scoring import certain, either, exceedance

KIND = "wash_trade"
COLUMNS = (
    "trade_id", "traded_at", "instrument_id", "price", "quantity_tco2e", "buy_account_id",
    "sell_account_id", "buy_party_id", "sell_party_id", "is_same_party",
)  # fmt: skip


@dataclass(frozen=True)
class Closed:
    """A stretch of trades among a set of accounts that leaves every position as it was."""

    accounts: tuple[str, ...]
    rows: tuple[int, ...]
    start: datetime
    end: datetime
    p_value: float


def find(context: Context) -> list[Finding]:
    """Both forms; trades with one party on both sides take no part in the second."""
    trades = context.marts.read("fct_trades", *COLUMNS).sort("traded_at", "trade_id")
    same = (pl.col("buy_account_id") == pl.col("sell_account_id")) | pl.col("is_same_party").fill_null(False)
    trades = trades.with_columns(same.fill_null(False).alias("same"))
    return [
        *_one_party(context, trades.filter("same")),
        *_closed_sets(context, trades.filter(~pl.col("same"))),
    ]


def _one_party(context: Context, trades: pl.DataFrame) -> list[Finding]:
    limits = context.policy.thresholds(KIND)
    gap = timedelta(days=limits["max_gap_days"])
    keyed = trades.with_columns(party=pl.coalesce("buy_party_id", "buy_account_id"))
    found = []
    for (party,), rows in sorted(keyed.group_by("party", maintain_order=True), key=lambda item: str(item[0])):
        for first, last in runs(rows["traded_at"].to_list(), gap):
            found.append(_same_party(context, limits, str(party), rows.slice(first, last - first + 1)))
    return found


def _same_party(context: Context, limits: dict[str, float], party: str, rows: pl.DataFrame) -> Finding:
    accounts = sorted({*rows["buy_account_id"], *rows["sell_account_id"]})
    same_account = rows.filter(pl.col("buy_account_id") == pl.col("sell_account_id")).height
    base = limits["base_same_account"] if same_account else limits["base_same_party"]
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
        score=certain(base, rows.height, limits["trades"]),
        measures={
            "trades": Measure(rows.height, limits["trades"], "trades"),
            "same_account_trades": Measure(same_account, 0, "trades"),
            "quantity": Measure(quantity, None, "tCO2e"),
        },
        evidence=(evidence_of("trades", rows["trade_id"].to_list()),),
        variant="one_party",
        title_values={"party": party, "trades": rows.height, "quantity": quantity},
    )


def _closed_sets(context: Context, trades: pl.DataFrame) -> list[Finding]:
    limits = context.policy.thresholds(KIND)
    found = []
    for (instrument,), rows in sorted(trades.group_by("instrument_id", maintain_order=True)):
        used: set[int] = set()
        stretches: dict[tuple[str, ...], list[Closed]] = {}
        for accounts, p_value in _suspect_sets(rows, limits):
            for closed in _closed_stretches(rows, accounts, p_value, used, limits):
                stretches.setdefault(closed.accounts, []).append(closed)
        for accounts in sorted(stretches):
            found += _grouped(context, limits, str(instrument), rows, stretches[accounts])
    return found


def _suspect_sets(rows: pl.DataFrame, limits: dict[str, float]) -> list[tuple[tuple[str, ...], float]]:
    """Sets of accounts that trade among each other more often than chance; pairs first, then larger sets."""
    counts = rows.group_by("sell_account_id", "buy_account_id").len().rename({"len": "n"})
    sold = rows.group_by("sell_account_id").len().rename({"len": "sold"})
    bought = rows.group_by("buy_account_id").len().rename({"len": "bought"})
    counts = (
        counts.join(sold, on="sell_account_id")
        .join(bought, on="buy_account_id")
        .sort("sell_account_id", "buy_account_id")
    )
    expected = counts["sold"].to_numpy() * counts["bought"].to_numpy() / rows.height
    p_values = np.minimum(poisson.sf(counts["n"].to_numpy() - 1, expected) * counts.height, 1.0)
    edges = counts.with_columns(pl.Series("p", p_values), pl.Series("expected", expected)).filter(
        (pl.col("p") <= limits["max_p"]) & (pl.col("n") >= limits["min_excess"] * pl.col("expected"))
    )
    if edges.is_empty():
        return []
    names = sorted({*edges["sell_account_id"], *edges["buy_account_id"]})
    index = {name: place for place, name in enumerate(names)}
    source = [index[name] for name in edges["sell_account_id"]]
    target = [index[name] for name in edges["buy_account_id"]]
    graph = csr_matrix((np.ones(len(source)), (source, target)), shape=(len(names), len(names)))
    _, component = connected_components(graph, connection="strong")
    p_of = {(s, t): p for s, t, p in zip(source, target, edges["p"], strict=True)}
    pairs = [
        ((names[s], names[t]), max(p, p_of[t, s]))
        for (s, t), p in sorted(p_of.items())
        if s < t and (t, s) in p_of
    ]
    larger = []
    for number in range(component.max() + 1):
        members = np.flatnonzero(component == number)
        if 2 < members.size <= limits["max_accounts"]:
            inside = [p for (s, t), p in p_of.items() if component[s] == component[t] == number]
            larger.append((tuple(names[place] for place in members), max(inside)))
    return pairs + larger


def _closed_stretches(
    rows: pl.DataFrame, accounts: tuple[str, ...], p_value: float, used: set[int], limits: dict[str, float]
) -> list[Closed]:
    """Longest stretches among the accounts, within the window, after which every position is as before."""
    place = {account: number for number, account in enumerate(accounts)}
    inside = (
        rows.with_row_index("row")
        .filter(pl.col("sell_account_id").is_in(accounts) & pl.col("buy_account_id").is_in(accounts))
        .filter(~pl.col("row").is_in(sorted(used)))
    )
    if inside.height < 2:
        return []
    change = np.zeros((inside.height + 1, len(accounts)))
    quantity = inside["quantity_tco2e"].cast(pl.Float64).to_numpy()
    steps = np.arange(inside.height)
    change[steps + 1, [place[name] for name in inside["buy_account_id"]]] += quantity
    change[steps + 1, [place[name] for name in inside["sell_account_id"]]] -= quantity
    position = change.cumsum(axis=0)
    moments = inside["traded_at"].to_list()
    within = timedelta(days=limits["max_days"])
    found: list[Closed] = []
    first = 0
    while first < inside.height - 1:
        last = _longest(position, quantity, moments, first, within, limits["margin"])
        if last is None or _one_way(inside.slice(first, last - first + 1)):
            first += 1
            continue
        part = inside.slice(first, last - first + 1)
        members = tuple(sorted({*part["sell_account_id"], *part["buy_account_id"]}))
        found.append(Closed(members, tuple(part["row"]), moments[first], moments[last], p_value))
        used.update(part["row"])
        first = last + 1
    return found


def _longest(
    position: np.ndarray,
    quantity: np.ndarray,
    moments: list[datetime],
    first: int,
    within: timedelta,
    margin: float,
) -> int | None:
    """The last trade of the longest stretch from `first` that nets to zero, if there is one."""
    last = first
    while last + 1 < len(moments) and moments[last + 1] - moments[first] <= within:
        last += 1
    if last == first:
        return None
    ends = np.arange(first + 1, last + 1)
    off = np.abs(position[ends + 1] - position[first]).max(axis=1)
    mean = np.cumsum(quantity[first : last + 1])[1:] / (ends - first + 1)
    closed = ends[off <= margin * mean]
    return int(closed[-1]) if closed.size else None


def _one_way(part: pl.DataFrame) -> bool:
    """Whether three or more accounts only pass on round a ring."""
    pairs = part.select("sell_account_id", "buy_account_id").unique()
    return (
        pairs.height > 2
        and pairs["sell_account_id"].n_unique() == pairs.height
        and pairs["buy_account_id"].n_unique() == pairs.height
    )


def _internal_share(rows: pl.DataFrame, accounts: tuple[str, ...], trades: pl.DataFrame) -> float:
    """Of all that the accounts traded in the time of these trades, the share that these trades are.

    Two lively accounts meet so often that some stretch of their trades nets to zero by chance.
    """
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
                    "quantity": Measure(quantity, None, "tCO2e"),
                    "internal_share": Measure(internal, limits["min_internal"], "fraction"),
                    "chance_of_meeting": Measure(p_value, limits["max_p"], "p"),
                    "net_position_margin": Measure(limits["margin"], limits["margin"], "of mean trade"),
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


DETECTOR = Detector(KIND, "1.0.0", ("fct_trades",), find)
