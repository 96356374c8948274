"""What the exchange publishes of its tape: orders, trades, daily figures and the list of instruments.

Identifiers are numbered in time, after everything has happened, so they tell nothing about why a row
is there.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulator.frames import money, timestamps
from pipelines.simulator.registry import VINTAGES
from pipelines.simulator.trading.market import DayFigures
from pipelines.simulator.trading.session import Tape
from pipelines.simulator.world import World


def instrument_id(vintage: int) -> str:
    """Published id of a vintage's instrument."""
    return f"CEA{vintage % 100}"


def instruments() -> pl.DataFrame:
    """One row a vintage."""
    frame = pl.DataFrame(
        {
            "instrument_id": [instrument_id(vintage) for vintage in VINTAGES],
            "unit_type": ["CEA"] * len(VINTAGES),
            "vintage": list(VINTAGES),
            "tick": ["0.01"] * len(VINTAGES),
            "lot": [1] * len(VINTAGES),
        }
    )
    return frame.with_columns(pl.col("tick").cast(pl.Decimal(12, 4)))


def market_days(days: list[DayFigures]) -> pl.DataFrame:
    """One row a day and instrument."""
    frame = pl.DataFrame(
        {
            "date": [figures.day for figures in days],
            "instrument_id": [instrument_id(figures.vintage) for figures in days],
        }
    )
    prices = ("previous_close", "limit_down", "limit_up", "open", "high", "low", "close")
    frame = frame.with_columns(
        *(money([getattr(figures, name) for figures in days]).alias(name) for name in prices)
    )
    for mode in ("listed", "block"):
        volume = pl.Series(f"{mode}_volume", [getattr(f, f"{mode}_volume") for f in days], dtype=pl.Int64)
        value = money([getattr(f, f"{mode}_value") for f in days], 20).alias(f"{mode}_value")
        frame = frame.with_columns(volume, value)
    return frame


def orders(world: World, tape: Tape) -> tuple[pl.DataFrame, dict[int, str]]:
    """Order events in time, and the published id of every order by its number."""
    ids = world.accounts.id
    rows = [row for _, row in sorted(enumerate(tape.events), key=lambda item: (item[1][0], item[0]))]
    moments, numbers, events, accounts, vintages, sides, modes, prices, quantities = zip(*rows, strict=True)
    order_ids: dict[int, str] = {}
    for number in numbers:
        order_ids.setdefault(number, f"O-{len(order_ids) + 1:09d}")
    frame = pl.DataFrame(
        {
            "event_id": [f"E-{number:09d}" for number in range(1, len(rows) + 1)],
            "order_id": [order_ids[number] for number in numbers],
            "ts": timestamps(moments),
            "event": events,
            "account_id": [ids[account] for account in accounts],
            "instrument_id": [instrument_id(vintage) for vintage in vintages],
            "side": sides,
            "mode": modes,
            "price": money(prices),
            "quantity": quantities,
        }
    )
    return frame, order_ids


def trades(world: World, tape: Tape, order_ids: dict[int, str]) -> tuple[pl.DataFrame, dict[int, str]]:
    """Trades in time, and the published id of every trade by its place on the tape.

    The column `tag` is for labels and is not published.
    """
    ids = world.accounts.id
    rows = sorted(enumerate(tape.trades), key=lambda item: (item[1][0], item[0]))
    trade_ids = {place: f"T-{number:09d}" for number, (place, _) in enumerate(rows, start=1)}
    moments, vintages, modes, prices, quantities, buyers, sellers, buys, sells, aggressors, tags = zip(
        *(row for _, row in rows), strict=True
    )
    frame = pl.DataFrame(
        {
            "trade_id": list(trade_ids.values()),
            "ts": timestamps(moments),
            "instrument_id": [instrument_id(vintage) for vintage in vintages],
            "mode": modes,
            "price": money(prices),
            "quantity": quantities,
            "buy_account_id": [ids[account] for account in buyers],
            "sell_account_id": [ids[account] for account in sellers],
            "buy_order_id": [order_ids[number] for number in buys],
            "sell_order_id": [order_ids[number] for number in sells],
            "aggressor": aggressors,
            "tag": pl.Series(tags, dtype=pl.Int64),
        }
    )
    return frame, trade_ids
