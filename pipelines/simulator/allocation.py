"""Free allocation of the compliance years by the published method, as decisions with their dates.

Power: benchmark times generation times the peak-shaving factor, plus heat benchmark times heat; gas units are
topped up to their verified emissions, entities to 80 % of theirs. Industry, year 2024: allocation equals
verified emissions. Everything is rounded down to whole tonnes. A decision may be corrected later by an
adjustment [C-21]; honest corrections lead to what the method gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator import law
from pipelines.simulator.benchmark import unit_allocation
from pipelines.simulator.plan import Plan
from pipelines.simulator.plan.registering import Adjustment
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.emitters.reports import Reports
    from pipelines.simulator.world import World

_BEFORE_SPREAD = 0.03
_ADJUSTED_UNTIL = (11, 28)


@dataclass(frozen=True)
class Allotment:
    """One decision: who gets how much of which year, when it is decided and when booked.

    `quantity` is what the decision states, `booked` what moves because of it: what was given before is
    taken off, and it is negative where something is paid back.
    """

    entity: int
    year: int
    method: str
    stage: str
    quantity: int
    decided_on: date
    booked_on: date
    booked: int
    tag: int = 0


def covered(world: World, plan: Plan, year: int) -> np.ndarray:
    """Which entities (mask) owe allowances for a compliance year: listed by its end, of a covered sector."""
    entities = world.entities
    is_power = entities.sector == "power"
    end = date(year, 12, 31)
    listed = np.array([day is not None and day <= end for day in entities.listed_on])
    gone = np.array([day is not None and day <= end for day in entities.exited_on])
    mask = listed & ~gone & ~entities.is_small & (is_power | (year >= law.industry_since()))
    mask[sorted(plan.registry.unlisted)] = False
    return mask


def allotments(
    world: World, timeline: Timeline, reports: Reports, plan: Plan, streams: Streams
) -> list[Allotment]:
    """Every decision of the span in a fixed order; without a verified report there is no final one."""
    rng = streams.of("registry", "allocation")
    first = timeline.compliance_years[0]
    noise = rng.normal(1, _BEFORE_SPREAD, len(world.entities)).clip(0.92, 1.08)
    before = reports.true_emissions(first) * noise
    out: list[Allotment] = []
    for year in timeline.compliance_years:
        prior = _preliminary(world, plan, year, before if year == first else reports.verified(year - 1))
        given = {allotment.entity: allotment.quantity for allotment in prior}
        out += [*prior, *_final(world, reports, plan, year, given, rng)]
    return out


def method_amounts(world: World, reports: Reports, plan: Plan, year: int) -> np.ndarray:
    """What the method gives every entity in whole t; NaN where nothing is allocated."""
    fleet, count = world.fleet, len(world.entities)
    verified = reports.verified(year)
    reported = reports.unit_emissions(year)
    stated = np.bincount(fleet.entity, reported, count)
    share = np.divide(verified, stated, out=np.ones(count), where=stated > 0)
    by_unit = unit_allocation(fleet, year, *reports.unit_output(year))
    by_unit = np.where(fleet.is_gas, np.maximum(by_unit, reported * share[fleet.entity]), by_unit)
    total = np.bincount(fleet.entity, np.where(fleet.is_power, by_unit, 0.0), count)
    is_power = world.entities.sector == "power"
    total = np.where(is_power, np.maximum(total, law.allocation("verified_floor", year) * verified), verified)
    return np.where(covered(world, plan, year) & ~np.isnan(verified), np.floor(total + 1e-6), np.nan)


def _preliminary(world: World, plan: Plan, year: int, basis: np.ndarray) -> list[Allotment]:
    """70 % of what was verified last, for power companies only [D-08, C-07]."""
    who = covered(world, plan, year) & (world.entities.sector == "power") & (np.nan_to_num(basis) > 0)
    shares = np.floor(law.allocation("pre_allocation_share", year) * np.nan_to_num(basis) + 1e-6).astype(
        np.int64
    )
    return [
        Allotment(
            entity=entity,
            year=year,
            method="benchmark",
            stage="preliminary",
            quantity=int(shares[entity]),
            decided_on=calibration.PRELIMINARY_DECIDED[year],
            booked_on=calibration.PRELIMINARY_BOOKED[year],
            booked=int(shares[entity]),
        )
        for entity in np.flatnonzero(who).tolist()
    ]


def _final(
    world: World,
    reports: Reports,
    plan: Plan,
    year: int,
    given: dict[int, int],
    rng: np.random.Generator,
) -> list[Allotment]:
    amounts = method_amounts(world, reports, plan, year)
    arranged = plan.registry
    corrected = _corrections(world, amounts, plan, year, rng)
    out: list[Allotment] = []
    for entity in np.flatnonzero(~np.isnan(amounts)).tolist():
        is_power = world.entities.sector[entity] == "power"
        key = entity, year
        by_method = int(amounts[entity])
        change = corrected.get(entity)
        factor = arranged.allocation_factor.get(key, 1.0) if change is None else change.total
        total = int(by_method * factor)
        amount = total if change is None else int(by_method * change.final)
        tag = arranged.tags.get(("allocation", *key), 0)
        out.append(
            Allotment(
                entity=entity,
                year=year,
                method="benchmark" if is_power else "historical_intensity",
                stage="final",
                quantity=amount,
                decided_on=final_decided_on(year, "power" if is_power else "steel"),
                booked_on=final_booked_on(year, "power" if is_power else "steel"),
                booked=amount - given.get(entity, 0),
                tag=tag,
            )
        )
        if change is not None and total != amount:
            out.append(_adjustment(entity, year, change.decided_on, total - amount, tag))
    return out


def final_decided_on(year: int, sector: str = "power") -> date:
    """When the final allocation of a compliance year is decided: on the last day that the rule allows."""
    return calibration.FINAL_DECIDED.get(year) or law.due_on("allocation_decision", year, sector)


def final_booked_on(year: int, sector: str = "power") -> date:
    """When the final allocation of a compliance year is booked: on the last day that the rule allows."""
    return calibration.FINAL_BOOKED.get(year) or law.due_on("final_allocation", year, sector)


def _adjustment(entity: int, year: int, decided_on: date, quantity: int, tag: int) -> Allotment:
    return Allotment(
        entity=entity,
        year=year,
        method="adjustment",
        stage="adjustment",
        quantity=quantity,
        decided_on=decided_on,
        booked_on=decided_on + timedelta(days=3 + quantity % 5),
        booked=quantity,
        tag=tag,
    )


def _corrections(
    world: World, amounts: np.ndarray, plan: Plan, year: int, rng: np.random.Generator
) -> dict[int, Adjustment]:
    """What the plan adjusts, and a few power companies whose figure was wrong at first [C-21]."""
    arranged = {entity: change for (entity, of), change in plan.registry.adjustments.items() if of == year}
    affected = {entity for entity, of in plan.registry.allocation_factor if of == year} | set(arranged)
    pool = [
        entity
        for entity in np.flatnonzero(~np.isnan(amounts) & (world.entities.sector == "power")).tolist()
        if entity not in affected
    ]
    first = final_booked_on(year) + timedelta(days=4)
    days = (date(year + 1, *_ADJUSTED_UNTIL) - first).days
    count = min(len(pool), max(2, round(calibration.CORRECTED * len(pool))))
    for entity in rng.choice(pool, count, replace=False).tolist():
        error = float(rng.choice([-1, 1]) * rng.uniform(0.003, 0.03))
        decided = first + timedelta(days=int(rng.integers(0, days + 1)))
        arranged[entity] = Adjustment(decided, 1 + error)
    return arranged
