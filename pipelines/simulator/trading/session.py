"""One trading day of one instrument: order events in time, matched as they come, recorded as they happen."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.plan import Deal
from pipelines.simulator.trading.book import BUY, SELL, Book, Fill, Order

_RETRY = 90.0
_LATENCY = 1_000  # microseconds from an order's arrival to each of its matches


@dataclass(frozen=True)
class Intent:
    """An order that somebody means to enter, and what becomes of it; times in seconds of the session."""

    second: float
    account: int
    side: str
    price: int
    quantity: int
    amend: tuple[float, int] | None = None
    cancel: float | None = None


@dataclass
class Tape:
    """Everything the exchange records, as plain rows; identifiers come later."""

    events: list[tuple[int, int, str, int, int, str, str, int, int]] = field(default_factory=list)
    trades: list[tuple[int, int, str, int, int, int, int, int, int, str, int | None]] = field(
        default_factory=list
    )
    orders: int = 0

    def new_number(self) -> int:
        """The next order's number."""
        self.orders += 1
        return self.orders


@dataclass(frozen=True)
class Terms:
    """What holds on that day for that instrument."""

    day: date
    vintage: int
    value: float
    previous_close: int

    def limits(self, percent: int) -> tuple[int, int]:
        """Lowest and highest price in cents, so many per cent from the previous close."""
        low = (self.previous_close * (100 - percent) + 50) // 100
        return low, (self.previous_close * (100 + percent) + 50) // 100

    def bounded(self, cents: float) -> int:
        """The nearest listed price that the day's limits admit."""
        low, high = self.limits(calibration.LISTED_LIMIT_PCT)
        return int(min(max(round(cents), low), high))


class Session:
    """Runs one day. `room` is what each account may still sell that day of this vintage."""

    def __init__(self, terms: Terms, room: np.ndarray, tape: Tape, rng: np.random.Generator) -> None:
        """Open the day with an empty book."""
        self.terms = terms
        self._room = room
        self._tape = tape
        self._rng = rng
        self._book = Book()
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self._entries = 0
        self._live: list[Order] = []

    def run(self, intents: list[Intent], deals: list[Deal]) -> None:
        """Carry out all deals and intents of the day, then let what is left expire."""
        for deal in deals:
            self._at(deal.second, partial(self._carry_out, deal))
        for intent in intents:
            self._at(intent.second, partial(self._enter, intent))
        while self._agenda:
            now, _, action = heapq.heappop(self._agenda)
            action(now)
        for order in self._live:
            if order.quantity:
                self._record(calendar.SESSION_SECONDS, order, "expire", 0)

    def _at(self, second: float, action: Callable[[float], None]) -> None:
        if second < calendar.SESSION_SECONDS:
            self._entries += 1
            heapq.heappush(self._agenda, (second, self._entries, action))

    def _enter(self, intent: Intent, now: float) -> None:
        quantity = self._sellable(intent.account, intent.quantity) if intent.side == SELL else intent.quantity
        if quantity <= 0:
            return
        order = self._new(now, intent.account, intent.side, intent.price, quantity, "listed", None)
        self._match(now, order)
        if intent.amend:
            second, price = intent.amend
            self._at(second, lambda later: self._amend(later, order, price))
        if intent.cancel:
            self._at(intent.cancel, lambda later: self._cancel(later, order))

    def _amend(self, now: float, order: Order, price: int) -> None:
        if order.quantity and order.price != price:
            self._book.withdraw(order)
            order.price = price
            self._record(now, order, "amend", order.quantity)
            self._match(now, order)

    def _cancel(self, now: float, order: Order) -> None:
        if order.quantity:
            self._book.withdraw(order)
            order.quantity = 0
            self._record(now, order, "cancel", 0)

    def _carry_out(self, deal: Deal, now: float) -> None:
        if deal.mode == "block":
            self._block(deal, now)
        else:
            self._post(deal, now)

    def _post(self, deal: Deal, now: float) -> None:
        """The seller posts inside the spread; the buyer comes within seconds at the same price."""
        price = self._inside_spread()
        if price is None:
            self._at(now + _RETRY, partial(self._post, deal))
            return
        quantity = self._sellable(deal.seller, min(deal.quantity, calibration.LISTED_BELOW - 1))
        if quantity <= 0:
            return
        order = self._new(now, deal.seller, SELL, price, quantity, "listed", deal.tag)
        self._match(now, order)
        pause = float(self._rng.uniform(0.3, 4.0))
        self._at(now + pause, lambda later: self._take(later, deal, order, quantity))

    def _take(self, now: float, deal: Deal, posted: Order, quantity: int) -> None:
        """The buyer comes; what the two missed of each other is withdrawn and posted again later."""
        order = self._new(now, deal.buyer, BUY, posted.price, quantity, "listed", deal.tag)
        met = sum(fill.quantity for fill in self._match(now, order) if fill.resting is posted)
        if met < quantity:
            self._room[deal.seller] += posted.quantity
            self._cancel(now, posted)
            self._cancel(now, order)
            self._at(now + _RETRY, partial(self._post, replace(deal, quantity=quantity - met)))

    def _block(self, deal: Deal, now: float) -> None:
        quantity = self._sellable(deal.seller, deal.quantity)
        if quantity < calibration.LISTED_BELOW:
            return
        low, high = self.terms.limits(calibration.BLOCK_LIMIT_PCT)
        price = int(min(max(round(self.terms.previous_close * (1 - deal.discount)), low), high))
        sell = self._new(now, deal.seller, SELL, price, quantity, "block", deal.tag)
        later = min(now + float(self._rng.uniform(20, 400)), calendar.SESSION_SECONDS - 1)
        buy = self._new(later, deal.buyer, BUY, price, quantity, "block", deal.tag)
        sell.quantity = buy.quantity = 0
        self._trade(later, Fill(buy, sell, price, quantity), 1)

    def _inside_spread(self) -> int | None:
        """A price between the best orders near the value; the limit itself where the value is beyond it.

        Where the spread is closed, the best ask: the buyer then clears what stands before the seller.
        """
        bid, ask = self._book.best(BUY), self._book.best(SELL)
        low, high = self.terms.limits(calibration.LISTED_LIMIT_PCT)
        wanted = round(self.terms.value * 100 * float(np.exp(self._rng.normal(0, 0.002))))
        floor = max(low, bid.price + 1) if bid and wanted > low else low
        ceiling = min(high, ask.price - 1) if ask and wanted < high else high
        if floor <= ceiling:
            return min(max(wanted, floor), ceiling)
        return ask.price if ask else None

    def _sellable(self, account: int, wanted: int) -> int:
        quantity = int(min(wanted, self._room[account]))
        self._room[account] -= max(quantity, 0)
        return quantity

    def _new(
        self, now: float, account: int, side: str, price: int, quantity: int, mode: str, tag: int | None
    ) -> Order:
        order = Order(self._tape.new_number(), account, side, price, quantity, mode, tag)
        self._live.append(order)
        self._record(now, order, "new", quantity)
        return order

    def _match(self, now: float, order: Order) -> list[Fill]:
        fills, withdrawn = self._book.enter(order)
        for number, fill in enumerate(fills, start=1):
            self._trade(now, fill, number)
        if withdrawn:
            order.quantity = 0
            self._record(now, order, "cancel", 0)
        return fills

    def _trade(self, now: float, fill: Fill, number: int) -> None:
        incoming, resting = fill.incoming, fill.resting
        buy, sell = (incoming, resting) if incoming.side == BUY else (resting, incoming)
        tag = buy.tag if buy.tag is not None and buy.tag == sell.tag else None
        self._tape.trades.append(
            (
                calendar.in_session(self.terms.day, now) + number * _LATENCY,
                self.terms.vintage,
                incoming.mode,
                fill.price,
                fill.quantity,
                buy.account,
                sell.account,
                buy.number,
                sell.number,
                incoming.side,
                tag,
            )
        )

    def _record(self, now: float, order: Order, event: str, quantity: int) -> None:
        moment = calendar.in_session(self.terms.day, now)
        self._tape.events.append(
            (
                moment,
                order.number,
                event,
                order.account,
                self.terms.vintage,
                order.side,
                order.mode,
                order.price,
                quantity,
            )
        )
