"""Missing reports: a month, half a year of months, or the annual report never comes.

Without an annual report there are no verified emissions, no final allocation and no surrender.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.stage import Stage

_MONTHS = {"faint": 1, "plain": 6}


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case a severity."""
    for severity, length in _MONTHS.items():
        unit = stage.cast.unit(rng, stage.world.fleet.is_power)
        first = int(rng.integers(13, 34 - length))
        stage.plan.month_missing.update((unit, month) for month in range(first, first + length))
        stage.open_case(
            "missing_report",
            severity,
            f"{length} monthly reports never filed",
            stage.unit_subjects(unit),
            stage.month_window(first, first + length - 1),
        )
    entity = stage.cast.accounts(rng, stage.power, 1)[0]
    year = int(rng.integers(2023, 2025))
    stage.plan.year_missing.add((entity, year))
    stage.open_case(
        "missing_report",
        "blatant",
        "annual report never filed",
        [stage.world.entities.id[entity]],
        stage.year_window(year),
    )
