"""The order book of one instrument and day: price, then time; a trade takes the resting order's price.

Prices are whole cents. An account's own orders never meet: what would do so is withdrawn.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

BUY, SELL = "buy", "sell"


@dataclass
class Order:
    """One order; `number` is its place in the whole market's sequence of orders."""

    number: int
    account: int
    side: str
    price: int
    quantity: int
    mode: str = "listed"
    tag: int | None = None
    version: int = 0


@dataclass(frozen=True)
class Fill:
    """One match between an incoming and a resting order."""

    incoming: Order
    resting: Order
    price: int
    quantity: int


@dataclass
class Book:
    """Resting orders of both sides."""

    bids: list[tuple[int, int, int, Order]] = field(default_factory=list)
    asks: list[tuple[int, int, int, Order]] = field(default_factory=list)
    arrivals: int = 0

    def best(self, side: str) -> Order | None:
        """The best resting order of that side."""
        heap = self.bids if side == BUY else self.asks
        while heap and (heap[0][3].quantity == 0 or heap[0][2] != heap[0][3].version):
            heapq.heappop(heap)
        return heap[0][3] if heap else None

    def enter(self, order: Order) -> tuple[list[Fill], bool]:
        """Match the order and let the rest stand; also whether the rest was withdrawn instead."""
        fills: list[Fill] = []
        opposite = SELL if order.side == BUY else BUY
        while order.quantity:
            resting = self.best(opposite)
            if resting is None or not _crosses(order, resting):
                break
            if resting.account == order.account:
                return fills, True
            quantity = min(order.quantity, resting.quantity)
            order.quantity -= quantity
            resting.quantity -= quantity
            fills.append(Fill(order, resting, resting.price, quantity))
        if order.quantity:
            self._rest(order)
        return fills, False

    def withdraw(self, order: Order) -> None:
        """Take a resting order out, for good or before it comes again at another price."""
        order.version += 1

    def _rest(self, order: Order) -> None:
        self.arrivals += 1
        heap, key = (self.bids, -order.price) if order.side == BUY else (self.asks, order.price)
        heapq.heappush(heap, (key, self.arrivals, order.version, order))


def _crosses(order: Order, resting: Order) -> bool:
    return order.price >= resting.price if order.side == BUY else order.price <= resting.price
