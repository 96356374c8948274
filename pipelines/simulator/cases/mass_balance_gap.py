"""Mass-balance gaps: a unit reports less than it burns, while meters, CEMS and electricity tell the truth.

Three forms: too little fuel, too little carbon in it, or emissions below what the report's own figures give.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.stage import Stage

# Form, severity, share left out, months, first possible month of 2024.
_SHAPES = (
    ("fuel", "faint", 0.03, 12, 1),
    ("fuel", "plain", 0.08, 8, 4),
    ("fuel", "blatant", 0.20, 6, 6),
    ("carbon", "plain", 0.08, 9, 3),
    ("emissions", "faint", 0.02, 10, 2),
    ("emissions", "blatant", 0.15, 6, 6),
)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case a shape, each at a coal-fired unit that is analysed every month."""
    fleet = stage.world.fleet
    first_of_2024 = next(n for n, month in enumerate(stage.months) if month.year == 2024)
    for form, severity, share, length, latest in _SHAPES:
        unit = stage.cast.unit(rng, fleet.is_analysed)
        first = first_of_2024 + int(rng.integers(0, latest))
        last = first + length - 1
        factor = {
            "fuel": stage.plan.fuel_factor,
            "carbon": stage.plan.carbon_factor,
            "emissions": stage.plan.emission_factor,
        }[form]
        factor[first : last + 1, unit] = 1 - share * rng.uniform(0.9, 1.1, length)
        rows: list[list[str | int]] = [
            [fleet.id[unit], month.isoformat(), str(fleet.fuel[unit]), 1]
            for month in stage.months[first : last + 1]
        ]
        stage.open_case(
            "mass_balance_gap",
            severity,
            f"{form} understated by about {share:.0%} for {length} months",
            stage.unit_subjects(unit),
            stage.month_window(first, last),
            {"activity_reports": rows},
        )
