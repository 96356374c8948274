"""Units that holders have reserved for deals and transfers still to come."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from pipelines.simulator.plan import Plan


class Pledges:
    """Units promised by account and asset, t, less what is promised to the same account."""

    def __init__(self, plan: Plan, accounts: int, assets: int) -> None:
        """Take over every planned deal and transfer."""
        self._net = np.zeros((accounts, assets), dtype=np.int64)
        self._by_day: dict[date, list[tuple[int, int, int, int]]] = defaultdict(list)
        for deal in plan.trading.deals:
            self._by_day[deal.day].append((deal.seller, deal.buyer, deal.asset, deal.quantity))
        for one in plan.registry.movements:
            self._by_day[one.day].append((one.giver, one.taker, one.asset, one.quantity))
        for promises in self._by_day.values():
            for promise in promises:
                self._count(*promise)

    def open_day(self, day: date) -> None:
        """Today's promises are carried out today: they are kept no longer."""
        for giver, taker, asset, quantity in self._by_day.pop(day, ()):
            self._count(giver, taker, asset, -quantity)

    def kept(self) -> np.ndarray:
        """Units kept for what is still to come, accounts by assets, t."""
        return np.maximum(self._net, 0)

    def _count(self, giver: int, taker: int, asset: int, quantity: int) -> None:
        if giver >= 0:
            self._net[giver, asset] += quantity
        if taker >= 0:
            self._net[taker, asset] -= quantity
