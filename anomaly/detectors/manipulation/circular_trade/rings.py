"""Rings in time: movements that lead from account to account and back to the first.

A ring is a sequence of legs of one product in which each leg begins after the one before has ended, no
account stands twice, all legs carry about as much, and every account hands on what it received before it has
traded much with others. The last condition separates a ring from an order book, in which active accounts
meet in every order; it also bounds the legs that can follow a leg, so that the search stays fast.
Belongs here: legs and the search. Does not belong here: scores, candidates, where movements come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

# Legs that are extended at a time; bounds the memory.
CHUNK = 200_000
LEG = ("product", "source", "target")


@dataclass(frozen=True)
class Ring:
    """Legs that lead back to the first account.

    Attributes:
        accounts: the accounts in the order of the legs that they give.
        legs: rows of the frame of legs, in order of time.
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


def legs_of(movements: pl.DataFrame, gap: timedelta, min_quantity: float) -> pl.DataFrame:
    """Movements of one pair and product, none further than `gap` from the next, made one leg each.

    Returns one row a leg of at least the quantity, in order of its start: `product`, `source`, `target`,
    `first`, `last`, `quantity`, `record_ids`, and the running total of what each of the two accounts had
    traded of the product before and after it (`source_before`, `source_after`, `target_before`,
    `target_after`).
    """
    names = pl.concat([movements["source"], movements["target"]]).unique().drop_nulls().sort()
    # Numbers in place of names: they sort the same and much faster.
    accounts, products = pl.Enum(names), pl.Enum(movements["product"].unique().drop_nulls().sort())
    moved = (
        movements.filter(pl.col("source") != pl.col("target"))
        .with_columns(pl.col("source", "target").cast(accounts), pl.col("product").cast(products))
        .sort("ts", "record_id")
        .with_row_index("move")
    )
    moved = pl.concat([moved, _totals(moved)], how="horizontal")
    begins = pl.col("ts").diff().fill_null(gap) > gap
    for name in LEG:
        begins = begins | (pl.col(name) != pl.col(name).shift()).fill_null(True)
    return (
        moved.sort(*LEG, "move")
        .with_columns(leg=begins.cum_sum())
        .group_by("leg", maintain_order=True)
        .agg(
            pl.first(*LEG),
            pl.first("ts").alias("first"),
            pl.last("ts").alias("last"),
            pl.sum("quantity"),
            pl.col("record_id").alias("record_ids"),
            pl.first("source_before", "target_before"),
            pl.last("source_after", "target_after"),
        )
        .filter(pl.col("quantity") >= min_quantity)
        .drop("leg")
        .sort("first", *LEG)
    )


def _totals(moved: pl.DataFrame) -> pl.DataFrame:
    """Running totals of the two accounts' trades in the product before and after each movement, in order."""
    sides = ("source", "target")
    both = pl.concat([moved.select("move", "product", "quantity", account=side) for side in sides])
    after = both.sort("move", maintain_order=True).with_columns(
        after=pl.col("quantity").cum_sum().over("account", "product")
    )
    columns = {}
    for number, side in enumerate(sides):
        mine = after.gather_every(2, number)
        columns[f"{side}_after"] = mine["after"]
        columns[f"{side}_before"] = mine["after"] - mine["quantity"]
    return pl.DataFrame(columns)


def rings_of(legs: pl.DataFrame, reach: Reach) -> list[Ring]:
    """Every ring among legs, once, from its first leg on; in order of start."""
    if legs.height < reach.min_accounts:
        return []
    search = _Search(legs, reach)
    return [search.ring(path) for path in search.closed()]


class _Search:
    """The legs as arrays, and paths through them as matrices of rows."""

    def __init__(self, legs: pl.DataFrame, reach: Reach) -> None:
        self.reach = reach
        self.names = pl.concat([legs["source"], legs["target"]]).cast(pl.String).unique().sort()
        self.source, self.target = (_places(legs[side], self.names) for side in ("source", "target"))
        products = legs["product"].cast(pl.String).unique().sort()
        product = _places(legs["product"], products)
        # One number for each account and product.
        self.giver, self.taker = (side * len(products) + product for side in (self.source, self.target))
        moments = [legs[end].cast(pl.Datetime("us")).to_physical().to_numpy() for end in ("first", "last")]
        self.first, self.last = moments
        self.quantity = legs["quantity"].to_numpy()
        self.given_before, self.given_after = (
            legs[f"source_{when}"].to_numpy() for when in ("before", "after")
        )
        self.taken_before, self.taken_after = (
            legs[f"target_{when}"].to_numpy() for when in ("before", "after")
        )
        self.within = int(timedelta(days=reach.days) / timedelta(microseconds=1))
        steps_from, self.steps_to = self._steps()
        self.starts = np.searchsorted(steps_from, np.arange(legs.height + 1))

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
            accounts=tuple(self.names[int(place)] for place in self.source[list(path)]),
            legs=path,
            start=start,
            end=end,
            quantity=float(quantities.max()),
            retained=float(quantities.min() / quantities.max()),
            dominance=self._dominance(path),
        )


def _places(values: pl.Series, among: pl.Series) -> np.ndarray:
    """Each value's place among sorted distinct values."""
    return values.cast(pl.String).cast(pl.Enum(among)).to_physical().to_numpy().astype(np.int64)


def _spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row as often as it counts, and the number of the repetition from 0."""
    row = np.repeat(np.arange(counts.size), counts)
    return row, np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
