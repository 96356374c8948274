"""Emitters over the listing threshold that the list of key emitters leaves out.

Faint and plain cases are small companies that have grown above the threshold, blatant cases are key emitters
that were removed from the list although they emit as before. Look-alikes: small companies just below, and
ones that left the list lawfully.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.cases.compliance.duties import emitters, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.directories import struck_off_on

# Yearly emissions as a multiple of the threshold.
_SIZES = {"faint": (1.02, 1.2), "plain": (1.5, 3.5)}
_BELOW = (0.95, 0.995)


def _small(planner: CasePlanner) -> list[int]:
    return np.flatnonzero(planner.world.entities.is_small).tolist()


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        if severity == "blatant":
            _forgotten(planner, rng, severity)
        else:
            _grown(planner, rng, severity)


def _grown(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    entity = take(planner, rng, _small(planner), ("plant",))
    planner.participants.take(rng, "plant", [entity], 1)
    year = planner.timeline.compliance_years[-1]
    tonnes = law.listing_threshold() * float(rng.uniform(*_SIZES[severity]))
    planner.plan.emitters.yearly_emissions[entity] = tonnes
    _open(planner, severity, entity, year, f"about {tonnes:,.0f} t a year and never listed")


def _forgotten(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    before = struck_off_on(planner.timeline)
    listed_on = planner.world.entities.listed_on
    known = [entity for entity in emitters(planner) if (since := listed_on[entity]) and since < before]
    entity = take(planner, rng, known, ("plant", "market"))
    for pool in ("plant", "market"):
        planner.participants.take(rng, pool, [entity], 1)
    planner.plan.registry.unlisted.add(entity)
    _open(
        planner,
        severity,
        entity,
        take_year(planner, rng, entity),
        "a company of full size and struck off the list",
    )


def _open(planner: CasePlanner, severity: str, entity: int, year: int, text: str) -> None:
    code = planner.world.entities.id[entity]
    affected: dict[str, list[list[str | int]]] = {"entities": [[code]], "emission_reports": [[code, year, 1]]}
    planner.open_case(KIND.name, severity, text, [code], planner.year_window(year), affected)


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    small = _small(planner)
    # Small companies are few, and most of them must stay free for the cases of several kinds.
    count = min(planner.scale.cases_per_kind, max(len(small) // 5, 1))
    for number in range(count):
        entity = take(planner, rng, small, ("plant",))
        planner.participants.take(rng, "plant", [entity], 1)
        planner.plan.emitters.yearly_emissions[entity] = law.listing_threshold() * float(rng.uniform(*_BELOW))
        text = "just below the threshold, year after year"
        if number % 2:
            first = date(planner.timeline.compliance_years[0], 1, 1)
            day = first + timedelta(days=int(rng.integers(0, 300)))
            planner.plan.registry.exits[entity] = day
            text = "listed once and left the list lawfully, below the threshold since"
        code = planner.world.entities.id[entity]
        years = planner.timeline.compliance_years
        window = planner.year_window(years[0])[0], planner.year_window(years[-1])[1]
        planner.note_lookalike(KIND.name, text, [code], window)


KIND = Kind("unlisted_emitter", _arrange, _resemble, "just below the threshold, or off the list lawfully")
