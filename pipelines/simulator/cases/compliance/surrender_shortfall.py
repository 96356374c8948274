"""Surrender shortfalls: a company surrenders too little by the deadline; some surrender the rest later.

Look-alikes: companies that surrender in parts on the last day, the last part late in the evening.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.compliance.duties import afternoon, emitters, surrender_due, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

_LACKING = {"faint": (0.002, 0.012), "plain": (0.03, 0.15), "blatant": (0.3, 0.9)}
_MADE_GOOD = 0.35  # share of the cases
_LATEST_EVENING = 21.5 * 3600


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        entity = take(planner, rng, emitters(planner))
        year = take_year(planner, rng, entity)
        lacking = float(rng.uniform(*_LACKING[severity]))
        registry = planner.plan.registry
        registry.surrender_share[entity, year] = 1 - lacking
        late = ""
        due = surrender_due(year)
        if rng.random() < _MADE_GOOD:
            span = (planner.timeline.as_of - due).days - 2
            days = int(rng.integers(3, max(min(span, 90), 4)))
            registry.surrendered_late[entity, year] = due + timedelta(days=days)
            late = f", made good {days} days late"
        code = planner.world.entities.id[entity]
        registry.tags["surrender", entity, year] = planner.open_case(
            KIND.name,
            severity,
            f"{lacking:.1%} of the obligation of {year} not surrendered{late}",
            [code],
            planner.year_window(year),
            {"compliance": [[code, year]]},
        )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for number in range(planner.scale.cases_per_kind):
        entity = take(planner, rng, emitters(planner))
        year = take_year(planner, rng, entity)
        due = surrender_due(year)
        if number % 2:
            parts: tuple[tuple[date, float, float], ...] = ((due, _LATEST_EVENING, 1.0),)
            text = "everything surrendered on the last evening"
        else:
            share = round(float(rng.uniform(0.6, 0.97)), 3)
            parts = ((due, afternoon(rng), share), (due, float(rng.uniform(18.5, 21.5)) * 3600, 1 - share))
            text = f"{share:.1%} surrendered on the last afternoon, the rest made good the same evening"
        planner.plan.registry.surrender_parts[entity, year] = parts
        code = planner.world.entities.id[entity]
        planner.note_lookalike(KIND.name, text, [code], planner.year_window(year))


KIND = Kind(
    "surrender_shortfall", _arrange, _resemble, "surrendered on the last evening, or in parts that day"
)
