"""Closed sets: accounts of no declared relation whose trades with each other leave every position as it was.

Two questions, each with its own chance. Do they meet more often than an anonymous order book explains
(`meetings`)? And do their trades cancel more closely than if each had gone either way at random? Victor
and Weintraud (WWW 2021) ask the first with a fixed count of 100 and the second with windows of up
to a week; a market of some hundred accounts and a dozen trades a day has neither so many nor so soon.
Belongs here: stretches of trades that cancel, and their chance. Does not belong here: scores, findings.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.stats import chi2

from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.meetings import Suspects, account_sides, suspect_sets

WEEK = timedelta(days=7)
# Pairs of first and last trade that are looked at together.
_CELLS = 1 << 20
_MOMENTS = 256


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


@dataclass(frozen=True)
class Trades:
    """Trades in time order as columns; accounts are places in `names`, moments microseconds."""

    names: list[str]
    row: np.ndarray
    seller: np.ndarray
    buyer: np.ndarray
    quantity: np.ndarray
    moment: np.ndarray

    def take(self, chosen: np.ndarray | slice) -> Trades:
        """Some of the trades: by mask, by place or by range."""
        columns = (self.row, self.seller, self.buyer, self.quantity, self.moment)
        return Trades(self.names, *(column[chosen] for column in columns))

    def among(self, accounts: tuple[int, ...]) -> Trades:
        """The trades with both sides in a set."""
        inside = np.zeros(len(self.names), dtype=bool)
        inside[list(accounts)] = True
        return self.take(inside[self.seller] & inside[self.buyer])

    def flows(self, accounts: tuple[int, ...]) -> np.ndarray:
        """One row a trade: what each account of the set gained."""
        return _flows(
            np.searchsorted(accounts, self.buyer),
            np.searchsorted(accounts, self.seller),
            self.quantity,
            len(accounts),
        )


class _Book:
    """An instrument's trades, found by account."""

    def __init__(self, trades: pl.DataFrame) -> None:
        names, seller, buyer = account_sides(trades)
        quantity = trades["quantity_tco2e"].cast(pl.Float64).to_numpy()
        moment = trades["traded_at"].cast(pl.Datetime("us")).to_physical().to_numpy()
        self.trades = Trades(names, np.arange(trades.height), seller, buyer, quantity, moment)
        self.used = np.zeros(trades.height, dtype=bool)
        self._by_seller = np.argsort(seller, kind="stable")
        self._starts = np.searchsorted(seller[self._by_seller], np.arange(len(names) + 1))

    def places(self, accounts: tuple[str, ...]) -> tuple[int, ...]:
        """Places of the accounts, which are sorted, among all."""
        return tuple(bisect_left(self.trades.names, account) for account in accounts)

    def inside(self, suspects: Suspects) -> Trades:
        """The set's trades with each other in its weeks and around them, but for those already used."""
        accounts = self.places(suspects.accounts)
        sold = [self._by_seller[self._starts[place] : self._starts[place + 1]] for place in accounts]
        theirs = self.trades.take(np.sort(np.concatenate(sold))).among(accounts)
        first = np.datetime64(suspects.first_week - WEEK, "us").astype(np.int64)
        last = np.datetime64(suspects.last_week + 2 * WEEK, "us").astype(np.int64)
        return theirs.take((theirs.moment >= first) & (theirs.moment <= last) & ~self.used[theirs.row])


def closed_stretches(trades: pl.DataFrame, limits: Limits) -> list[Closed]:
    """Closed stretches among suspect sets of one instrument's trades, a trade in at most one of them."""
    book = _Book(trades)
    found = []
    for suspects in suspect_sets(trades, limits):
        stretch = _closed(book.inside(suspects), book.places(suspects.accounts), limits)
        if stretch is None:
            continue
        part, flows, tried = stretch
        p_value = _both(suspects.p_value, min(tried * cancelling_chance(flows), 1.0))
        if p_value > limits.max_p:
            continue
        book.used[part.row] = True
        accounts = np.unique(np.concatenate([part.seller, part.buyer]))
        found.append(
            Closed(
                tuple(part.names[place] for place in accounts),
                tuple(part.row.tolist()),
                part.moment[0].astype("datetime64[us]").item(),
                part.moment[-1].astype("datetime64[us]").item(),
                suspects.expected,
                p_value,
                float(_net_shares(flows).max()),
            )
        )
    return found


def _closed(
    inside: Trades, accounts: tuple[int, ...], limits: Limits
) -> tuple[Trades, np.ndarray, int] | None:
    """The longest stretch that cancels, with its flows, and how many stretches were tried.

    Where there is none, the account whose position changed most is dropped, and so on down to a pair:
    it may only have come by.
    """
    while True:
        among = inside.among(accounts)
        flows = among.flows(accounts)
        bounds = _longest(flows, among.moment, limits)
        if bounds is not None:
            part = slice(bounds[0], bounds[1] + 1)
            stretch = among.take(part)
            tried = among.row.size - stretch.row.size + 1
            return None if is_one_way(stretch) else (stretch, flows[part], tried)
        if len(accounts) == 2:
            return None
        traded = np.abs(flows).sum(axis=0) > 0
        worst = int(np.argmax(np.where(traded, _net_shares(flows), 2.0)))
        accounts = (*accounts[:worst], *accounts[worst + 1 :])


def flows_between(among: pl.DataFrame, accounts: tuple[str, ...]) -> np.ndarray:
    """One row a trade: what each account gained."""
    place = {account: number for number, account in enumerate(accounts)}
    buyers, sellers = (
        np.array([place[name] for name in among[f"{side}_account_id"]], dtype=np.int64)
        for side in ("buy", "sell")
    )
    return _flows(buyers, sellers, among["quantity_tco2e"].cast(pl.Float64).to_numpy(), len(accounts))


def _flows(buyers: np.ndarray, sellers: np.ndarray, quantity: np.ndarray, accounts: int) -> np.ndarray:
    flows = np.zeros((quantity.size, accounts))
    steps = np.arange(quantity.size)
    flows[steps, buyers] += quantity
    flows[steps, sellers] -= quantity
    return flows


def _net_shares(flows: np.ndarray) -> np.ndarray:
    """What each account was left with, as a share of all that it bought and sold."""
    gross = np.abs(flows).sum(axis=0)
    return np.abs(flows.sum(axis=0)) / np.where(gross > 0, gross, 1.0)


def _longest(flows: np.ndarray, moment: np.ndarray, limits: Limits) -> tuple[int, int] | None:
    """First and last trade of the longest stretch in which every account's position returns."""
    position = np.vstack([np.zeros(flows.shape[1]), flows.cumsum(axis=0)])
    gross = np.vstack([np.zeros(flows.shape[1]), np.abs(flows).cumsum(axis=0)])
    within = int(timedelta(days=limits.max_days) / timedelta(microseconds=1))
    count, least = moment.size, limits.closed_trades
    latest = np.searchsorted(moment, moment + within, side="right") - 1
    # Among very many trades a stretch may begin and end at evenly spaced ones only.
    spaced = np.arange(0, count, max(-(-count // _MOMENTS), 1))
    firsts = spaced[latest[spaced] - spaced + 1 >= least]
    ends = np.union1d(spaced, [count - 1])
    best, length = None, least - 1
    for some in np.array_split(firsts, np.ceil(firsts.size * ends.size / _CELLS)) if firsts.size else ():
        lengths = ends[None, :] - some[:, None] + 1
        closed = (lengths > length) & (ends[None, :] <= latest[some][:, None])
        for account in range(flows.shape[1]):
            off = np.abs(position[ends + 1, account][None, :] - position[some, account][:, None])
            moved = gross[ends + 1, account][None, :] - gross[some, account][:, None]
            closed &= off <= limits.margin * moved
        longest = np.where(closed, lengths, 0).max(axis=1)
        place = int(np.argmax(longest))
        if longest[place] > length:
            length = int(longest[place])
            best = (int(some[place]), int(some[place]) + length - 1)
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


def is_one_way(part: Trades) -> bool:
    """Whether three or more accounts only pass on round a ring."""
    pairs = len(set(zip(part.seller.tolist(), part.buyer.tolist(), strict=True)))
    return pairs > 2 and np.unique(part.seller).size == pairs and np.unique(part.buyer).size == pairs
