"""What every account holds at any moment of the source: its transfers, and what is added to them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from pipelines.simulator.injection.copy import SourceCopy
from pipelines.simulator.injection.correspondence import SourceAsset

# Of a selection of transfers, some accounts give what they were never seen to get.
_MOST_OVERDRAWN = 0.05


class Holdings:
    """Movements by account and asset in time. A record that is not whole binds nobody."""

    def __init__(self, copy: SourceCopy) -> None:
        """Read the transfers."""
        self._moves: dict[tuple[str, str, int | None], tuple[np.ndarray, np.ndarray]] = {}
        rows = copy.rows("transfers").sort("ts", "transfer_id", maintain_order=True)
        sides = pl.concat(
            [
                rows.select(account=f"{side}_account", ts="ts", unit="unit_type", vintage="vintage",
                            quantity=pl.col("quantity") * sign)
                for side, sign in (("from", -1), ("to", 1))
            ]
        ).drop_nulls("account")  # fmt: skip
        sides = sides.sort("ts", maintain_order=True)
        for key, part in sides.partition_by(
            "account", "unit", "vintage", as_dict=True, maintain_order=True
        ).items():
            account, unit, vintage = key
            self._moves[str(account), str(unit), vintage] = (
                part["ts"].to_physical().to_numpy(),
                part["quantity"].to_numpy(),
            )
        overdrawn = [bool(np.cumsum(moves).min() < 0) for _, moves in self._moves.values()]
        self.is_whole = bool(overdrawn) and float(np.mean(overdrawn)) <= _MOST_OVERDRAWN

    def branch(self) -> Holdings:
        """A record that goes on from this one and leaves it as it is."""
        other = Holdings.__new__(Holdings)
        other._moves = dict(self._moves)
        other.is_whole = self.is_whole
        return other

    def spare(self, account: str, asset: SourceAsset, moment: datetime) -> int:
        """What an account may give from that moment on without lacking it later, in t."""
        if not self.is_whole:
            return 1 << 60
        times, moves = self._moves.get((account, asset.unit_type, asset.vintage), (np.empty(0), np.empty(0)))
        balance = np.cumsum(moves)
        place = int(np.searchsorted(times, _physical(moment), side="right"))
        before = int(balance[place - 1]) if place else 0
        return max(min(before, int(balance[place:].min()) if place < len(balance) else before), 0)

    def book(
        self, giver: str | None, taker: str | None, asset: SourceAsset, moment: datetime, quantity: int
    ) -> None:
        """Take a movement in; a negative quantity takes one back."""
        for account, signed in ((giver, -quantity), (taker, quantity)):
            if account is None:
                continue
            key = account, asset.unit_type, asset.vintage
            times, moves = self._moves.get(key, (np.empty(0, np.int64), np.empty(0, np.int64)))
            place = int(np.searchsorted(times, _physical(moment), side="right"))
            self._moves[key] = np.insert(times, place, _physical(moment)), np.insert(moves, place, signed)


def _physical(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
