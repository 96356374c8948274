"""90 % intervals of the figures: how much they may differ by chance.

Plain formulas give intervals that are too narrow here: several alerts may find one case, and one alert
several cases: these are not independent. So the unit of resampling is a *happening*: cases and alerts that
are linked by finding, a case that nothing finds, or a wrong alert.

Shares (recall, precision) have Wilson's score interval (Wilson 1927), which stays inside 0 and 1 and says
something at 0 of n and n of n, where a bootstrap says nothing (Brown, Cai and DasGupta 2001). n is the
effective number of independent observations, (sum m)^2 / sum m^2 over happenings with m observations each
(Kish 1965): members of one happening are all found or all right together. Without links that is n itself.

Ranking figures and means over kinds have percentile intervals of a bootstrap (Efron and Tibshirani 1993)
that resamples whole happenings (clusters: Field and Welsh 2007), kind by kind. Happenings with a case are
drawn with replacement, as many as there are: how many cases are planted is given. Each wrong alert is drawn a
Poisson(1) number of times (Hanley and MacGibbon 2006): how many false alarms another such market would
raise is chance too. Where all resamples agree (nothing found, or everything first) the bootstrap
is degenerate and there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CONFIDENCE = 0.9
RESAMPLES = 1_000
SEED = 7
_Z = 1.6448536269514722  # 95th percentile of the standard normal: a two-sided 90 % interval
_BOUNDS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)

Interval = tuple[float, float] | tuple[None, None]
NONE: Interval = (None, None)


@dataclass(frozen=True)
class Happenings:
    """Number of the happening that each case and each alert belongs to."""

    of_case: NDArray[np.int64]
    of_alert: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many there are."""
        return 1 + max(self.of_case.max(initial=-1), self.of_alert.max(initial=-1))


def happenings(cases: int, alerts: int, finds: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Happenings:
    """Connected components of the graph of finding; `finds` pairs positions of alerts with cases'."""
    alert, case = finds
    size = cases + alerts
    links = coo_array((np.ones(len(alert), np.int8), (case, alert + cases)), shape=(size, size))
    _, component = connected_components(links, directed=False)
    component = component.astype(np.int64)
    return Happenings(component[:cases], component[cases:])


def resample(
    groups: Sequence[tuple[str, NDArray[np.int64], NDArray[np.int64]]], count: int, resamples: int, seed: int
) -> NDArray[np.uint8]:
    """How often each happening is drawn: one row a resample, one column a happening.

    Each group is a kind's name and the happenings of its cases and of its alerts. A kind draws from a
    stream of its own, so that its intervals do not move when another kind's alerts change.
    """
    drawn = np.zeros((resamples, count), np.uint8)
    for name, of_cases, of_alerts in groups:
        rng = np.random.default_rng([seed, crc32(name.encode())])
        with_case = np.unique(of_cases)
        wrong = np.setdiff1d(of_alerts, with_case)
        if len(with_case):
            even = np.full(len(with_case), 1 / len(with_case))
            drawn[:, with_case] = rng.multinomial(len(with_case), even, size=resamples)
        drawn[:, wrong] = rng.poisson(1.0, size=(resamples, len(wrong)))
    return drawn


def percentiles(figures: NDArray[np.float64]) -> Interval:
    """The middle 90 % of a figure over resamples; none where all resamples agree."""
    if not len(figures) or figures.max() - figures.min() < 1e-12:
        return NONE
    low, high = np.quantile(figures, _BOUNDS)
    return float(low), float(high)


def wilson(share: float, happening: NDArray[np.int64]) -> Interval:
    """Wilson's interval of a share of observations, given the happening of each; none without any."""
    sizes = np.bincount(happening)
    if not sizes.sum():
        return NONE
    n = float(sizes.sum()) ** 2 / float((sizes.astype(float) ** 2).sum())
    spread = _Z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)
