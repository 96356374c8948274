"""The true run of the whole fleet in one place, from which instruments and reports take their figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.benchmark import YEARS, unit_allocation
from pipelines.simulator.emitters.fuel import Burn, Quality, burn, fuel_quality, oxidation, power_energy
from pipelines.simulator.emitters.industry import Works, industry_works
from pipelines.simulator.emitters.load import Run, power_run
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams

_EFFICIENCY_MARGIN = 0.003  # no coal unit comes nearer to the bound of rule E-14


@dataclass(frozen=True)
class Truth:
    """What really happened at every unit; arrays are days (or months) by units."""

    days: list[date]
    months: list[date]
    month: np.ndarray
    run: Run
    works: Works
    burn: Burn
    quality: Quality
    oxidation: np.ndarray

    def monthly(self, daily: np.ndarray) -> np.ndarray:
        """Sums of a daily figure by month."""
        starts = np.flatnonzero(np.diff(self.month, prepend=-1))
        return np.add.reduceat(daily, starts, axis=0)

    @property
    def years(self) -> np.ndarray:
        """Calendar year of every month."""
        return np.array([month.year for month in self.months])


def true_run(fleet: Fleet, plan: Plan, streams: Streams) -> Truth:
    """Simulate the fleet.

    The heat-rate level of the coal fleet is solved so that allocation exceeds emissions by the
    surplus ratio over 2023 and 2024: benchmarks are set near the sector's balance value.
    """
    days = calendar.days_between(calendar.FIRST_REPORT_DAY, calendar.LAST_REPORT_DAY)
    month = calendar.month_of_day(days)
    run = power_run(fleet, days, streams)
    works = industry_works(fleet, days, streams)
    quality = fuel_quality(fleet, int(month[-1]) + 1, streams)
    unplanned = power_energy(fleet, run, np.ones_like(run.load), streams)
    truth = Truth(
        days=days,
        months=calendar.months(),
        month=month,
        run=run,
        works=works,
        burn=burn(fleet, unplanned + works.energy, quality, month),
        quality=quality,
        oxidation=oxidation(fleet),
    )
    energy = power_energy(fleet, run, plan.efficiency[month], streams)
    energy[:, ~fleet.is_gas] *= _level(fleet, truth)
    least = run.generation * 3.6 / (calibration.MAX_CONDENSING_EFFICIENCY - _EFFICIENCY_MARGIN)
    energy = np.where(fleet.is_gas, energy, np.maximum(energy, least))
    return replace(truth, burn=burn(fleet, energy + works.energy, quality, month))


def _level(fleet: Fleet, truth: Truth) -> float:
    coal = fleet.is_power & ~fleet.is_gas
    allowed = emitted = 0.0
    day_years = np.array([day.year for day in truth.days])
    for year in YEARS:
        inside = day_years == year
        generation, heat, hours = (
            part[inside].sum(0) for part in (truth.run.generation, truth.run.heat, truth.run.hours)
        )
        allowed += unit_allocation(fleet, year, generation, heat, hours)[coal].sum()
        emitted += truth.burn.co2[inside].sum(0)[coal].sum()
    return allowed / emitted / calibration.SURPLUS_RATIO
