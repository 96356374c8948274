"""One scale for all kinds: how a figure and its threshold become a score from 0 to 1.

A score says how far a finding is from no suspicion (0) to certainty (1), so that an official can rank a wash
trade and a false report in one list. Each takes a number or a polars expression and gives the same back:

- `exceedance`: a figure at its threshold scores one half, and each further multiple of the threshold halves
  the distance to 1 (2x: 0.75, 3x: 0.875, 4x: 0.94). Thresholds are chosen so that a figure at its threshold
  should be examined and one at four times its threshold requires action.
- `certain`: a breach that the record itself proves starts at a base and grows with its size.
- `magnitude`: a quantity on a log scale from 0 to 1, for breaches that differ by powers of ten; `total` adds
  it with a weight to other such parts.
- `either`: independent figures that support the same suspicion add up; a low figure never lowers a high one.

Where the order of trust matters (documents before balances before peers before digits), a detector caps what
its weaker figures may reach with `cap`.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import polars as pl

CEILING = 0.9999
Figure = TypeVar("Figure", float, pl.Expr)


def _bounded(score: Any) -> Any:
    if isinstance(score, pl.Expr):
        return score.clip(0.0, CEILING).round(6)
    return round(min(max(score, 0.0), CEILING), 6)


def _positive(size: Any) -> Any:
    if isinstance(size, pl.Expr):
        return size.cast(pl.Float64).clip(0.0)
    return 0.0 if math.isnan(size) else max(size, 0.0)


def _half(times: Any) -> Any:
    """The distance to a score of 1 after so many halvings."""
    return pl.lit(0.5).pow(times) if isinstance(times, pl.Expr) else 0.5**times


def exceedance(figure: Figure, threshold: Any, cap: float = 1.0) -> Figure:
    """Score of a figure against its threshold, one half where they are equal, never above `cap`."""
    if not isinstance(threshold, pl.Expr) and threshold <= 0:
        raise ValueError(f"a threshold to score against must be above 0, found {threshold}")
    score: Any = 1.0 - _half(_positive(figure) / threshold)
    return _bounded(score.clip(0.0, cap) if isinstance(score, pl.Expr) else min(score, cap))


def certain(base: float, size: Figure, half_at: float) -> Figure:
    """Score of a proven breach: `base`, and half of the way to 1 for each `half_at` of its size."""
    return _bounded(base + (1.0 - base) * (1.0 - _half(_positive(size) / half_at)))


def magnitude(size: Figure, full: float) -> Figure:
    """A quantity on a log scale: 0 where there is none, 1 from `full` on, each tenfold an equal step."""
    if full <= 0:
        raise ValueError(f"a quantity to score against must be above 0, found {full}")
    return _share_of_log(_positive(size), full)


def _share_of_log(size: Any, full: float) -> Any:
    if isinstance(size, pl.Expr):
        return (size.log1p() / math.log1p(full)).clip(0.0, 1.0)
    return min(math.log1p(size) / math.log1p(full), 1.0)


def total(*parts: Any) -> Any:
    """Score of weighted parts that add up, each part's weight the most that it may give."""
    return _bounded(sum(parts))


def either(*scores: Any) -> Any:
    """Score of several independent figures: their distances to 1 are multiplied."""
    left: Any = 1.0
    for score in scores:
        left = left * (
            1.0 - (score.clip(0.0, 1.0) if isinstance(score, pl.Expr) else min(max(score, 0.0), 1.0))
        )
    return _bounded(1.0 - left)
