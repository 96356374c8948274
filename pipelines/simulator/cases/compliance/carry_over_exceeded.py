"""More carried over than the base amount and the net sales admit.

Look-alike: exactly the bound. Both are companies that hold many allowances of older vintages and sell none of
them, so that their bound is low and their holding is high.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator.cases.compliance.duties import emitters, take
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

# Carried over as a multiple of the bound.
_FACTORS = {"faint": (1.02, 1.12), "plain": (1.25, 2.0), "blatant": (2.5, 6.0)}
_HELD = (7.0, 16.0)  # older allowances in multiples of the base amount
_COUNTED_FROM = date(2024, 1, 1)  # [C-13]


def _hoarder(planner: CasePlanner, rng: np.random.Generator) -> int:
    power = [entity for entity in emitters(planner) if planner.world.entities.sector[entity] == "power"]
    entity = take(planner, rng, power, ("market",))
    planner.participants.take(rng, "market", [entity], 1)
    held = int(law.carry_over(2025)[0] * rng.uniform(*_HELD))
    opening = planner.plan.registry.opening
    asset = int(rng.choice(_older(planner)))
    opening[entity, asset] = opening.get((entity, asset), 0) + held
    planner.plan.trading.withhold([entity], planner.timeline.trading_days)
    return entity


def _older(planner: CasePlanner) -> list[int]:
    """Allowances that are outstanding when the span begins."""
    first = planner.timeline.compliance_years[0]
    return [
        column
        for column, asset in enumerate(planner.timeline.assets)
        if asset.is_allowance and asset.vintage is not None and asset.vintage < first
    ]


def _window(planner: CasePlanner) -> tuple[int, int]:
    """From the first day whose sales count to the day from which the market is looked at."""
    return calendar.utc_midnight(_COUNTED_FROM), calendar.utc_midnight(
        planner.timeline.as_of + timedelta(days=1)
    )


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    year = planner.timeline.compliance_years[-1]
    for severity in planner.severities(rng):
        entity = _hoarder(planner, rng)
        factor = float(rng.uniform(*_FACTORS[severity]))
        planner.plan.registry.carry_over_factor[entity] = factor
        planner.plan.registry.tags["carry_over", entity, year] = planner.open_case(
            KIND.name,
            severity,
            f"{factor:.2f} times as much carried over as the rule admits",
            [planner.world.entities.id[entity], planner.world.accounts.id[entity]],
            _window(planner),
        )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for _ in range(planner.scale.cases_per_kind):
        entity = _hoarder(planner, rng)
        planner.plan.registry.carry_over_factor[entity] = 1.0
        planner.note_lookalike(
            KIND.name,
            "carried over exactly what the rule admits, of much more held",
            [planner.world.entities.id[entity], planner.world.accounts.id[entity]],
            _window(planner),
        )


KIND = Kind(
    "carry_over_exceeded", _arrange, _resemble, "exactly the bound carried over, the rest left to lapse"
)
