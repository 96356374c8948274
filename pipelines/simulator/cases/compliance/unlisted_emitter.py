"""Emitters over the listing threshold that the list of key emitters leaves out.

Faint and plain ones are small companies that have grown over the threshold, blatant ones key emitters that
were struck off the list although they go on emitting as before. Look-alikes: small companies just below,
and ones that left the list lawfully.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.compliance.duties import LISTING_THRESHOLD, emitters, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.directories import struck_off_on

# Yearly emissions as a multiple of the threshold.
_SIZES = {"faint": (1.02, 1.2), "plain": (1.5, 3.5)}
_BELOW = (0.95, 0.995)


def _small(stage: Stage) -> list[int]:
    return np.flatnonzero(stage.world.entities.is_small).tolist()


def _arrange(stage: Stage, rng: np.random.Generator) -> None:
    for severity in stage.severities(rng):
        if severity == "blatant":
            _forgotten(stage, rng, severity)
        else:
            _grown(stage, rng, severity)


def _grown(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    entity = take(stage, rng, _small(stage), ("plant",))
    stage.cast.take(rng, "plant", [entity], 1)
    year = stage.timeline.compliance_years[-1]
    tonnes = LISTING_THRESHOLD * float(rng.uniform(*_SIZES[severity]))
    stage.plan.emitters.yearly_emissions[entity] = tonnes
    _open(stage, severity, entity, year, f"about {tonnes:,.0f} t a year and never listed")


def _forgotten(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    before = struck_off_on(stage.timeline)
    listed_on = stage.world.entities.listed_on
    known = [entity for entity in emitters(stage) if (since := listed_on[entity]) and since < before]
    entity = take(stage, rng, known, ("plant", "market"))
    for pool in ("plant", "market"):
        stage.cast.take(rng, pool, [entity], 1)
    stage.plan.registry.unlisted.add(entity)
    _open(
        stage,
        severity,
        entity,
        take_year(stage, rng, entity),
        "a company of full size and struck off the list",
    )


def _open(stage: Stage, severity: str, entity: int, year: int, text: str) -> None:
    code = stage.world.entities.id[entity]
    affected: dict[str, list[list[str | int]]] = {"entities": [[code]], "emission_reports": [[code, year, 1]]}
    stage.open_case(KIND.name, severity, text, [code], stage.year_window(year), affected)


def _resemble(stage: Stage, rng: np.random.Generator) -> None:
    small = _small(stage)
    # Small companies are few, and most of them must stay free for the cases of several kinds.
    count = min(stage.scale.cases_per_kind, max(len(small) // 5, 1))
    for number in range(count):
        entity = take(stage, rng, small, ("plant",))
        stage.cast.take(rng, "plant", [entity], 1)
        stage.plan.emitters.yearly_emissions[entity] = LISTING_THRESHOLD * float(rng.uniform(*_BELOW))
        text = "just below the threshold, year after year"
        if number % 2:
            first = date(stage.timeline.compliance_years[0], 1, 1)
            day = first + timedelta(days=int(rng.integers(0, 300)))
            stage.plan.registry.exits[entity] = day
            text = "listed once and left the list lawfully, below the threshold since"
        code = stage.world.entities.id[entity]
        years = stage.timeline.compliance_years
        window = stage.year_window(years[0])[0], stage.year_window(years[-1])[1]
        stage.note_lookalike(KIND.name, text, [code], window)


KIND = Kind("unlisted_emitter", _arrange, _resemble, "just below the threshold, or off the list lawfully")
