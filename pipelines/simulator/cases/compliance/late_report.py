"""Reports submitted after their due date: monthly filings, or the annual report.

Look-alikes: a filing in the last hours of the fortieth day, an industrial company's first annual report
within its own later deadline, and a second revision after the deadline of a report that was on time.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.cases.compliance.duties import (
    emitters,
    filed_on,
    filing_months,
    month_key,
    report_due,
    take,
    take_year,
)
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

# Days past the deadline and, for monthly filings, in how many consecutive months.
_DAYS = {"faint": (0.3, 3.0), "plain": (5.0, 25.0), "blatant": (28.0, 75.0)}
_MONTHS = {"faint": (1, 1), "plain": (1, 3), "blatant": (3, 6)}
_ANNUAL_SHARE = 0.4


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        entity = take(planner, rng, emitters(planner))
        days = float(rng.uniform(*_DAYS[severity]))
        if rng.random() < _ANNUAL_SHARE:
            _late_year(planner, rng, severity, entity, days)
        else:
            _late_months(planner, rng, severity, entity, days)


def _late_year(
    planner: CasePlanner, rng: np.random.Generator, severity: str, entity: int, days: float
) -> None:
    year = take_year(planner, rng, entity)
    late = max(round(days), 1)
    planner.plan.emitters.year_filed_on[entity, year] = report_due(planner, entity, year) + timedelta(
        days=late
    )
    code = planner.world.entities.id[entity]
    planner.open_case(
        KIND.name,
        severity,
        f"annual report of {year} handed in {late} days after its deadline",
        [code],
        planner.year_window(year),
        {"emission_reports": [[code, year, 1]]},
    )


def _late_months(
    planner: CasePlanner, rng: np.random.Generator, severity: str, entity: int, days: float
) -> None:
    unit = int(rng.choice(planner.units_of(entity)))
    low, high = _MONTHS[severity]
    latest = planner.timeline.as_of - timedelta(days=2)
    possible = [
        m
        for m in filing_months(planner, unit)
        if filed_on(planner, m, law.filing_days() + days + 1) <= latest
    ]
    count = min(int(rng.integers(low, high + 1)), len(possible))
    first = int(rng.integers(0, len(possible) - count + 1))
    months = possible[first : first + count]
    for month in months:
        planner.plan.emitters.month_filed_after[unit, month] = law.filing_days() + days * float(
            rng.uniform(0.8, 1.0)
        )
    planner.open_case(
        KIND.name,
        severity,
        f"{count} monthly reports handed in up to {days:.1f} days after their deadline",
        planner.unit_subjects(unit),
        planner.month_window(months[0], months[-1]),
        {"activity_reports": [month_key(planner, unit, month) for month in months]},
    )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for number in range(2 * planner.scale.cases_per_kind):
        (_last_hours, _last_day, _own_deadline, _second_revision)[number % 4](planner, rng)


def _last_hours(planner: CasePlanner, rng: np.random.Generator) -> None:
    unit, month = _unit_and_month(planner, rng)
    planner.plan.emitters.month_filed_after[unit, month] = law.filing_days() - float(rng.uniform(0.01, 0.3))
    planner.note_lookalike(
        KIND.name,
        "monthly report handed in within the last hours of its deadline",
        planner.unit_subjects(unit),
        planner.month_window(month, month),
    )


def _last_day(planner: CasePlanner, rng: np.random.Generator) -> None:
    entity = take(planner, rng, emitters(planner))
    year = take_year(planner, rng, entity)
    planner.plan.emitters.year_filed_on[entity, year] = report_due(planner, entity, year)
    _note_year(planner, entity, year, "annual report handed in on the last day")


def _own_deadline(planner: CasePlanner, rng: np.random.Generator) -> None:
    industry = [e for e in emitters(planner) if planner.world.entities.sector[e] != "power"]
    entity = take(planner, rng, industry)
    due = law.due_on("annual_report", law.industry_since(), "steel")
    day = date(2025, 4, 1) + timedelta(days=int(rng.integers(0, (due - date(2025, 4, 1)).days)))
    planner.plan.emitters.year_filed_on[entity, law.industry_since()] = day
    text = "industry's first annual report, after 31 March and within its own deadline of 30 June 2025"
    _note_year(planner, entity, law.industry_since(), text)


def _second_revision(planner: CasePlanner, rng: np.random.Generator) -> None:
    unit, month = _unit_and_month(planner, rng)
    planner.plan.emitters.month_revised_after[unit, month] = law.filing_days() + float(rng.uniform(3, 14))
    planner.note_lookalike(
        KIND.name,
        "a correction after the deadline of a monthly report that was on time",
        planner.unit_subjects(unit),
        planner.month_window(month, month),
    )


def _unit_and_month(planner: CasePlanner, rng: np.random.Generator) -> tuple[int, int]:
    unit = int(rng.choice(planner.units_of(take(planner, rng, emitters(planner)))))
    latest = planner.timeline.as_of - timedelta(days=20)
    months = [
        m for m in filing_months(planner, unit) if filed_on(planner, m, law.filing_days() + 1) <= latest
    ]
    return unit, int(rng.choice(months))


def _note_year(planner: CasePlanner, entity: int, year: int, text: str) -> None:
    planner.note_lookalike(KIND.name, text, [planner.world.entities.id[entity]], planner.year_window(year))


KIND = Kind(
    "late_report",
    _arrange,
    _resemble,
    "handed in within the last hours, within industry's later deadline, or corrected after it",
)
