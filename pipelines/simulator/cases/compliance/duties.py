"""Which duties an emitter has and when they are due, and who may take part in this family.

The numbers are those of the rules: a case exceeds them, a look-alike just observes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator.cases.planner import CasePlanner

POOL = "compliance"
SECTORS = ("power", "cement", "steel", "aluminium")
_SEVERAL_PARTS = 0.3  # own: how often somebody is taken who plays another part already


def report_due(planner: CasePlanner, entity: int, year: int) -> date:
    """Last day for an entity's annual report."""
    return law.due_on("annual_report", year, planner.world.entities.sector[entity])


def surrender_due(year: int) -> date:
    """Last day for the surrender of a compliance year."""
    return law.due_on("surrender", year)


def years_of(planner: CasePlanner, entity: int) -> list[int]:
    """Compliance years in which an entity owes a surrender within the span."""
    first = 0 if planner.world.entities.sector[entity] == "power" else law.industry_since()
    return [year for year in planner.timeline.compliance_years if year >= first]


def filing_months(planner: CasePlanner, unit: int) -> list[int]:
    """Positions of the months whose report a unit must hand in within the span."""
    timeline, fleet = planner.timeline, planner.world.fleet
    first = date.min if fleet.is_power[unit] else date(law.industry_since(), 1, 1)
    started = fleet.commissioned_on[unit]
    return [
        number
        for number, month in enumerate(timeline.months)
        if first <= month <= timeline.last_filed_month and (started is None or started < month)
    ]


def emitters(planner: CasePlanner) -> list[int]:
    """Key emitters at work that owe a surrender in some compliance year of the span."""
    status = planner.world.entities.status
    return [
        entity
        for entity in planner.of_sector(*SECTORS)
        if status[entity] == "listed" and years_of(planner, entity)
    ]


def take(
    planner: CasePlanner, rng: np.random.Generator, among: Iterable[int], pools: tuple[str, ...] = ()
) -> int:
    """An actor that is free for a part in this family and, where `pools` are named, in those as well.

    Now and then somebody is preferred who already plays a part at a plant or in the market.

    Raises:
        RuntimeError: nobody is free.
    """
    among = [actor for actor in among if all(planner.participants.is_free(pool, actor) for pool in pools)]
    busy = [
        actor
        for actor in among
        if not all(planner.participants.is_free(pool, actor) for pool in ("plant", "market"))
    ]
    if rng.random() < _SEVERAL_PARTS and planner.participants.free(POOL, busy):
        among = busy
    return planner.participants.take(rng, POOL, among, 1)[0]


def take_year(planner: CasePlanner, rng: np.random.Generator, entity: int) -> int:
    """One of the entity's compliance years."""
    return int(rng.choice(years_of(planner, entity)))


def afternoon(rng: np.random.Generator) -> float:
    """A second of the day within office hours after noon."""
    return float(rng.uniform(13.5, 17.5)) * 3600


def month_key(planner: CasePlanner, unit: int, month: int) -> list[str | int]:
    """Key of a monthly report's first revision."""
    fleet = planner.world.fleet
    return [fleet.id[unit], planner.timeline.months[month].isoformat(), str(fleet.fuel[unit]), 1]


def filed_on(planner: CasePlanner, month: int, days: float) -> date:
    """The day on which a report of that month is handed in, so many days after the month's end."""
    return calendar.next_month(planner.timeline.months[month]) + timedelta(days=int(days))


__all__ = [
    "POOL",
    "afternoon",
    "emitters",
    "filed_on",
    "filing_months",
    "month_key",
    "report_due",
    "surrender_due",
    "take",
    "take_year",
    "years_of",
]
