"""What the emitters state: monthly activity data, annual reports and annual unit totals.

A report equals the truth, rounded, times the factors of the plan (all 1 for an honest emitter). Annual
totals are the sums of the monthly figures, and what a verifier confirms is the reported total: whoever
understates passes verification here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulator import calendar, calibration
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.frames import timestamps
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

_INDUSTRY_SINCE = 2024
_PRODUCTS = {
    "clinker_line": "clinker",
    "blast_furnace_route": "crude_steel",
    "electric_arc_furnace": "crude_steel",
    "aluminium_potline": "aluminium",
}


@dataclass(frozen=True)
class Reports:
    """Reported figures, months by units, and when they are handed in."""

    world: World
    truth: Truth
    plan: Plan
    fuel: np.ndarray
    carbon: np.ndarray
    combustion: np.ndarray
    process: np.ndarray
    generation: np.ndarray
    heat: np.ndarray
    hours: np.ndarray
    filed: np.ndarray
    filed_after: np.ndarray

    @property
    def emissions(self) -> np.ndarray:
        """Reported emissions of every month and unit."""
        return np.round(self.combustion + self.process, 2)

    def unit_emissions(self, year: int) -> np.ndarray:
        """Reported emissions of the year by unit."""
        return self._of_year(self.emissions, year)

    def unit_output(self, year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Generation, heat and operating hours of the year by unit, as reported."""
        return tuple(self._of_year(part, year) for part in (self.generation, self.heat, self.hours))  # type: ignore[return-value]

    def by_entity(self, figure: np.ndarray, year: int) -> np.ndarray:
        """A monthly unit figure summed over the year and the entity's units."""
        weights = self._of_year(figure, year)
        return np.round(np.bincount(self.world.fleet.entity, weights, len(self.world.entities)), 2)

    def reporting(self, year: int) -> np.ndarray:
        """Entities that hand in a report of that year."""
        due = (self.world.entities.sector == "power") | (year >= _INDUSTRY_SINCE)
        missing = [entity for entity, absent in self.plan.year_missing if absent == year]
        due[missing] = False
        return due

    def verified(self, year: int) -> np.ndarray:
        """Verified emissions by entity; NaN where there is no report."""
        return np.where(self.reporting(year), self.by_entity(self.emissions, year), np.nan)

    def true_emissions(self, year: int) -> np.ndarray:
        """What the entities really emitted."""
        month = self.truth.monthly(self.truth.burn.co2 + self.truth.works.process)
        return self.by_entity(month, year)

    def _of_year(self, figure: np.ndarray, year: int) -> np.ndarray:
        return figure[self.truth.years == year].sum(0)


def make_reports(
    world: World, truth: Truth, plan: Plan, analysed_after: np.ndarray, streams: Streams
) -> Reports:
    """All reported figures. `analysed_after` is when the laboratory reported, in days after month end."""
    rng = streams.of("emitters", "reports")
    fleet = world.fleet
    fuel = np.round(truth.monthly(truth.burn.fuel) * plan.fuel_factor, 2)
    default = np.round(truth.quality.ncv * calibration.DEFAULT_CARBON_PER_HEAT, 5)
    carbon = np.where(plan.default_carbon, default, np.round(truth.quality.carbon * plan.carbon_factor, 5))
    burned = fuel * carbon * truth.oxidation * calibration.CARBON_TO_CO2
    usual = rng.uniform(14, 38.5, fuel.shape)
    filed_after = np.maximum(usual, analysed_after + rng.uniform(1, 3, fuel.shape))
    for (unit, month), days in plan.month_filed_after.items():
        filed_after[month, unit] = days
    years = truth.years[:, None]
    filed = np.array([month <= calendar.LAST_FILED_MONTH for month in truth.months])[:, None]
    filed = filed & (fleet.is_power | (years >= _INDUSTRY_SINCE))
    for unit, month in plan.month_missing:
        filed[month, unit] = False
    return Reports(
        world=world,
        truth=truth,
        plan=plan,
        fuel=fuel,
        carbon=carbon,
        combustion=np.round(burned * plan.emission_factor, 2),
        process=np.round(truth.monthly(truth.works.process), 2),
        generation=np.round(truth.monthly(truth.run.generation), 3),
        heat=np.round(truth.monthly(truth.run.heat), 2),
        hours=np.round(truth.monthly(truth.run.hours), 2),
        filed=filed,
        filed_after=filed_after,
    )


def activity_reports(reports: Reports, streams: Streams) -> pl.DataFrame:
    """Monthly reports, one row a unit, month and fuel."""
    world, truth, fleet = reports.world, reports.truth, reports.world.fleet
    own_use = streams.of("emitters", "own_use").uniform(0.045, 0.075, len(fleet))
    month, unit = np.nonzero(reports.filed)
    at = (month, unit)
    power, burns = fleet.is_power[unit], fleet.fuel[unit] != "none"
    measured = fleet.is_analysed[unit] & ~reports.plan.default_carbon[at]
    bought = np.round(truth.monthly(truth.works.electricity), 3)[at]
    product = [_PRODUCTS.get(c) for c in fleet.unit_class[unit]]
    month_end = np.array([calendar.utc_midnight(calendar.next_month(m)) for m in truth.months])[month]
    submitted = month_end - calendar.SHANGHAI + (reports.filed_after[at] * calendar.DAY).astype(np.int64)
    basis = np.where(measured, "measured", "default")
    return pl.DataFrame(
        {
            "entity_id": [world.entities.id[e] for e in fleet.entity[unit]],
            "unit_id": [fleet.id[u] for u in unit],
            "month": [truth.months[m] for m in month],
            "fuel": fleet.fuel[unit],
            "fuel_consumption": _only(burns, reports.fuel[at]),
            "ncv": _only(burns, truth.quality.ncv[at]),
            "carbon_content": _only(burns, reports.carbon[at]),
            "carbon_basis": [b if burn else None for b, burn in zip(basis, burns, strict=True)],
            "oxidation_factor": _only(burns, truth.oxidation[unit]),
            "electricity_generated": _only(power, reports.generation[at]),
            "electricity_supplied": _only(power, np.round(reports.generation[at] * (1 - own_use[unit]), 3)),
            "heat_supplied": _only(power, reports.heat[at]),
            "electricity_purchased": _only(~power, bought),
            "product": product,
            "product_output": _only(~power, np.round(truth.monthly(truth.works.product), 2)[at]),
            "process_emissions": _only(~power, reports.process[at]),
            "reported_emissions": reports.emissions[at],
            "submitted_at": timestamps(submitted // calendar.MICROSECONDS * calendar.MICROSECONDS),
            "revision": np.ones(len(unit), dtype=np.int64),
        }
    )


def emission_reports(reports: Reports, year: int, streams: Streams) -> pl.DataFrame:
    """Annual reports of that year, one row an entity."""
    rng = streams.of("emitters", "annual", year)
    world = reports.world
    count = len(world.entities)
    who = np.flatnonzero(reports.reporting(year))
    handed_in, verified = _annual_dates(reports, year, rng, count)
    combustion = reports.by_entity(reports.combustion, year)
    process = reports.by_entity(reports.process, year)
    total = np.round(combustion + process, 2)
    return pl.DataFrame(
        {
            "entity_id": [world.entities.id[e] for e in who],
            "year": np.full(len(who), year),
            "revision": np.ones(len(who), dtype=np.int64),
            "combustion": combustion[who],
            "process": process[who],
            "waste": pl.Series([None] * len(who), dtype=pl.Float64),
            "purchased_energy": pl.Series([None] * len(who), dtype=pl.Float64),
            "total": total[who],
            "submitted_at": timestamps(handed_in[who]),
            "verifier_id": [world.verifiers[v][0] for v in world.entities.verifier[who]],
            "verified_total": total[who],
            "verified_at": timestamps(verified[who]),
            "conclusion": ["conforms"] * len(who),
        }
    )


def _annual_dates(
    reports: Reports, year: int, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """When every entity hands in (by 31 March) and is verified (power by 30 June, industry by 31 August)."""
    after = rng.integers(0, 45, count)
    moment = rng.integers(9 * 3600, 18 * 3600, count)
    delay = rng.integers(14, 60, count)
    handed_in, verified = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for entity in range(count):
        day = date(year + 1, 2, 14) + timedelta(days=int(after[entity]))
        day = reports.plan.year_filed_on.get((entity, year), day)
        handed_in[entity] = calendar.local(day, float(moment[entity]))
        verified[entity] = calendar.local(day + timedelta(days=int(delay[entity])), float(moment[entity]))
    return handed_in, verified


def unit_years(reports: Reports) -> pl.DataFrame:
    """Annual totals of the power units of 2023 and 2024 as reported, one row a unit and year."""
    fleet, truth = reports.world.fleet, reports.truth
    energy = np.round(reports.fuel * truth.quality.ncv, 2)
    frames = []
    for year in (2023, 2024):
        generation, _, hours = reports.unit_output(year)
        inside = truth.years == year
        who = np.flatnonzero(fleet.is_power & reports.reporting(year)[fleet.entity])
        frames.append(
            pl.DataFrame(
                {
                    "unit_id": [fleet.id[u] for u in who],
                    "year": np.full(len(who), year),
                    "operating_hours": np.round(hours, 2)[who],
                    "heat_input": np.round(energy[inside].sum(0), 2)[who],
                    "gross_load": np.round(generation, 3)[who],
                    "co2_mass": np.round(reports.unit_emissions(year), 2)[who],
                    "fuel": fleet.fuel[who],
                }
            )
        )
    return pl.concat(frames)


def _only(where: np.ndarray, values: np.ndarray) -> pl.Series:
    return pl.Series(np.where(where, values, np.nan)).fill_nan(None)
