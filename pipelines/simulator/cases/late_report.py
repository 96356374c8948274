"""Late reports: a monthly report some days late, annual reports weeks or months late."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.stage import Stage

_FIRST_LATE_DAY = 40  # days after the following month has begun
_ANNUAL_DAYS_LATE = {"plain": 12, "blatant": 75}


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Three months of one unit a little late, one annual report late, one very late."""
    fleet = stage.world.fleet
    unit = stage.cast.unit(rng, fleet.is_power)
    first = int(rng.integers(14, 30))
    months = list(range(first, first + 3))
    for month in months:
        stage.plan.month_filed_after[unit, month] = _FIRST_LATE_DAY + float(rng.uniform(1, 4))
    rows: list[list[str | int]] = [
        [fleet.id[unit], stage.months[month].isoformat(), str(fleet.fuel[unit]), 1] for month in months
    ]
    stage.open_case(
        "late_report",
        "faint",
        "three monthly reports filed some days late",
        stage.unit_subjects(unit),
        stage.month_window(first, months[-1]),
        {"activity_reports": rows},
    )
    for severity, days in _ANNUAL_DAYS_LATE.items():
        entity = stage.cast.accounts(rng, stage.power, 1)[0]
        year = int(rng.integers(2023, 2025))
        late = days + int(rng.integers(0, 5))
        stage.plan.year_filed_on[entity, year] = date(year + 1, 3, 31) + timedelta(days=late)
        code = stage.world.entities.id[entity]
        stage.open_case(
            "late_report",
            severity,
            f"annual report {late} days late",
            [code],
            stage.year_window(year),
            {"emission_reports": [[code, year, 1]]},
        )
