"""What the emitters state: monthly figures, annual totals and what verifiers make of them.

An honest report equals the truth as its instruments and laboratory see it. Annual totals are the sums of the
monthly figures; a verifier finds unintended errors in the addition, but not false monthly figures: in this
market falsified reports pass verification.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.emitters.filing import (
    Annual,
    Filing,
    annual_filing,
    day_of,
    monthly_filing,
)
from pipelines.simulator.emitters.labs import Analyses, analyse
from pipelines.simulator.emitters.stated import Stated, stated_figures
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

PRODUCTS = {
    "clinker_line": "clinker",
    "blast_furnace_route": "crude_steel",
    "electric_arc_furnace": "crude_steel",
    "aluminium_potline": "aluminium",
    "other": "other",
}


@dataclass(frozen=True)
class Reports:
    """Everything that is stated, when it is submitted, and how it is verified and revised."""

    world: World
    truth: Truth
    plan: EmitterPlan
    analyses: Analyses
    stated: Stated
    filing: Filing
    annual: dict[int, Annual] = field(default_factory=dict)

    def unit_emissions(self, year: int) -> np.ndarray:
        """Reported emissions of the year by unit, t, as the published monthly rows add up."""
        return np.round(self._of_year(self.stated.emissions, year), 2)

    def unit_output(self, year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Generation (MWh), heat (GJ) and operating hours of the year by unit, as published."""
        columns = self.stated.columns
        parts = columns["electricity_generated"], columns["heat_supplied"], self.stated.hours
        generation, heat, hours = (np.round(self._of_year(part, year), 3) for part in parts)
        return generation, heat, hours

    def product_of(self, year: int) -> np.ndarray:
        """Product of the year by unit, t, as reported; 0 for power units."""
        return np.round(self._of_year(self.stated.columns["product_output"], year), 2)

    def by_entity(self, figure: np.ndarray, year: int) -> np.ndarray:
        """A monthly unit figure summed over the year and the entity's units."""
        weights = self._of_year(figure, year)
        return np.round(np.bincount(self.world.fleet.entity, weights, len(self.world.entities)), 2)

    def reporting(self, year: int) -> np.ndarray:
        """Key emitters that hand in an annual report of that year."""
        entities = self.world.entities
        due = ~entities.is_small & ((entities.sector == "power") | (year >= law.industry_since()))
        return due & ~self._absent(year)

    def small_reporting(self, year: int) -> np.ndarray:
        """Small emitters that hand in an (unverified) annual report of that year."""
        return self.world.entities.is_small & (year >= law.industry_since()) & ~self._absent(year)

    def totals(self, year: int) -> np.ndarray:
        """Annual totals by entity as they are in the end, before any slip in the first revision."""
        return self.by_entity(self.stated.emissions, year)

    def verified(self, year: int) -> np.ndarray:
        """Verified emissions by entity; NaN where there is no report or nobody verifies."""
        return np.where(self.reporting(year), self.totals(year), np.nan)

    def true_emissions(self, year: int) -> np.ndarray:
        """What the entities really emitted."""
        return self.by_entity(self.truth.monthly(self.truth.emissions), year)

    def submitted_on(self, year: int) -> list[date | None]:
        """Day of each entity's first annual report; None where there is none."""
        files = self.reporting(year) | self.small_reporting(year)
        days = self.annual[year].submitted.tolist()
        return [day_of(day) if is_in else None for day, is_in in zip(days, files, strict=True)]

    def _absent(self, year: int) -> np.ndarray:
        absent = np.zeros(len(self.world.entities), dtype=bool)
        absent[[entity for entity, when in self.plan.year_missing if when == year]] = True
        return absent

    def _of_year(self, figure: np.ndarray, year: int) -> np.ndarray:
        return np.asarray(figure[self.truth.years == year].sum(0))


def make_reports(world: World, truth: Truth, plan: EmitterPlan, streams: Streams) -> Reports:
    """All reported figures and their fate."""
    analyses = analyse(world, truth, plan, streams)
    return Reports(
        world=world,
        truth=truth,
        plan=plan,
        analyses=analyses,
        stated=stated_figures(world, truth, plan, analyses, streams),
        filing=monthly_filing(world, truth, plan, analyses, streams),
        annual={year: annual_filing(world, plan, year, streams) for year in world.timeline.compliance_years},
    )
