"""Decisions of the authority that the registration system has to carry out: deductions of allowances.

Earlier failures to surrender lie before the span; their deduction falls into it. The plan's own decisions
become known on their day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator import law
from pipelines.simulator.allocation import covered, final_booked_on
from pipelines.simulator.plan import Plan
from pipelines.simulator.plan.registering import DecidedPenalty
from pipelines.simulator.registry.duties import Duties
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.world import World

NEW_RULES = date(2024, 5, 1)  # [A, Order 775 in force]
_PUNISHED = 0.6  # of the shortfalls within a year


@dataclass(frozen=True)
class Sanction:
    """A penalty that is decided on a day; a deduction (t) is booked from `deducted_from` on."""

    account: int
    violation: str
    fine: float
    deduction: int
    decided_on: date
    deducted_from: date
    tag: int = 0
    is_planned: bool = False


def sanctions(
    world: World, timeline: Timeline, emitted: np.ndarray, plan: Plan, streams: Streams
) -> list[Sanction]:
    """Earlier shortfalls of a few power companies, and what the plan decides."""
    rng = streams.of("registry", "sanctions")
    first = timeline.compliance_years[0]
    power = covered(world, plan, first) & (world.entities.sector == "power") & (np.nan_to_num(emitted) > 0)
    busy = {entity for entity, _ in plan.registry.surrender_share} | set(plan.registry.carry_over_factor)
    pool = [entity for entity in np.flatnonzero(power).tolist() if entity not in busy]
    count = min(len(pool), 1 + world.scale.power // 400)
    out = [
        _earlier(entity, first - 1, float(emitted[entity]), timeline, rng)
        for entity in rng.choice(pool, count, replace=False).tolist()
    ]
    return [*out, *map(_planned, plan.registry.penalties)]


def _multiples(due: date) -> tuple[float, float]:
    """Multiples of a shortfall's value that are due where the deadline of that day was missed."""
    rule = law.fine("no_surrender", due)
    if rule is None or rule.multiples is None:
        raise ValueError(f"no_surrender on {due}: expected multiples in rule_penalties, found none")
    return rule.multiples


def _planned(one: DecidedPenalty) -> Sanction:
    return Sanction(
        account=one.account,
        violation=one.violation,
        fine=float(one.fine_cny),
        deduction=one.allowance_deduction or 0,
        decided_on=one.day,
        deducted_from=one.day + timedelta(days=10),
        tag=one.tag,
        is_planned=True,
    )


def after_deadline(
    duties: Duties, price: float, timeline: Timeline, rng: np.random.Generator
) -> list[Sanction]:
    """What follows, months later, for a part of those that fell short of a deadline within the span [A-14].

    Only who has not made good by then loses allowances of the next year.
    """
    out: list[Sanction] = []
    for row in np.flatnonzero(duties.done < duties.obligation).tolist():
        decided = duties.due + timedelta(days=int(rng.integers(75, 200)))
        multiple, is_punished = float(rng.uniform(*_multiples(duties.due))), rng.random() < _PUNISHED
        if decided > timeline.last_day or not is_punished:
            continue
        shortfall = int(duties.obligation[row] - duties.done[row])
        refuses = int(duties.late_on[row]) > decided.toordinal()
        booked = final_booked_on(duties.year + 1) + timedelta(days=int(rng.integers(1, 15)))
        out.append(
            Sanction(
                account=int(duties.entity[row]),
                violation="no_surrender",
                fine=round(shortfall * price * multiple, 2),
                deduction=shortfall if refuses else 0,
                decided_on=decided,
                deducted_from=max(booked, decided + timedelta(days=10)),
            )
        )
    return out


def _earlier(
    entity: int, year: int, emitted: float, timeline: Timeline, rng: np.random.Generator
) -> Sanction:
    """Non-surrender of a year whose deadline was the end of the year before the span's first."""
    shortfall = int(emitted * rng.uniform(0.002, 0.02))
    due = law.due_on("surrender", year)
    decided = due + timedelta(days=int(rng.integers(70, 190)))
    rule = law.fine("no_surrender", due)
    if rule and rule.least and rule.most:
        fine = float(rng.integers(rule.least // 1000, rule.most // 1000 + 1) * 1000)
    else:
        price = calibration.MONTH_BEFORE_DEADLINE[year]
        fine = round(shortfall * price * float(rng.uniform(*_multiples(due))), 2)
    booked = final_booked_on(timeline.compliance_years[0]) + timedelta(days=int(rng.integers(1, 15)))
    return Sanction(entity, "no_surrender", fine, shortfall, decided, booked)
