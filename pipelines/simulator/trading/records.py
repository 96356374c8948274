"""What the exchange records, day by day, and how it is published month by month.

Identifiers are numbered in time over the whole span once a month is over, so they carry no
information about the cause of a row. Simultaneous rows are ordered by instrument, then by arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.simulator.frames import money, numbered, timestamps, trade_ids
from pipelines.simulator.sink import Sink
from pipelines.simulator.trading import kernel

LISTED, BLOCK = 0, 1
_MODES = ("listed", "block")
_SIDES = ("buy", "sell")
_EVENTS = ("new", "amend", "cancel", "expire")
_EVENT_WIDTH = 10
_TRADE_WIDTH = 12

# Columns of recorded events and trades; order numbers are running numbers of the month.
E_MOMENT, E_ORDER, E_EVENT, E_ACCOUNT, E_SIDE, E_PRICE, E_OPEN, E_TAG, E_ASSET, E_MODE = range(_EVENT_WIDTH)
(
    T_MOMENT, T_PRICE, T_QUANTITY, T_BUYER, T_SELLER, T_BUY_ORDER, T_SELL_ORDER, T_AGGRESSOR, T_TAG, T_ASSET,
    T_MODE, T_NUMBER,
) = range(_TRADE_WIDTH)  # fmt: skip


@dataclass
class TradingRecords:
    """Events and trades since the last flush; `traded` counts the trades of the span so far."""

    names: list[str]
    instruments: list[str | None]
    traded: int = 0
    _events: list[list[np.ndarray]] = field(default_factory=list)
    _trades: list[np.ndarray] = field(default_factory=list)
    _events_today: list[np.ndarray] = field(default_factory=list)
    _trades_today: list[np.ndarray] = field(default_factory=list)
    _orders: int = 0
    _orders_before: int = 0
    _events_before: int = 0

    def session(self, asset: int, events: np.ndarray, trades: np.ndarray) -> None:
        """Record one session of one instrument, moments in UTC microseconds (columns of the kernel)."""
        count = int(events[:, 1].max()) + 1 if len(events) else 0
        rows = np.empty((len(events), _EVENT_WIDTH), np.int64)
        rows[:, : len(kernel.EVENT_COLUMNS)] = events
        rows[:, E_ORDER] += self._orders
        rows[:, E_ASSET], rows[:, E_MODE] = asset, LISTED
        self._events_today.append(rows)
        done = np.empty((len(trades), _TRADE_WIDTH), np.int64)
        done[:, : len(kernel.TRADE_COLUMNS)] = trades
        done[:, [T_BUY_ORDER, T_SELL_ORDER]] += self._orders
        done[:, T_ASSET], done[:, T_MODE], done[:, T_NUMBER] = asset, LISTED, 0
        self._trades_today.append(done)
        self._orders += count

    def block(
        self, asset: int, first: int, second: int, price: int, quantity: int, sides: tuple[int, int],
        seller_first: bool, tag: int,
    ) -> None:  # fmt: skip
        """Record a block: one side's order at `first`, the other's and the trade at `second`.

        `sides` are buyer and seller, moments UTC microseconds, the price cents.
        """
        earlier, later = (kernel.SELL, kernel.BUY) if seller_first else (kernel.BUY, kernel.SELL)
        order = {earlier: self._orders, later: self._orders + 1}
        rows = [
            (moment, order[side], kernel.NEW, sides[side], side, price, quantity, tag, asset, BLOCK)
            for moment, side in ((first, earlier), (second, later))
        ]
        self._events_today.append(np.array(rows, np.int64))
        trade = (
            second + 1, price, quantity, *sides, order[kernel.BUY], order[kernel.SELL], later, tag,
            asset, BLOCK, 0,
        )  # fmt: skip
        self._trades_today.append(np.array([trade], np.int64))
        self._orders += 2

    def close_day(self) -> np.ndarray:
        """The day's trades in time, with their running numbers over the span."""
        events, trades = (
            _in_time(self._events_today, _EVENT_WIDTH),
            _in_time(self._trades_today, _TRADE_WIDTH),
        )
        trades[:, T_NUMBER] = self.traded + np.arange(len(trades))
        self.traded += len(trades)
        # A month of a national market is kept: only moments need 64 bits.
        self._events.append(
            [events[:, n].astype(np.int64 if n == E_MOMENT else np.int32) for n in range(_EVENT_WIDTH)]
        )
        self._trades.append(trades)
        self._events_today.clear()
        self._trades_today.clear()
        return trades

    def flush(self, month: str, sink: Sink) -> None:
        """Write the orders and trades of a month that is over, and forget them."""
        trades = np.concatenate([np.empty((0, _TRADE_WIDTH), np.int64), *self._trades])
        events = [np.concatenate(column) for column in zip(*self._events, strict=True)]
        self._events.clear()
        self._trades.clear()
        if events and len(events[E_MOMENT]):
            fresh = events[E_ORDER][events[E_EVENT] == kernel.NEW]
            place = np.empty(self._orders, np.int64)
            place[fresh] = self._orders_before + np.arange(len(fresh))
            sink.write("orders", self._orders_frame(events, place), month)
            sink.write("trades", self._trades_frame(trades, place), month)
            self._events_before += len(events[E_MOMENT])
        self._orders_before += self._orders
        self._orders = 0

    def _orders_frame(self, events: list[np.ndarray], place: np.ndarray) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "event_id": numbered("E", self._events_before + np.arange(len(events[E_MOMENT]))),
                "order_id": numbered("O", place[events[E_ORDER]]),
                "ts": timestamps(events[E_MOMENT]),
                "event": _words(_EVENTS, events[E_EVENT]),
                "account_id": _words(self.names, events[E_ACCOUNT]),
                "instrument_id": _words(self.instruments, events[E_ASSET]),
                "side": _words(_SIDES, events[E_SIDE]),
                "mode": _words(_MODES, events[E_MODE]),
                "price": money(events[E_PRICE]),
                "quantity": events[E_OPEN],
                "tag": events[E_TAG],
            }
        )

    def _trades_frame(self, trades: np.ndarray, place: np.ndarray) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "trade_id": trade_ids(trades[:, T_NUMBER]),
                "ts": timestamps(trades[:, T_MOMENT]),
                "instrument_id": _words(self.instruments, trades[:, T_ASSET]),
                "mode": _words(_MODES, trades[:, T_MODE]),
                "price": money(trades[:, T_PRICE]),
                "quantity": trades[:, T_QUANTITY],
                "buy_account_id": _words(self.names, trades[:, T_BUYER]),
                "sell_account_id": _words(self.names, trades[:, T_SELLER]),
                "buy_order_id": numbered("O", place[trades[:, T_BUY_ORDER]]),
                "sell_order_id": numbered("O", place[trades[:, T_SELL_ORDER]]),
                "aggressor": _words(_SIDES, trades[:, T_AGGRESSOR]),
                "tag": trades[:, T_TAG],
            }
        )


def _words(words: list[str] | list[str | None] | tuple[str, ...], positions: np.ndarray) -> pl.Series:
    return pl.Series(list(words), dtype=pl.String).gather(positions.astype(np.uint32))


def _in_time(parts: list[np.ndarray], width: int) -> np.ndarray:
    rows = np.concatenate([np.empty((0, width), np.int64), *parts])
    return rows[np.argsort(rows[:, 0], kind="stable")]
