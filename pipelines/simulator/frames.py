"""Small steps between arrays and frames that several parts share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl


def timestamps(microseconds: np.ndarray | Sequence[int]) -> pl.Series:
    """UTC timestamps from microseconds since 1970."""
    return pl.Series(np.asarray(microseconds, dtype=np.int64)).cast(pl.Datetime("us", "UTC"))


def money(cents: np.ndarray | Sequence[int], precision: int = 12) -> pl.Series:
    """Exact amounts with two decimals from whole cents."""
    values = pl.Series(np.asarray(cents, dtype=np.int64)).cast(pl.Decimal(38, 2)) / 100
    return values.cast(pl.Decimal(precision, 2))


def numbered(mark: str, numbers: np.ndarray) -> pl.Series:
    """Published ids such as `O-000000001` from running numbers that begin with 0."""
    digits = pl.Series("number", np.asarray(numbers, dtype=np.int64) + 1).cast(pl.String).str.zfill(9)
    return f"{mark}-" + digits


def trade_ids(numbers: np.ndarray) -> pl.Series:
    """Published ids of trades from their running numbers."""
    return numbered("T", numbers)
