"""Free allocation of the compliance years 2023 and 2024 by the published method.

Power: benchmark times generation times the peak-shaving factor, plus heat benchmark times heat; gas
units are topped up to their verified emissions, entities to 80 % of theirs. Industry, year 2024:
allocation equals verified emissions. Everything is rounded down to whole tonnes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator import calibration
from pipelines.simulator.benchmark import YEARS, unit_allocation
from pipelines.simulator.emitters.reports import Reports
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World


@dataclass(frozen=True)
class Allotment:
    """One decision: who gets how much of which year, when it is decided and when booked."""

    entity: int
    year: int
    method: str
    stage: str
    quantity: int
    decided_on: date
    booked_on: date
    booked: int


def allotments(world: World, reports: Reports, streams: Streams) -> list[Allotment]:
    """Every decision of both years in a fixed order; without a verified report there is no final one."""
    rng = streams.of("allocation")
    power = np.flatnonzero(world.entities.sector == "power")
    before = reports.true_emissions(2023) * rng.normal(1, 0.03, len(world.entities)).clip(0.94, 1.06)
    out: list[Allotment] = []
    for year in YEARS:
        basis = before if year == 2023 else reports.verified(2023)
        prior = _preliminary(power, year, basis)
        out += prior
        given = {allotment.entity: allotment.quantity for allotment in prior}
        out += _final(world, reports, year, given)
    return out


def _preliminary(power: np.ndarray, year: int, basis: np.ndarray) -> list[Allotment]:
    out = []
    for entity in power.tolist():
        if np.isnan(basis[entity]):
            continue
        share = int(np.floor(calibration.PRELIMINARY_SHARE * basis[entity]))
        out.append(
            Allotment(
                entity=entity,
                year=year,
                method="benchmark",
                stage="preliminary",
                quantity=share,
                decided_on=calibration.PRELIMINARY_DECIDED[year],
                booked_on=calibration.PRELIMINARY_BOOKED[year],
                booked=share,
            )
        )
    return out


def _final(world: World, reports: Reports, year: int, given: dict[int, int]) -> list[Allotment]:
    amounts = final_amounts(world, reports, year)
    out = []
    for entity in np.flatnonzero(~np.isnan(amounts)).tolist():
        is_power = world.entities.sector[entity] == "power"
        amount = int(amounts[entity])
        out.append(
            Allotment(
                entity=entity,
                year=year,
                method="benchmark" if is_power else "historical_intensity",
                stage="final",
                quantity=amount,
                decided_on=calibration.FINAL_DECIDED[year] if is_power else calibration.INDUSTRY_DECIDED,
                booked_on=calibration.FINAL_BOOKED[year] if is_power else calibration.INDUSTRY_BOOKED,
                booked=amount - given.get(entity, 0),
            )
        )
    return out


def final_amounts(world: World, reports: Reports, year: int) -> np.ndarray:
    """Final allocation by entity in whole t; NaN where nothing is allocated."""
    fleet, entities = world.fleet, world.entities
    verified = reports.verified(year)
    by_unit = unit_allocation(fleet, year, *reports.unit_output(year))
    by_unit = np.where(fleet.is_gas, np.maximum(by_unit, reports.unit_emissions(year)), by_unit)
    total = np.bincount(fleet.entity, weights=np.where(fleet.is_power, by_unit, 0.0), minlength=len(entities))
    is_power = entities.sector == "power"
    total = np.where(is_power, np.maximum(total, calibration.SHORTFALL_FLOOR * verified), verified)
    covered = ~np.isnan(verified) & (is_power | (year >= 2024))
    return np.where(covered, np.floor(total + 1e-6), np.nan)
