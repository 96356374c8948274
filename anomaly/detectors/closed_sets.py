"""Closed sets: accounts of no declared relation whose trades with each other leave every position as it was.

Two questions, each with its own chance. Do they meet more often than an anonymous order book explains
(`meetings`)? And do their trades cancel more closely than if each had gone either way at random? Victor
and Weintraud (WWW 2021) ask the first with a fixed count of 100 and the second with windows of up
to a week; a market of some hundred accounts and a dozen trades a day has neither so many nor so soon.
Belongs here: stretches of trades that cancel, and their chance. Does not belong here: scores, findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.stats import chi2

from anomaly.detectors.meetings import Suspects, suspect_sets

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Closed:
    """A stretch of trades among a set of accounts that leaves every position as it was."""

    accounts: tuple[str, ...]
    rows: tuple[int, ...]
    start: datetime
    end: datetime
    expected: float
    p_value: float
    net_share: float


def closed_stretches(trades: pl.DataFrame, limits: dict[str, float]) -> list[Closed]:
    """Closed stretches among suspect sets of one instrument's trades, a trade in at most one of them."""
    trades = trades.with_row_index("row")
    used: set[int] = set()
    found = []
    for suspects in suspect_sets(trades, limits):
        inside = trades.filter(
            pl.col("traded_at").is_between(suspects.first_week - WEEK, suspects.last_week + 2 * WEEK)
            & pl.col("sell_account_id").is_in(suspects.accounts)
            & pl.col("buy_account_id").is_in(suspects.accounts)
            & ~pl.col("row").is_in(sorted(used))
        )
        closed = _closed(inside, suspects, limits)
        if closed is not None and closed.p_value <= limits["max_p"]:
            found.append(closed)
            used.update(closed.rows)
    return found


def _closed(inside: pl.DataFrame, suspects: Suspects, limits: dict[str, float]) -> Closed | None:
    """The longest stretch that cancels, after dropping accounts that only came by."""
    for accounts in _cores(inside, suspects.accounts):
        among = inside.filter(
            pl.col("sell_account_id").is_in(accounts) & pl.col("buy_account_id").is_in(accounts)
        )
        flows = flows_between(among, accounts)
        bounds = _longest(flows, among["traded_at"].to_list(), limits)
        if bounds is None:
            continue
        first, last = bounds
        part = among.slice(first, last - first + 1)
        if is_one_way(part):
            return None
        tried = among.height - part.height + 1
        return Closed(
            tuple(sorted({*part["sell_account_id"], *part["buy_account_id"]})),
            tuple(part["row"]),
            part["traded_at"][0],
            part["traded_at"][-1],
            suspects.expected,
            _both(suspects.p_value, min(tried * cancelling_chance(flows[first : last + 1]), 1.0)),
            float(_net_shares(flows[first : last + 1]).max()),
        )
    return None


def flows_between(among: pl.DataFrame, accounts: tuple[str, ...]) -> np.ndarray:
    """One row a trade: what each account gained."""
    place = {account: number for number, account in enumerate(accounts)}
    flows = np.zeros((among.height, len(accounts)))
    quantity = among["quantity_tco2e"].cast(pl.Float64).to_numpy()
    steps = np.arange(among.height)
    flows[steps, [place[name] for name in among["buy_account_id"]]] += quantity
    flows[steps, [place[name] for name in among["sell_account_id"]]] -= quantity
    return flows


def _net_shares(flows: np.ndarray) -> np.ndarray:
    """What each account was left with, as a share of all that it bought and sold."""
    gross = np.abs(flows).sum(axis=0)
    return np.abs(flows.sum(axis=0)) / np.where(gross > 0, gross, 1.0)


def _cores(inside: pl.DataFrame, accounts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The set, then without the account whose position changed most, and so on down to a pair."""
    while len(accounts) >= 2:
        yield accounts
        among = inside.filter(
            pl.col("sell_account_id").is_in(accounts) & pl.col("buy_account_id").is_in(accounts)
        )
        flows = flows_between(among, accounts)
        traded = np.abs(flows).sum(axis=0) > 0
        open_share = np.where(traded, _net_shares(flows), 2.0)
        if len(accounts) == 2:
            return
        worst = accounts[int(np.argmax(open_share))]
        accounts = tuple(account for account in accounts if account != worst)


def _longest(flows: np.ndarray, moments: list[datetime], limits: dict[str, float]) -> tuple[int, int] | None:
    """First and last trade of the longest stretch in which every account's position returns."""
    count = len(moments)
    position = np.vstack([np.zeros(flows.shape[1]), flows.cumsum(axis=0)])
    gross = np.vstack([np.zeros(flows.shape[1]), np.abs(flows).cumsum(axis=0)])
    within = timedelta(days=limits["max_days"])
    best, length = None, int(limits["closed_trades"]) - 1
    last = 0
    for first in range(count):
        last = max(last, first)
        while last + 1 < count and moments[last + 1] - moments[first] <= within:
            last += 1
        ends = np.arange(first + length, last + 1)
        off = np.abs(position[ends + 1] - position[first])
        closed = ends[(off <= limits["margin"] * (gross[ends + 1] - gross[first])).all(axis=1)]
        if closed.size:
            best, length = (first, int(closed[-1])), int(closed[-1]) - first + 1
    return best


def cancelling_chance(flows: np.ndarray) -> float:
    """The chance that positions end so near to where they began if each trade had gone either way at random.

    With random directions the positions' covariance is the graph's Laplacian weighted by squared quantities,
    so their Mahalanobis length squared is about chi-squared with as many degrees as its rank.
    """
    laplacian = flows.T @ flows
    net = flows.sum(axis=0)
    length = float(net @ np.linalg.pinv(laplacian, hermitian=True) @ net)
    rank = int(np.linalg.matrix_rank(laplacian, hermitian=True))
    return float(chi2.cdf(max(length, 0.0), rank))


def _both(one: float, other: float) -> float:
    """Fisher's combination of two independent chances."""
    product = max(one, 1e-300) * max(other, 1e-12)
    return float(min(product * (1.0 - np.log(product)), 1.0)) if product < 1 else 1.0


def is_one_way(part: pl.DataFrame) -> bool:
    """Whether three or more accounts only pass on round a ring."""
    pairs = part.select("sell_account_id", "buy_account_id").unique()
    return (
        pairs.height > 2
        and pairs["sell_account_id"].n_unique() == pairs.height
        and pairs["buy_account_id"].n_unique() == pairs.height
    )
