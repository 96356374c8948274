"""More credits surrendered than 5 % of the obligation. Look-alike: exactly 5 %."""

from __future__ import annotations

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.cases.compliance.duties import emitters, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

# Credits as a part of the obligation.
_SHARES = {"faint": (0.0504, 0.054), "plain": (0.058, 0.09), "blatant": (0.11, 0.3)}


def _smaller(planner: CasePlanner) -> list[int]:
    """The smaller half of the emitters by capacity, for whom so many credits can be had."""
    fleet = planner.world.fleet
    sizes = np.bincount(
        fleet.entity,
        weights=np.where(fleet.is_power, fleet.capacity, 0.0),
        minlength=len(planner.world.entities),
    )
    power = [entity for entity in emitters(planner) if planner.world.entities.sector[entity] == "power"]
    median = float(np.median(sizes[power])) if power else 0.0
    return [entity for entity in power if sizes[entity] <= median]


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        entity = take(planner, rng, _smaller(planner))
        year = take_year(planner, rng, entity)
        share = float(rng.uniform(*_SHARES[severity]))
        planner.plan.registry.offset_share[entity, year] = share
        code = planner.world.entities.id[entity]
        planner.plan.registry.tags["offset", entity, year] = planner.open_case(
            KIND.name,
            severity,
            f"credits for {share:.2%} of the obligation of {year}",
            [code],
            planner.year_window(year),
            {"compliance": [[code, year]]},
        )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for _ in range(planner.scale.cases_per_kind):
        entity = take(planner, rng, _smaller(planner))
        year = take_year(planner, rng, entity)
        planner.plan.registry.offset_share[entity, year] = law.offset_cap(year)
        code = planner.world.entities.id[entity]
        planner.note_lookalike(KIND.name, "exactly 5 % in credits", [code], planner.year_window(year))


KIND = Kind("offset_cap_exceeded", _arrange, _resemble, "exactly 5 % of the obligation in credits")
