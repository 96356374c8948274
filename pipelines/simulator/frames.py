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
