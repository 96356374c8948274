"""The exchange's own daily figures and its list of instruments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import law
from pipelines.simulator.frames import money
from pipelines.simulator.instruments import Asset
from pipelines.simulator.trading import records as t

_PRICES = ("previous_close", "limit_down", "limit_up", "open", "high", "low", "close")
_AMOUNTS = ("listed_volume", "listed_value", "block_volume", "block_value")


def limits(previous_close: int, percent: int) -> tuple[int, int]:
    """Lowest and highest price in cents, so many per cent from the previous close [B-04]."""
    low = (previous_close * (100 - percent) + 50) // 100
    return low, (previous_close * (100 + percent) + 50) // 100


@dataclass
class DayFigures:
    """Figures of every day and instrument so far; money in cents."""

    _days: list[date] = field(default_factory=list)
    _assets: list[int] = field(default_factory=list)
    _rows: list[tuple[int, ...]] = field(default_factory=list)

    def note(self, day: date, asset: int, previous_close: int, trades: np.ndarray) -> int:
        """Figures of one day from its trades in time; returns the close.

        The close is the average price of the listed trades; without any, the previous close stands for all
        prices [B-05].
        """
        low, high = limits(previous_close, law.price_limit_pct("listed"))
        is_listed = trades[:, t.T_MODE] == t.LISTED
        values = trades[:, t.T_PRICE] * trades[:, t.T_QUANTITY]
        volume, value = int(trades[is_listed, t.T_QUANTITY].sum()), int(values[is_listed].sum())
        prices = trades[is_listed, t.T_PRICE]
        close = (2 * value + volume) // (2 * volume) if volume else previous_close
        ohlc = (
            (int(prices[0]), int(prices.max()), int(prices.min()), close) if volume else (previous_close,) * 4
        )
        block = int(trades[~is_listed, t.T_QUANTITY].sum()), int(values[~is_listed].sum())
        self._days.append(day)
        self._assets.append(asset)
        self._rows.append((previous_close, low, high, *ohlc, volume, value, *block))
        return close

    def table(self, assets: tuple[Asset, ...]) -> pl.DataFrame:
        """`market_days`: one row a day and instrument."""
        rows = np.array(self._rows, np.int64).reshape(-1, len(_PRICES) + len(_AMOUNTS))
        frame = pl.DataFrame(
            {
                "date": pl.Series(self._days, dtype=pl.Date),
                "instrument_id": pl.Series([assets[a].instrument_id for a in self._assets], dtype=pl.String),
            }
        )
        frame = frame.with_columns(money(rows[:, n]).alias(name) for n, name in enumerate(_PRICES))
        amounts = rows[:, len(_PRICES) :]
        return frame.with_columns(
            pl.Series("listed_volume", amounts[:, 0]),
            money(amounts[:, 1], 20).alias("listed_value"),
            pl.Series("block_volume", amounts[:, 2]),
            money(amounts[:, 3], 20).alias("block_value"),
        )


def instruments(assets: tuple[Asset, ...]) -> pl.DataFrame:
    """`instruments`: one row an asset that is traded."""
    traded = [asset for asset in assets if asset.instrument_id]
    return pl.DataFrame(
        {
            "instrument_id": [asset.instrument_id for asset in traded],
            "unit_type": [asset.unit_type for asset in traded],
            "vintage": pl.Series([asset.vintage for asset in traded], dtype=pl.Int64),
            "tick": pl.Series(["0.01"] * len(traded)).cast(pl.Decimal(12, 4)),
            "lot": [1] * len(traded),
        }
    )
