"""Conflicting laboratory dates: reports whose steps cannot have happened in that order, or all at once."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.plan import LabDates

# Form, severity, months touched.
_SHAPES = (
    ("tested before received", "faint", 1),
    ("tested before sampled", "plain", 4),
    ("reported before tested", "plain", 3),
    ("one test in bulk, split in months", "blatant", 9),
)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case a shape, each at one coal-fired unit."""
    for form, severity, length in _SHAPES:
        unit = stage.cast.unit(rng, stage.world.fleet.is_analysed)
        first = 12 + int(rng.integers(0, 10))
        months = list(range(first, first + length))
        edits = [_edit(stage, rng, form, unit, month, months) for month in months]
        stage.plan.lab_dates.extend(edits)
        stage.open_case(
            "lab_date_conflict",
            severity,
            f"{form}, {length} samples",
            stage.unit_subjects(unit),
            stage.month_window(first, months[-1]),
            {"lab_tests": [[stage.world.fleet.id[unit], stage.months[m].isoformat()] for m in months]},
        )


def _edit(
    stage: Stage, rng: np.random.Generator, form: str, unit: int, month: int, months: list[int]
) -> LabDates:
    sampled = _month_end(stage, month)
    step = timedelta(days=int(rng.integers(1, 4)))
    if form == "tested before received":
        return LabDates(unit, month, sampled, sampled + step + timedelta(days=1), sampled + step)
    if form == "tested before sampled":
        return LabDates(unit, month, sampled, tested_on=sampled - 2 * step)
    if form == "reported before tested":
        tested = sampled + timedelta(days=9) + step
        return LabDates(unit, month, sampled, tested_on=tested, reported_on=tested - step)
    together = _month_end(stage, months[len(months) // 2]) + timedelta(days=6)
    received = sampled + step
    return LabDates(unit, month, sampled, received, together, received + 3 * step)


def _month_end(stage: Stage, month: int) -> date:
    return calendar.next_month(stage.months[month]) - timedelta(days=1)
