"""Closed sets: accounts of no declared relation whose trades with each other leave every position as it was.

Two questions, each with a probability of its own. Do they meet more often than an anonymous order book
explains (`meetings`)? And do their trades cancel more closely than if each had gone either way at random
(`closing`)? Victor and Weintraud (WWW 2021) ask the first with a fixed count of 100 and the second with
windows of up to a week; a market of some hundred accounts and a dozen trades a day has neither so many nor so
soon.
Belongs here: the two put together for one instrument. Does not belong here: scores, candidates.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from anomaly.detectors.manipulation.wash_trade.closing import (
    Closing,
    Stretch,
    Trades,
    alike_share,
    closed_stretch,
    combined,
)
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.meetings import Suspects, suspect_sets

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Closed:
    """A closed stretch of a set that met more often than chance; `rows` are places in the frame of trades."""

    accounts: tuple[str, ...]
    rows: tuple[int, ...]
    start: datetime
    end: datetime
    expected: float
    p_value: float
    net_share: float


def closed_stretches(trades: pl.DataFrame, limits: Limits) -> list[Closed]:
    """Closed stretches among suspect sets of one instrument's trades, a trade in at most one of them."""
    book = _Book(trades)
    alike = alike_share(book.trades.quantity, limits.margin)
    closing = Closing(limits.margin, limits.max_days, limits.closed_trades, alike)
    found = []
    for suspects in suspect_sets(trades, limits):
        stretch = closed_stretch(book.inside(suspects), book.places(suspects.accounts), closing)
        if stretch is None:
            continue
        p_value = combined(suspects.p_value, stretch.p_value)
        if p_value <= limits.max_p:
            book.used[stretch.trades.row] = True
            found.append(_closed(stretch, suspects.expected, p_value))
    return found


def _closed(stretch: Stretch, expected: float, p_value: float) -> Closed:
    start, end = (stretch.trades.moment[place].astype("datetime64[us]").item() for place in (0, -1))
    rows = tuple(stretch.trades.row.tolist())
    return Closed(stretch.accounts, rows, start, end, expected, p_value, stretch.net_share)


class _Book:
    """An instrument's trades, found by account."""

    def __init__(self, trades: pl.DataFrame) -> None:
        self.trades = Trades.of(trades)
        self.used = np.zeros(trades.height, dtype=bool)
        self._by_seller = np.argsort(self.trades.seller, kind="stable")
        sellers = self.trades.seller[self._by_seller]
        self._starts = np.searchsorted(sellers, np.arange(len(self.trades.names) + 1))
        self._moments = self.trades.moment[self._by_seller]

    def places(self, accounts: tuple[str, ...]) -> tuple[int, ...]:
        """Places of the accounts, which are sorted, among all."""
        return tuple(bisect_left(self.trades.names, account) for account in accounts)

    def inside(self, suspects: Suspects) -> Trades:
        """The set's trades with each other in its weeks and around them, but for those already used."""
        accounts = self.places(suspects.accounts)
        first = np.datetime64(suspects.first_week - WEEK, "us").astype(np.int64)
        last = np.datetime64(suspects.last_week + 2 * WEEK, "us").astype(np.int64)
        rows = np.sort(np.concatenate([self._sold(place, first, last) for place in accounts]))
        return self.trades.take(rows[~self.used[rows]]).among(accounts)

    def _sold(self, account: int, first: np.int64, last: np.int64) -> np.ndarray:
        """What an account sold between two moments, in order of time."""
        start, end = self._starts[account], self._starts[account + 1]
        moments = self._moments[start:end]
        low, high = moments.searchsorted(first, "left"), moments.searchsorted(last, "right")
        return self._by_seller[start + low : start + high]
