"""Rings in time: movements that lead from account to account and back to the first.

A ring is a sequence of legs of one product in which each leg begins after the one before has ended, no
account stands twice, all legs carry about as much, and every account hands on what it received before it has
traded much with others. The last condition separates a ring from an order book, in which active accounts
meet in every order; it also bounds the legs that can follow a leg, so that the search stays fast.
Belongs here: the search. Does not belong here: legs (`legs`), scores, candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from anomaly.detectors.manipulation.circular_trade.legs import Legs

# Legs that are extended at a time; bounds the memory.
CHUNK = 200_000


@dataclass(frozen=True)
class Ring:
    """Legs that lead back to the first account.

    Attributes:
        accounts: the accounts in the order of the legs that they give.
        legs: places of the legs, in order of time.
        start: when the first leg began.
        end: when the last leg ended.
        quantity: the largest leg.
        retained: the smallest leg over the largest.
        dominance: the largest leg over itself and what an account traded besides between its two legs; the
            least of all accounts.
    """

    accounts: tuple[str, ...]
    legs: tuple[int, ...]
    start: datetime
    end: datetime
    quantity: float
    retained: float
    dominance: float


@dataclass(frozen=True)
class Reach:
    """What the search admits.

    Attributes:
        days: longest time from the start of the first leg to the end of the last.
        retained: least of `Ring.retained`.
        dominance: least of `Ring.dominance`.
        min_accounts: fewest accounts.
        max_accounts: most accounts.
    """

    days: float
    retained: float
    dominance: float
    min_accounts: int
    max_accounts: int


def rings_of(legs: Legs, reach: Reach) -> list[Ring]:
    """Every ring among legs, once, from its first leg on; in order of start."""
    if len(legs) < reach.min_accounts:
        return []
    search = _Search(legs, reach)
    return [search.ring(path) for path in search.closed()]


class _Search:
    """The legs as arrays, and paths through them as matrices of rows."""

    def __init__(self, legs: Legs, reach: Reach) -> None:
        self.reach, self.names = reach, legs.names
        self.source, self.target, self.giver, self.taker = legs.source, legs.target, legs.giver, legs.taker
        self.first, self.last, self.quantity = legs.first, legs.last, legs.quantity
        self.given_before, self.taken_before = legs.before
        self.given_after, self.taken_after = legs.after
        self.within = int(timedelta(days=reach.days) / timedelta(microseconds=1))
        steps_from, self.steps_to = self._steps()
        self.starts = np.searchsorted(steps_from, np.arange(len(legs) + 1))

    def _steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of a leg and one that may follow it, ordered by the first.

        What the account between them may trade besides bounds the running total at which it hands on, so
        that the legs which may follow stand together among its own.
        """
        order = np.lexsort((self.given_before, self.giver))
        # A key that rises over all accounts, so that one search serves them all.
        height = 2.0 * max(float(self.taken_after.max()), float(self.given_before.max()))
        keys = self.giver[order] * height + self.given_before[order]
        besides = (1.0 / self.reach.dominance - 1.0) * self.quantity / self.reach.retained
        latest = np.minimum(self.taken_after + besides, 0.75 * height)
        low = np.searchsorted(keys, self.taker * height + self.taken_after, side="left")
        high = np.searchsorted(keys, self.taker * height + latest, side="right")
        parts = [self._pairs(order, low, high, begin) for begin in range(0, low.size, CHUNK)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _pairs(
        self, order: np.ndarray, low: np.ndarray, high: np.ndarray, begin: int
    ) -> tuple[np.ndarray, np.ndarray]:
        chunk = slice(begin, begin + CHUNK)
        one, place = _spread(np.maximum(high[chunk] - low[chunk], 0))
        one = one + begin
        other = order[low[one] + place]
        small = np.minimum(self.quantity[one], self.quantity[other])
        large = np.maximum(self.quantity[one], self.quantity[other])
        kept = (
            (self.giver[other] == self.taker[one])
            & (self.first[other] > self.last[one])
            & (self.last[other] <= self.first[one] + self.within)
            & (small >= self.reach.retained * large)
        )
        return one[kept], other[kept]

    def closed(self) -> list[tuple[int, ...]]:
        """Paths that lead back to their first account, in order of start."""
        found: list[tuple[int, ...]] = []
        paths = np.arange(self.source.size)[:, None]
        for accounts in range(2, self.reach.max_accounts + 1):
            paths = self._extended(paths)
            back = self.target[paths[:, -1]] == self.source[paths[:, 0]]
            if accounts >= self.reach.min_accounts:
                found += [tuple(path) for path in paths[back].tolist()]
            paths = paths[~back]
        clear = [path for path in found if self._dominance(path) >= self.reach.dominance]
        return sorted(clear, key=lambda path: (self.first[path[0]], path))

    def _extended(self, paths: np.ndarray) -> np.ndarray:
        """Every path with every leg that may follow it and leads to no account that it has passed."""
        tips = paths[:, -1]
        row, place = _spread(self.starts[tips + 1] - self.starts[tips])
        leg = self.steps_to[self.starts[tips[row]] + place]
        longer = np.column_stack([paths[row], leg])
        quantities = self.quantity[longer]
        # Coming back to the first source closes the path and is no repetition.
        passed = (self.source[longer[:, 1:]] == self.target[leg][:, None]).any(axis=1)
        kept = (
            ~passed
            & (self.last[leg] <= self.first[longer[:, 0]] + self.within)
            & (quantities.min(axis=1) >= self.reach.retained * quantities.max(axis=1))
        )
        return longer[kept]

    def _dominance(self, path: tuple[int, ...]) -> float:
        besides = [self.given_before[out] - self.taken_after[into] for into, out in pairwise(path)]
        # The account that began waits from its first leg until the last has come back.
        besides.append(self.taken_before[path[-1]] - self.given_after[path[0]])
        largest = float(self.quantity[list(path)].max())
        return largest / (largest + max(0.0, *map(float, besides)))

    def ring(self, path: tuple[int, ...]) -> Ring:
        """A closed path as a ring."""
        quantities = self.quantity[list(path)]
        start, end = (
            np.int64(moment).astype("datetime64[us]").item()
            for moment in (self.first[path[0]], self.last[path[-1]])
        )
        return Ring(
            accounts=tuple(self.names[place] for place in self.source[list(path)]),
            legs=path,
            start=start,
            end=end,
            quantity=float(quantities.max()),
            retained=float(quantities.min() / quantities.max()),
            dominance=self._dominance(path),
        )


def _spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row as often as it counts, and the number of the repetition from 0."""
    row = np.repeat(np.arange(counts.size), counts)
    return row, np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
