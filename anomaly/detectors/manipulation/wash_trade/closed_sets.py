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
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from anomaly.core.parts import Once
from anomaly.detectors.manipulation.wash_trade.book import Trades
from anomaly.detectors.manipulation.wash_trade.closing import (
    ClosedStretch,
    Closing,
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


def closed_stretches(frame: pl.DataFrame, limits: Limits, once: Once) -> Iterator[Closed]:
    """Closed stretches among suspect sets of one instrument's trades, a trade in at most one of them."""
    trades = Trades.of(frame)
    book = _Book(trades)
    alike = alike_share(trades.quantity, limits.margin)
    closing = Closing(limits.margin, limits.max_days, limits.closed_trades)
    for suspects in suspect_sets(trades, limits, once):
        inside = book.inside(suspects)
        stretch = _known_stretch(trades.take(inside), closing, once)
        if stretch is None:
            continue
        p_value = combined(suspects.p_value, stretch.p_value(alike))
        if p_value <= limits.max_p:
            closed = inside[stretch.places]
            book.free[closed] = False
            yield _closed(trades.take(closed), suspects.expected, p_value, stretch.net_share)


def _known_stretch(inside: Trades, closing: Closing, once: Once) -> ClosedStretch | None:
    """`closed_stretch`, computed once for the same trades."""

    def found() -> dict[str, Any] | None:
        stretch = closed_stretch(inside, closing)
        return None if stretch is None else asdict(stretch)

    if len(inside) < closing.least:
        return None
    known = once(["closing", inside.digest("quantity", "moment")], found)
    return None if known is None else ClosedStretch(**known)


def _closed(trades: Trades, expected: float, p_value: float, net_share: float) -> Closed:
    start, end = (trades.moment[place].astype("datetime64[us]").item() for place in (0, -1))
    accounts = tuple(trades.names[place] for place in trades.accounts())
    return Closed(accounts, tuple(trades.row.tolist()), start, end, expected, p_value, net_share)


class _Book:
    """An instrument's trades, found by account, and which of them are `free`, not yet used."""

    def __init__(self, trades: Trades) -> None:
        self.trades = trades
        self.free = np.ones(len(trades), dtype=bool)
        # Numpy sorts 16-bit numbers in linear time.
        sellers = trades.seller.astype(np.min_scalar_type(len(trades.names)))
        self._by_seller = np.argsort(sellers, kind="stable")
        self._starts = np.searchsorted(sellers[self._by_seller], np.arange(len(trades.names) + 1))
        self._moments = trades.moment[self._by_seller]

    def inside(self, suspects: Suspects) -> np.ndarray:
        """Places of the set's trades with each other in its weeks and around them, but for used ones."""
        accounts = np.array([bisect_left(self.trades.names, account) for account in suspects.accounts])
        first = np.datetime64(suspects.first_week - WEEK, "us").astype(np.int64)
        last = np.datetime64(suspects.last_week + 2 * WEEK, "us").astype(np.int64)
        member = np.zeros(len(self.trades.names), dtype=bool)
        member[accounts] = True
        sold = np.concatenate([self._sold(account, first, last) for account in accounts])
        among = sold[member[self.trades.buyer[sold]] & self.free[sold]]
        return np.sort(among)

    def _sold(self, account: int, first: np.int64, last: np.int64) -> np.ndarray:
        """What an account sold between two moments, in order of time."""
        start, end = self._starts[account], self._starts[account + 1]
        moments = self._moments[start:end]
        low, high = moments.searchsorted(first, "left"), moments.searchsorted(last, "right")
        return self._by_seller[start + low : start + high]
