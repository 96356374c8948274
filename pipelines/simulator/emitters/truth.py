"""The true run of the whole fleet in one place, from which instruments and reports take their figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator.benchmark import unit_allocation
from pipelines.simulator.emitters.coal import Coal, Quality
from pipelines.simulator.emitters.fuel import (
    Burn,
    burn,
    default_carbon,
    fuel_quality,
    oxidation,
    power_energy,
    true_coal,
)
from pipelines.simulator.emitters.industry import Works, industry_works
from pipelines.simulator.emitters.load import Run, operating_hours, power_run
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import World


@dataclass(frozen=True)
class Truth:
    """What really happened at every unit; arrays are days (or months) by units.

    `hours` are those of all units, also of industrial lines.
    """

    days: list[date]
    months: list[date]
    month: np.ndarray
    hours: np.ndarray
    run: Run
    works: Works
    burn: Burn
    coal: Coal
    quality: Quality
    oxidation: np.ndarray

    def monthly(self, daily: np.ndarray) -> np.ndarray:
        """Sums of a daily figure by month."""
        starts = np.flatnonzero(np.diff(self.month, prepend=-1))
        return np.asarray(np.add.reduceat(daily, starts, axis=0))

    @property
    def emissions(self) -> np.ndarray:
        """Combustion and process CO2 of every day and unit, t."""
        return np.asarray(self.burn.co2 + self.works.process)

    @property
    def years(self) -> np.ndarray:
        """Calendar year of every month."""
        return np.array([month.year for month in self.months])


def true_run(world: World, timeline: Timeline, plan: EmitterPlan, streams: Streams) -> Truth:
    """Simulate the fleet.

    The heat-rate level of the coal fleet is solved so that allocation exceeds what a regular report would
    state by the surplus ratio over the compliance years: benchmarks are set near the sector's balance value.
    """
    fleet, days = world.fleet, timeline.report_days
    month = calendar.month_of_day(days)
    stopped = [world.entities.stopped_on[e] for e in fleet.entity.tolist()]
    hours, run, coal, quality = _course(fleet, days, month, stopped, plan, streams)
    level = _level(world, timeline, stopped, month, (run, quality), plan, streams)
    efficiency = plan.efficiency[month]
    works = industry_works(fleet, days, hours, np.ones((1, len(fleet))), efficiency, streams)
    if plan.yearly_emissions:
        scaling = _to_yearly_emissions(world, days, month, works, quality, plan)
        works = industry_works(fleet, days, hours, scaling, efficiency, streams)
    energy = power_energy(fleet, run, streams)
    least = run.generation * (3.6 / (calibration.MAX_CONDENSING_EFFICIENCY - calibration.EFFICIENCY_MARGIN))
    energy *= efficiency * np.where(fleet.is_gas, 1.0, level)
    np.maximum(energy, least, out=energy, where=~fleet.is_gas)
    energy += works.energy
    return Truth(
        days=days,
        months=timeline.months,
        month=month,
        hours=hours,
        run=run,
        works=works,
        burn=burn(fleet, energy, works, quality, month),
        coal=coal,
        quality=quality,
        oxidation=oxidation(fleet),
    )


def _course(
    fleet: Fleet,
    days: list[date],
    month: np.ndarray,
    stopped: list[date | None],
    plan: EmitterPlan,
    streams: Streams,
) -> tuple[np.ndarray, Run, Coal, Quality]:
    """Hours of all units, the run of the power units, and what coal and other fuel there is."""
    hours = operating_hours(fleet, days, plan, stopped, streams)
    run = power_run(fleet, days, hours, plan, streams)
    coal = true_coal(fleet, int(month[-1]) + 1, plan, streams)
    return hours, run, coal, fuel_quality(fleet, coal, plan, streams)


def _level(
    world: World,
    timeline: Timeline,
    stopped: list[date | None],
    month: np.ndarray,
    planned: tuple[Run, Quality],
    plan: EmitterPlan,
    streams: Streams,
) -> float:
    """The heat-rate level if nobody departs from routine: one plant's departure does not move the others."""
    fleet, days = world.fleet, timeline.report_days
    run, quality = planned
    departures = (plan.load_courses, plan.standstill, plan.outages, plan.coal_lots, plan.shared_coal)
    if any(departures) or plan.selective_defaults:
        routine = EmitterPlan.empty(len(timeline.months), len(fleet))
        _, run, _, quality = _course(fleet, days, month, stopped, routine, streams)
    energy = power_energy(fleet, run, streams)
    coal = fleet.is_power & fleet.is_coal
    per_heat = np.where(fleet.measures_carbon, quality.carbon / quality.ncv, default_carbon(fleet))
    per_heat = np.where(coal, per_heat * calibration.CARBON_TO_CO2 * calibration.OXIDATION, 0.0)
    allowed = emitted = 0.0
    day_years = np.array([day.year for day in days])
    for year in timeline.compliance_years:
        inside = day_years == year
        output = (run.generation[inside].sum(0), run.heat[inside].sum(0), run.hours[inside].sum(0))
        allowed += float(unit_allocation(fleet, year, *output)[coal].sum())
        emitted += float((energy[inside] * per_heat[month[inside]]).sum())
    return allowed / emitted / calibration.SURPLUS_RATIO


def _to_yearly_emissions(
    world: World, days: list[date], month: np.ndarray, works: Works, quality: Quality, plan: EmitterPlan
) -> np.ndarray:
    """What the activity of the named small emitters is multiplied by so that they emit what the plan says."""
    fleet = world.fleet
    scaling = np.ones((len(days), len(fleet)))
    day_years = np.array([day.year for day in days])
    for entity, wanted in plan.yearly_emissions.items():
        units = np.flatnonzero(fleet.entity == entity)
        part = works.energy[:, units] * (quality.carbon / quality.ncv)[month][:, units]
        emitted = part * calibration.CARBON_TO_CO2 * calibration.OXIDATION + works.process[:, units]
        for year in np.unique(day_years).tolist():
            inside = day_years == year
            scaling[np.ix_(inside, units)] = wanted / max(float(emitted[inside].sum()), 1.0)
    return scaling
