"""One scale for all kinds: how a figure and its threshold become a score from 0 to 1.

A score says how much of the way to certainty a finding goes, so that an official can rank a wash trade
against a false report:

- `exceedance`: a figure at its threshold scores one half, and every further threshold's worth halves what
  is left to certainty (2x: 0.75, 3x: 0.875, 4x: 0.94). Thresholds are set so that at one of them an
  inspector would shrug and at four would act.
- `certain`: a breach that the record itself proves starts at a base and grows with its size.
- `magnitude`: a quantity on a log scale from 0 to 1, for breaches that differ by powers of ten; `total` adds
  it with a weight to other such parts.
- `either`: independent figures that point the same way add up; a figure is never diluted by a weak one.

Where the order of trust matters (documents before balances before peers before digits), a detector caps what
its weaker figures may reach with `cap`.
"""

from __future__ import annotations

import math

CEILING = 0.9999


def _bounded(score: float) -> float:
    return round(min(max(score, 0.0), CEILING), 6)


def exceedance(figure: float, threshold: float, cap: float = 1.0) -> float:
    """Score of a figure against its threshold, one half where they are equal, never above `cap`."""
    if threshold <= 0:
        raise ValueError(f"a threshold to score against must be above 0, found {threshold}")
    if math.isnan(figure) or figure <= 0:
        return 0.0
    return _bounded(min(1.0 - 0.5 ** (figure / threshold), cap))


def certain(base: float, size: float, half_at: float) -> float:
    """Score of a proven breach: `base`, and half of the way to 1 for each `half_at` of its size."""
    return _bounded(base + (1.0 - base) * (1.0 - 0.5 ** (max(size, 0.0) / half_at)))


def magnitude(size: float, full: float) -> float:
    """A quantity on a log scale: 0 where there is none, 1 from `full` on, each tenfold an equal step."""
    if full <= 0:
        raise ValueError(f"a quantity to score against must be above 0, found {full}")
    return min(math.log1p(max(size, 0.0)) / math.log1p(full), 1.0)


def total(*parts: float) -> float:
    """Score of weighted parts that add up, each part's weight the most that it may give."""
    return _bounded(sum(parts))


def either(*scores: float) -> float:
    """Score of several independent figures: what is left to certainty multiplies."""
    left = 1.0
    for score in scores:
        left *= 1.0 - min(max(score, 0.0), 1.0)
    return _bounded(1.0 - left)
