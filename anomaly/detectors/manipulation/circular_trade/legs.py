"""Legs: what one account gave another of one product without a longer pause.

Belongs here: legs as arrays, out of single movements. Does not belong here: the search for rings (`rings`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from anomaly.core.movements import time_order


@dataclass(frozen=True)
class Legs:
    """Legs as columns, in order of their first movements.

    Attributes:
        names: the accounts, sorted; `source` and `target` are places in it.
        giver: number of the source and the product.
        taker: number of the target and the product; the same for an account that gives or takes a product.
        first: moment of the first movement, microseconds since 1970 in UTC.
        last: moment of the last movement.
        quantity: tCO2e.
        before: what the source and the target had traded of the product before the leg; two rows.
        after: what they had traded after it; two rows.
    """

    names: list[str]
    source: np.ndarray
    target: np.ndarray
    giver: np.ndarray
    taker: np.ndarray
    first: np.ndarray
    last: np.ndarray
    quantity: np.ndarray
    before: np.ndarray
    after: np.ndarray
    _ids: pl.Series
    _moves: np.ndarray
    _bounds: np.ndarray

    def __len__(self) -> int:
        return self.first.size

    def record_ids(self, legs: Iterable[int]) -> list[str]:
        """Ids of the movements of some legs."""
        moves = [self._moves[slice(*self._bounds[leg].tolist())] for leg in legs]
        return self._ids.gather(np.concatenate(moves)).to_list()


def legs_of(movements: pl.DataFrame, gap: timedelta, min_quantity: float) -> Legs:
    """Movements of one pair and product, none further than `gap` from the next, made one leg each.

    Legs of less than the quantity are left out; they count in the running totals all the same.
    """
    moved = movements.filter(pl.col("source") != pl.col("target"))
    in_time = time_order(moved["ts"], moved["record_id"])
    names, products = (
        pl.concat(moved[side].unique() for side in sides).unique().drop_nulls().sort()
        for sides in (("source", "target"), ("product",))
    )
    source, target = (_places(moved[side], names)[in_time] for side in ("source", "target"))
    product = _places(moved["product"], products)[in_time]
    giver, taker = (side * len(products) + product for side in (source, target))
    quantity = moved["quantity"].to_numpy()[in_time]
    moment = moved["ts"].cast(pl.Datetime("us")).to_physical().to_numpy()[in_time]
    after = _totals(giver, taker, quantity)
    # By pair and product, in order of time within each.
    order = _stable_order(target)
    order = order[_stable_order(giver[order])]
    begins = np.diff(moment[order], prepend=0) > int(gap / timedelta(microseconds=1))
    for side in (giver, taker):
        begins |= np.diff(side[order], prepend=-1) != 0
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], order.size)
    total = np.add.reduceat(quantity[order], starts) if starts.size else np.zeros(0)
    # One leg at most begins with a movement, so that this sorts them.
    leg_of = np.full(order.size, -1)
    leg_of[order[starts]] = np.arange(starts.size)
    kept = leg_of[leg_of >= 0]
    kept = kept[total[kept] >= min_quantity]
    first, last = order[starts[kept]], order[ends[kept] - 1]
    return Legs(
        names.to_list(),
        source[first],
        target[first],
        giver[first],
        taker[first],
        moment[first],
        moment[last],
        total[kept],
        after[:, first] - quantity[first],
        after[:, last],
        moved["record_id"],
        in_time[order],
        np.column_stack([starts[kept], ends[kept]]),
    )


def _places(values: pl.Series, among: pl.Series) -> np.ndarray:
    """Each value's place among sorted distinct values."""
    return values.cast(pl.Enum(among)).to_physical().to_numpy().astype(np.int32)


def _totals(giver: np.ndarray, taker: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """What the source and the target had traded of the product after each movement, in order of time."""
    count = quantity.size
    account = np.concatenate([giver, taker])
    # A movement has two accounts that differ, so that within an account the order of time decides.
    order = _stable_order(account.reshape(2, count).T.ravel())
    side, move = order % 2, order // 2
    total = quantity[move].cumsum()
    starts = np.flatnonzero(np.diff(account[side * count + move], prepend=-1))
    earlier = np.repeat(total[starts] - quantity[move[starts]], np.diff(starts, append=order.size))
    found = np.empty((2, count))
    found[side, move] = total - earlier
    return found


def _stable_order(values: np.ndarray) -> np.ndarray:
    """Places of whole numbers in ascending order, equal ones as they stand."""
    # Numpy sorts 16-bit numbers in linear time.
    narrow = np.min_scalar_type(int(values.max(initial=0)))
    return np.argsort(values.astype(narrow), kind="stable")
