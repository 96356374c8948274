"""Runs of closes at the daily limit: the value jumps faster than the limit lets the price follow."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.stage import Stage

# At the limit two known sides cannot meet, so runs keep clear of the months of arranged deals.
# Severity, vintage, earliest and latest beginning, days at the limit, direction.
_RUNS = (
    ("faint", 2023, date(2025, 1, 6), date(2025, 1, 13), 2, 1),
    ("plain", 2024, date(2025, 5, 6), date(2025, 5, 12), 3, -1),
    ("blatant", 2023, date(2025, 9, 2), date(2025, 9, 9), 5, 1),
)
_STEP = float(np.log(1.1))
_BEYOND = 0.05
_WAY_BACK = 0.045


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One run a line, after which the value comes back day by day inside the limits."""
    for severity, vintage, first, last, length, sign in _RUNS:
        days = stage.days_from(rng, first, last, length + 14)
        for number, day in enumerate(days):
            up = _STEP * min(number + 1, length) + _BEYOND
            down = _WAY_BACK * max(number + 1 - length, 0) + (_BEYOND if number >= length else 0.0)
            stage.plan.shocks[day, vintage] = sign * max(up - down, 0.0)
        instrument = f"CEA{vintage % 100}"
        stage.open_case(
            "price_limit_hits",
            severity,
            f"the value jumps by {length} daily limits",
            [instrument],
            (calendar.utc_midnight(days[0]), calendar.utc_midnight(days[length])),
            {"market_days": [[day.isoformat(), instrument] for day in days[:length]]},
        )
