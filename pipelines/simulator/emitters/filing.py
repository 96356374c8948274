"""When reports are handed in, corrected and verified: habits and the calendar (rules C-04 to C-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator.emitters.labs import Analyses
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

_TO_SPARE = 1.3  # days before the deadline by which the regular have filed their month
_CORRECTED_SHARE = 0.012  # monthly reports that are corrected afterwards
_CORRECTION = 0.006  # relative, of the fuel first stated
_OFFICE = (8.4, 18.9)  # hours of the day
CORRECTED_WITHIN = (3.0, 30.0)  # days after the first report
# Annual reports: days before the deadline over which they come in; errors that are there for a verifier.
_ANNUAL_SPREAD = 46
_ERROR_SHARE = 0.14
_ANNUAL_ERROR = (0.0008, 0.006)
_ADVERSE_SHARE = 0.06  # of the errors found: so bad that the report does not conform


@dataclass(frozen=True)
class Filing:
    """Monthly filing, months by units: days after the month's end, whether it is filed, and corrections.

    `corrected_after` is when a second revision comes (NaN: none); `first_factor` what the first one's fuel
    is multiplied by against the second.
    """

    filed: np.ndarray
    after: np.ndarray
    corrected_after: np.ndarray
    first_factor: np.ndarray


@dataclass(frozen=True)
class Annual:
    """One year's annual reports by entity: what is wrong in them, who finds it, and the days of each step.

    `error` is relative, in the first revision's total; `found` whether the verifier found it, `resubmitted`
    whether a second revision then puts it right. Days count from 1970; -1 where a step does not happen.
    """

    error: np.ndarray
    found: np.ndarray
    is_adverse: np.ndarray
    resubmitted: np.ndarray
    submitted: np.ndarray
    verified: np.ndarray
    second_submitted: np.ndarray
    second_verified: np.ndarray
    moment: np.ndarray


def report_due(sector: str, year: int) -> date:
    """When the annual report of a year is due (C-05)."""
    return law.due_on("annual_report", year, sector)


def monthly_filing(
    world: World, truth: Truth, plan: EmitterPlan, analyses: Analyses, streams: Streams
) -> Filing:
    """When every monthly report is handed in.

    A company has its usual day and keeps near it; a report waits for the laboratory's.
    """
    rng = streams.of("emitters", "filing")
    fleet, shape = world.fleet, plan.fuel.shape
    usual = rng.uniform(16, 36, len(world.entities))[fleet.entity]
    shared = rng.normal(0, 2.5, (shape[0], len(world.entities)))[:, fleet.entity]
    after = (usual + shared + rng.uniform(-0.3, 0.3, shape)).clip(10, law.filing_days() - _TO_SPARE)
    waits = np.where(analyses.has_sample, analyses.reported + rng.uniform(1, 2.6, shape), 0.0)
    after = _in_office(np.maximum(after, waits))
    for (unit, month), days in plan.month_filed_after.items():
        after[month, unit] = days
    is_corrected = rng.random(shape) < _CORRECTED_SHARE
    later = _in_office(after + rng.uniform(*CORRECTED_WITHIN, shape))
    corrected = np.where(is_corrected, later, np.nan)
    factor = np.where(is_corrected, 1 + rng.normal(0, _CORRECTION, shape), 1.0)
    for (unit, month), days in plan.month_revised_after.items():
        corrected[month, unit], factor[month, unit] = days, 1 + rng.normal(0, 2e-5)
        after[month, unit] = min(after[month, unit], law.filing_days() - 1.0)
    departed = (plan.fuel != 1) | (plan.carbon != 1) | (plan.emission != 1)
    corrected = np.where(departed, np.nan, corrected)
    return Filing(_filed(world, truth, plan), after, corrected, factor)


def _in_office(days: np.ndarray) -> np.ndarray:
    """The same day within office hours."""
    whole = np.floor(days)
    first, last = _OFFICE
    return np.asarray(whole + (first + (last - first) * (days - whole)) / 24)


def _filed(world: World, truth: Truth, plan: EmitterPlan) -> np.ndarray:
    """Power files all months, others since industry is covered; nobody files after leaving the list."""
    fleet, entities = world.fleet, world.entities
    filed = np.array([month <= world.timeline.last_filed_month for month in truth.months])[:, None]
    filed = filed & (fleet.is_power | (truth.years[:, None] >= law.industry_since()))
    for unit, entity in enumerate(fleet.entity.tolist()):
        left = entities.exited_on[entity]
        if left is not None:
            filed[[month > left for month in truth.months], unit] = False
    for unit, month in plan.month_missing:
        filed[month, unit] = False
    return filed


def annual_filing(world: World, plan: EmitterPlan, year: int, streams: Streams) -> Annual:
    """How every entity's annual report of that year fares; power and industry by their own deadlines."""
    rng = streams.of("emitters", "annual", year)
    entities = world.entities
    count = len(entities)
    verifier = [world.verifiers[v] for v in entities.verifier.tolist()]
    due = np.array([_number(report_due(sector, year)) for sector in entities.sector.tolist()])
    checked = np.array([_number(law.verification_due(year, sector)) for sector in entities.sector.tolist()])
    submitted = due - np.floor(_ANNUAL_SPREAD * rng.random(count) ** 1.6).astype(int)
    for (entity, when), day in plan.year_filed_on.items():
        if when == year:
            submitted[entity] = _number(day)
    usual = np.array([body.days for body in verifier])
    took = np.maximum(np.round(usual * rng.uniform(0.7, 1.3, count)), 7).astype(int)
    error = np.where(rng.random(count) < _ERROR_SHARE, _errors(rng, count), 0.0)
    found = (error != 0) & (rng.random(count) < np.array([body.strictness for body in verifier]))
    error = np.where(found, error, 0.0)
    adverse = found & (rng.random(count) < _ADVERSE_SHARE)
    again = adverse | (found & (rng.random(count) < 0.55))
    second_verified = np.minimum(submitted + took + rng.integers(9, 25, count), checked)
    verified = np.minimum(submitted + took, np.where(again, second_verified - 8, checked))
    verified = np.maximum(verified, submitted + 3)
    second = verified + rng.integers(1, 5, count)
    for (entity, when), day in plan.year_revised_on.items():
        if when == year:
            again[entity], second[entity], found[entity] = True, _number(day), False
            adverse[entity], error[entity] = False, 0.0
            second_verified[entity] = _number(day) + 5
    second_verified = np.maximum(second_verified, second + 2)
    return Annual(
        error=error,
        found=found,
        is_adverse=adverse,
        resubmitted=again,
        submitted=submitted,
        verified=verified,
        second_submitted=np.where(again, second, -1),
        second_verified=np.where(again, second_verified, -1),
        moment=rng.integers(9 * 3600, 18 * 3600, (4, count)),
    )


def _errors(rng: np.random.Generator, count: int) -> np.ndarray:
    """Honest slips: a little more often to the reporter's advantage than not."""
    size = rng.uniform(*_ANNUAL_ERROR, count)
    return np.asarray(np.where(rng.random(count) < 0.6, -size, size))


def _number(day: date) -> int:
    return calendar.day_number(day)


def day_of(number: int) -> date:
    """The date of a day number."""
    return date(1970, 1, 1) + timedelta(days=int(number))
