"""Sets of accounts that meet far more often in some weeks than chance explains (`rates`).

Belongs here: the weeks that are looked at, and the sets of all of them. Does not belong here: the search in
one stretch of weeks (`growing`), positions, scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

import numpy as np

from anomaly.core.parts import Once
from anomaly.detectors.manipulation.wash_trade.book import Trades
from anomaly.detectors.manipulation.wash_trade.growing import Span
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.rates import Week

LENGTHS = (1, 2, 4)
# The log of the smallest probability that is written as a number.
SMALLEST = -690.0


@dataclass(frozen=True)
class Suspects:
    """A set of accounts that met far more often than chance within some weeks."""

    accounts: tuple[str, ...]
    first_week: datetime
    last_week: datetime
    meetings: int
    expected: float
    p_value: float


def suspect_sets(trades: Trades, limits: Limits, once: Once) -> list[Suspects]:
    """Sets of accounts that meet more often than chance, the most surprising first.

    Every stretch of one, two and four weeks is looked at, up to the policy's longest, unless it is known
    already. `p_value` bounds the probability of so many meetings inside the set, multiplied by the number of
    sets of that size and of stretches: a union bound over everything that could have been picked.
    """
    if len(trades) < limits.closed_trades:
        return []
    weeks = trades.weeks()
    digests = [part.digest() for _, part in weeks]
    week = cache(lambda place: Week.of(weeks[place][1]))
    windows = _windows(len(weeks), limits.max_days)
    found = []
    for places in windows:
        if sum(len(weeks[place][1]) for place in places) < limits.closed_trades:
            continue
        key = ["sets", *(digests[place] for place in places)]
        for accounts, met, expected, surprise in once(
            key, partial(_sets, week, places, trades.names, limits)
        ):
            log_p = np.log(len(windows)) - surprise
            if log_p <= 0:
                span = (weeks[places[0]][0], weeks[places[-1]][0])
                p_value = float(np.exp(max(log_p, SMALLEST)))
                found.append(Suspects(tuple(accounts), *span, met, expected, p_value))
    return sorted(found, key=lambda held: (held.p_value, held.accounts, held.first_week))


def _windows(weeks: int, max_days: float) -> list[range]:
    """The stretches of weeks that are looked at, as places of their weeks."""
    lengths = [length for length in LENGTHS if 7 * length <= max_days]
    # Where there are few weeks, two lengths give the same stretch.
    return list(
        dict.fromkeys(
            range(first, min(first + length, weeks))
            for length in lengths
            for first in range(max(weeks - length + 1, 1))
        )
    )


def _sets(week: Any, places: range, names: list[str], limits: Limits) -> list[list[Any]]:
    """The sets of one stretch: accounts, meetings, expectation and surprise."""
    return [
        [sorted(names[account] for account in found.members), found.met, found.expected, found.surprise]
        for found in Span([week(place) for place in places]).sets(limits)
    ]
