"""More credits surrendered than 5 % of the obligation. Look-alike: exactly as many as the rule admits."""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.compliance.duties import OFFSET_CAP, emitters, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage

# Credits as a part of the obligation.
_SHARES = {"faint": (0.0504, 0.054), "plain": (0.058, 0.09), "blatant": (0.11, 0.3)}


def _smaller(stage: Stage) -> list[int]:
    """The smaller half of the emitters by capacity, for whom so many credits can be had."""
    fleet = stage.world.fleet
    sizes = np.bincount(
        fleet.entity,
        weights=np.where(fleet.is_power, fleet.capacity, 0.0),
        minlength=len(stage.world.entities),
    )
    power = [entity for entity in emitters(stage) if stage.world.entities.sector[entity] == "power"]
    median = float(np.median(sizes[power])) if power else 0.0
    return [entity for entity in power if sizes[entity] <= median]


def _arrange(stage: Stage, rng: np.random.Generator) -> None:
    for severity in stage.severities(rng):
        entity = take(stage, rng, _smaller(stage))
        year = take_year(stage, rng, entity)
        share = float(rng.uniform(*_SHARES[severity]))
        stage.plan.registry.offset_share[entity, year] = share
        code = stage.world.entities.id[entity]
        stage.plan.registry.tags["offset", entity, year] = stage.open_case(
            KIND.name,
            severity,
            f"credits for {share:.2%} of the obligation of {year}",
            [code],
            stage.year_window(year),
            {"compliance": [[code, year]]},
        )


def _resemble(stage: Stage, rng: np.random.Generator) -> None:
    for _ in range(stage.scale.cases_per_kind):
        entity = take(stage, rng, _smaller(stage))
        year = take_year(stage, rng, entity)
        stage.plan.registry.offset_share[entity, year] = OFFSET_CAP
        code = stage.world.entities.id[entity]
        stage.note_lookalike(KIND.name, "exactly 5 % in credits", [code], stage.year_window(year))


KIND = Kind("offset_cap_exceeded", _arrange, _resemble, "exactly 5 % of the obligation in credits")
