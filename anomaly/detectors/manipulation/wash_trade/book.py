"""Trades as arrays: accounts as places among sorted names, in order of time.

Belongs here: the form in which the searches read trades, and parts of it by set of accounts or by week.
Does not belong here: what is looked for in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import polars as pl

WEEK = "1w"


@dataclass(frozen=True)
class Trades:
    """Trades in time order as columns.

    Attributes:
        names: the accounts, sorted; `seller` and `buyer` are places in it.
        row: place in the frame that the trades were read from.
        seller: who sold.
        buyer: who bought.
        quantity: tCO2e.
        moment: microseconds since 1970 in UTC.
    """

    names: list[str]
    row: np.ndarray
    seller: np.ndarray
    buyer: np.ndarray
    quantity: np.ndarray
    moment: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Trades:
        """All trades of a frame in order of time."""
        moment = rows["traded_at"].cast(pl.Datetime("us")).to_physical().to_numpy()
        order = np.argsort(moment, kind="stable")
        names, seller, buyer = _sides(rows)
        quantity = rows["quantity_tco2e"].cast(pl.Float64).to_numpy()
        return cls(names, order, seller[order], buyer[order], quantity[order], moment[order])

    def __len__(self) -> int:
        return self.row.size

    def take(self, chosen: np.ndarray | slice) -> Trades:
        """Some of the trades: by mask, by place or by range."""
        columns = (self.row, self.seller, self.buyer, self.quantity, self.moment)
        return Trades(self.names, *(column[chosen] for column in columns))

    def accounts(self) -> np.ndarray:
        """Places of the accounts that took part, sorted."""
        active = np.zeros(len(self.names), dtype=bool)
        active[self.seller] = active[self.buyer] = True
        return np.flatnonzero(active)

    def flows(self, accounts: np.ndarray) -> np.ndarray:
        """One row a trade: what each account of a set, given as sorted places, gained."""
        flows = np.zeros((len(self), len(accounts)))
        steps = np.arange(len(self))
        flows[steps, np.searchsorted(accounts, self.buyer)] += self.quantity
        flows[steps, np.searchsorted(accounts, self.seller)] -= self.quantity
        return flows

    def weeks(self) -> list[tuple[datetime, Trades]]:
        """The weeks with trades: their Monday and their trades."""
        monday = pl.Series(self.moment, dtype=pl.Datetime("us")).dt.truncate(WEEK)
        starts = np.flatnonzero(np.diff(monday.to_physical().to_numpy(), prepend=-1))
        bounds = pairwise([*starts.tolist(), len(self)])
        return [(monday[first], self.take(slice(first, last))) for first, last in bounds]

    def digest(self, *columns: str) -> str:
        """Identifies the accounts' names and, in order, the two sides and further columns of the trades.

        The same for the same trades in a longer book, in which the accounts have other places.
        """
        accounts = self.accounts()
        local = np.zeros(len(self.names), dtype=np.int32)
        local[accounts] = np.arange(accounts.size)
        found = blake2b("\0".join(self.names[place] for place in accounts).encode(), digest_size=16)
        for values in (local[self.seller], local[self.buyer], *(getattr(self, name) for name in columns)):
            found.update(np.ascontiguousarray(values).tobytes())
        return found.hexdigest()


def _sides(trades: pl.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The accounts, sorted, and the seller's and buyer's place among them for each trade."""
    sides = [trades[f"{side}_account_id"] for side in ("sell", "buy")]
    names = pl.concat(side.unique() for side in sides).unique().sort()
    seller, buyer = (side.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64) for side in sides)
    return names.to_list(), seller, buyer
