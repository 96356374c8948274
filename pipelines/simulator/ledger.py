"""The record of who holds what: holdings by account and asset, and every movement that made them.

Movements are kept as columns until they are drained into a table. Holdings never become negative: a movement
that would make them so is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.contract.tables import TABLES

NOBODY = -1
NO_TRADE = -1
KINDS = tuple(TABLES["transfers"].column("kind").enum or ())
COLUMNS = ("moment", "giver", "taker", "asset", "quantity", "kind", "trade", "tag")

Column = np.ndarray | int


@dataclass
class Ledger:
    """Holdings (accounts by assets, t), what accounts got in auctions (t), and movements not drained yet."""

    holdings: np.ndarray
    auctioned: np.ndarray
    _parts: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def empty(cls, accounts: int, assets: int) -> Ledger:
        """A ledger in which nobody holds anything."""
        return cls(
            holdings=np.zeros((accounts, assets), dtype=np.int64),
            auctioned=np.zeros(accounts, dtype=np.int64),
        )

    def move(
        self,
        moment: int,
        giver: int,
        taker: int,
        asset: int,
        quantity: int,
        kind: str,
        trade: int = NO_TRADE,
        tag: int = 0,
    ) -> None:
        """Book one movement; `giver` or `taker` is `NOBODY` on issuance and cancellation.

        Raises:
            ValueError: the giver does not hold that much, or the quantity is not positive.
        """
        self.move_many(np.array([moment]), giver, taker, asset, np.array([quantity]), kind, trade, tag)

    def move_many(
        self,
        moments: np.ndarray,
        givers: Column,
        takers: Column,
        assets: Column,
        quantities: np.ndarray,
        kind: str,
        trades: Column | None = None,
        tags: Column | None = None,
    ) -> None:
        """Book movements of one kind that come together; nobody may pass on what comes in among them.

        One number may stand for a whole column. Nothing is booked when it raises.

        Raises:
            ValueError: a giver does not hold what it gives in all, or a quantity is not positive.
        """
        count = len(moments)
        if count == 0:
            return
        part = np.empty((len(COLUMNS), count), dtype=np.int64)
        for row, column in enumerate((moments, givers, takers, assets, quantities)):
            part[row] = column
        part[5] = KINDS.index(kind)
        part[6] = NO_TRADE if trades is None else trades
        part[7] = 0 if tags is None else tags
        self._take(part, kind)
        taken = part[2] >= 0
        np.add.at(self.holdings, (part[2, taken], part[3, taken]), part[4, taken])
        if kind == "auction":
            np.add.at(self.auctioned, part[2, taken], part[4, taken])
        self._parts.append(part)

    def _take(self, part: np.ndarray, kind: str) -> None:
        if part[4].min() <= 0:
            raise ValueError(f"{kind}: quantity is {part[4].min()}, expected more than 0")
        given = part[1] >= 0
        where = part[1, given], part[3, given]
        np.subtract.at(self.holdings, where, part[4, given])
        left = self.holdings[where]
        if left.size and left.min() < 0:
            worst = int(np.argmin(left))
            lacking = -int(left[worst])
            np.add.at(self.holdings, where, part[4, given])
            raise ValueError(
                f"{kind}: account {int(where[0][worst])} lacks {lacking} t of asset {int(where[1][worst])}, "
                "expected it to hold what it gives"
            )

    def drain(self) -> dict[str, np.ndarray]:
        """The movements since the last drain by column, in time and then in the order of booking."""
        empty = np.empty((len(COLUMNS), 0), dtype=np.int64)
        rows = np.concatenate([empty, *self._parts], axis=1)
        self._parts.clear()
        rows = rows[:, np.argsort(rows[0], kind="stable")]
        return dict(zip(COLUMNS, rows, strict=True))
