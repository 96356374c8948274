"""What the carrying out of a case works with: the copy, who stands for whom, holdings, fresh ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from pipelines.simulator.injection.copy import SourceCopy
from pipelines.simulator.injection.correspondence import Correspondence, SourceAsset
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.holdings import Holdings
from pipelines.simulator.injection.ids import Numbers
from pipelines.simulator.world import World

_TRADERS = ("fund", "treasury", "broker", "maker", "individual")


@dataclass
class Context:
    """One source while a case is planted in it.

    `effects`, by unit and year of the source, is how much the year's figures must follow monthly ones.
    `names_aggressors`, by mode, is whether the source states who came second in a trade.
    """

    copy: SourceCopy
    world: World
    match: Correspondence
    holdings: Holdings
    numbers: Numbers
    rng: np.random.Generator
    effects: dict[tuple[int, int], dict[str, float]] = field(default_factory=dict)
    names_aggressors: dict[str, bool] = field(default_factory=dict)
    _trades: dict[str, int] | None = field(default=None, repr=False)

    def account(self, position: int) -> str:
        """Published id of an account."""
        return self.world.accounts.id[position]

    def counterparty(self, other_than: int) -> int:
        """Somebody who trades: a trader, likelier by the number of its trades."""
        accounts = self.world.accounts
        able = [a for a in accounts.with_role(*_TRADERS).tolist() if a != other_than]
        able = able or [a for a in range(len(accounts)) if a != other_than]
        if not able:
            raise UnplantableError("nobody else has an account")
        if self._trades is None:
            trades = self.copy.rows("trades")
            sides = pl.concat([trades["buy_account_id"], trades["sell_account_id"]])
            self._trades = dict(sides.value_counts().iter_rows())
        weights = np.array([self._trades.get(self.account(a), 0) for a in able], dtype=float)
        return int(self.rng.choice(able, p=weights / weights.sum() if weights.any() else None))

    def transfer(
        self,
        moment: datetime,
        giver: str | None,
        taker: str | None,
        asset: SourceAsset,
        quantity: int,
        kind: str,
        trade_id: str | None = None,
    ) -> int:
        """Add a transfer of what the giver can spare, at most `quantity`; returns the tonnes, 0 for none."""
        if giver is not None:
            quantity = min(quantity, self.holdings.spare(giver, asset, moment))
        if quantity <= 0 or not self.copy.has("transfers"):
            return 0
        self.publish(moment, giver, taker, asset, quantity, kind, trade_id)
        self.holdings.book(giver, taker, asset, moment, quantity)
        return quantity

    def publish(
        self,
        moment: datetime,
        giver: str | None,
        taker: str | None,
        asset: SourceAsset,
        quantity: int,
        kind: str,
        trade_id: str | None = None,
    ) -> None:
        """Add a row to `transfers`, whatever anybody holds."""
        near = self.numbers.near("transfers", moment)
        self.copy.add(
            "transfers",
            pl.DataFrame(
                {
                    "transfer_id": [self.numbers.fresh("transfers", near)],
                    "ts": [moment],
                    "from_account": [giver],
                    "to_account": [taker],
                    "unit_type": [asset.unit_type],
                    "vintage": [asset.vintage],
                    "quantity": [quantity],
                    "kind": [kind],
                    "trade_id": [trade_id],
                },
                schema_overrides={
                    "from_account": pl.String,
                    "to_account": pl.String,
                    "vintage": pl.Int64,
                    "trade_id": pl.String,
                },
            ),
        )
