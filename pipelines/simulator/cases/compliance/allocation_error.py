"""Allocations that differ from what the method gives: in the final decision, or by a groundless adjustment.

Look-alike: a final decision that was wrong and that a lawful adjustment put right.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.compliance.duties import emitters, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import Adjustment

_ERRORS = {"faint": (0.006, 0.02), "plain": (0.04, 0.1), "blatant": (0.2, 0.6)}
_TOO_MUCH = 0.75  # share of the errors to the company's advantage
_BY_ADJUSTMENT = 0.3
# Adjustments come between the last final decision of a year and the rush before the surrender deadline.
_FIRST, _LAST = (10, 22), (11, 28)


def _adjusted_on(rng: np.random.Generator, year: int) -> date:
    first, last = date(year + 1, *_FIRST), date(year + 1, *_LAST)
    return first + timedelta(days=int(rng.integers(0, (last - first).days + 1)))


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        entity = take(planner, rng, emitters(planner))
        year = take_year(planner, rng, entity)
        error = float(rng.uniform(*_ERRORS[severity])) * (1 if rng.random() < _TOO_MUCH else -1)
        registry = planner.plan.registry
        if rng.random() < _BY_ADJUSTMENT:
            registry.adjustments[entity, year] = Adjustment(_adjusted_on(rng, year), 1.0, 1 + error)
            text = f"an adjustment of {error:+.1%} without ground"
        else:
            registry.allocation_factor[entity, year] = 1 + error
            text = f"final allocation {error:+.1%} off the method"
        code = planner.world.entities.id[entity]
        registry.tags["allocation", entity, year] = planner.open_case(
            KIND.name, severity, f"{text}, {year}", [code], planner.year_window(year)
        )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for _ in range(planner.scale.cases_per_kind):
        entity = take(planner, rng, emitters(planner))
        year = take_year(planner, rng, entity)
        error = float(rng.uniform(0.01, 0.12)) * (1 if rng.random() < 0.5 else -1)
        planner.plan.registry.adjustments[entity, year] = Adjustment(_adjusted_on(rng, year), 1 + error)
        planner.note_lookalike(
            KIND.name,
            f"final allocation {error:+.1%} off the method, put right by an adjustment",
            [planner.world.entities.id[entity]],
            planner.year_window(year),
        )


KIND = Kind("allocation_error", _arrange, _resemble, "a wrong final allocation that an adjustment put right")
