"""Measured figures that are repeated: one analysis for many months, copied hours and days [F-16].

Four forms: a laboratory report that states an earlier month's analysis, a stack monitor whose hours are
pasted from days before, a coal meter treated alike, and a monthly report whose figures are another month's.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import (
    CopiedMonth,
    LabFigures,
    LoadCourse,
    MeterEdit,
    MeterStep,
    MonitorEdit,
    SharedCoal,
)

_FORMS = ("analyses", "hours", "meter", "report")
_ANALYSES = {"faint": (1, 2), "plain": (3, 5), "blatant": (7, 13)}  # months after the first
_PASTED_HOURS = {"faint": (24, 60), "plain": (96, 240), "blatant": (336, 1_100)}
_PASTED_DAYS = {"faint": (4, 8), "plain": (14, 30), "blatant": (50, 110)}
_REPORTS = {"faint": (1, 2), "plain": (2, 4), "blatant": (5, 10)}
_REPORT_COLUMNS = {
    "faint": ("fuel_consumption", "ncv"),
    "plain": ("fuel_consumption", "ncv", "carbon_content"),
    "blatant": ("fuel_consumption", "ncv", "carbon_content", "electricity_generated", "electricity_supplied"),
}
_BLOCK_HOURS = (12, 24, 36, 48, 72, 168)
_BLOCK_DAYS = (3, 9)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one coal unit."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        before = ("lab_date_conflict", "lab_ratio_conflict") if form == "analyses" else ("flat_series",)
        unit, _ = selection.take_unit(planner, rng, selection.coal_power(planner), before)
        _PASTE[form](planner, rng, severity, unit)


def _analyses(planner: CasePlanner, rng: np.random.Generator, severity: str, unit: int) -> None:
    count = selection.drawn_count(rng, _ANALYSES, severity)
    months = selection.stretch(rng, selection.reported_months(planner), count + 1)
    text = f"one analysis stated for {len(months)} months"
    tag = _open(planner, severity, text, unit, planner.month_window(months[0], months[-1]))
    selection.keep_sampled(planner, rng, unit, months)
    planner.plan.emitters.lab_figures += [
        LabFigures(unit, month, source=(unit, months[0]), tag=tag) for month in months[1:]
    ]


def _hours(planner: CasePlanner, rng: np.random.Generator, severity: str, unit: int) -> None:
    block = int(rng.choice(_BLOCK_HOURS))
    hours = selection.monitored_hours(
        planner, rng, max(block, selection.drawn_count(rng, _PASTED_HOURS, severity))
    )
    text = f"{block} hours pasted over the {hours.count} hours after them"
    tag = _open(planner, severity, text, unit, hours.window)
    selection.keep_running(planner, unit, hours.first - timedelta(days=8), hours.last + timedelta(days=1))
    edit = MonitorEdit(unit, hours.first, hours.first_hour, hours.count, "repeat", block, tag)
    planner.plan.emitters.monitor_edits.append(edit)


def _meter(planner: CasePlanner, rng: np.random.Generator, severity: str, unit: int) -> None:
    block = int(rng.integers(*_BLOCK_DAYS))
    days = max(block, selection.drawn_count(rng, _PASTED_DAYS, severity))
    span = planner.timeline.report_days
    first = span[int(rng.integers(_BLOCK_DAYS[1] + 30, len(span) - days - 31))]
    last = first + timedelta(days=days - 1)
    text = f"{block} days of the coal meter pasted over the {days} days after them"
    tag = _open(planner, severity, text, unit, planner.day_window(first, last))
    selection.keep_running(planner, unit, first - timedelta(days=10), last)
    edit = MeterEdit(unit, "coal_feed", first, days, "repeat", block, tag)
    planner.plan.emitters.meter_edits.append(edit)


def _report(planner: CasePlanner, rng: np.random.Generator, severity: str, unit: int) -> None:
    count = selection.drawn_count(rng, _REPORTS, severity)
    months = selection.stretch(rng, selection.reported_months(planner), count + 1)
    columns = _REPORT_COLUMNS[severity]
    text = f"{len(columns)} figures of one report stated again {count} times"
    tag = _open(planner, severity, text, unit, planner.month_window(months[0], months[-1]))
    first = planner.timeline.months[months[0]]
    selection.keep_running(planner, unit, first, first + timedelta(days=27))  # a month of rest is no template
    selection.keep_sampled(planner, rng, unit, months)
    planner.plan.emitters.copied_months += [
        CopiedMonth(unit, month, unit, months[0], columns, tag=tag) for month in months[1:]
    ]


def _open(planner: CasePlanner, severity: str, text: str, unit: int, window: tuple[int, int]) -> int:
    return planner.open_case("repeated_values", severity, text, planner.unit_subjects(unit), window)


_PASTE = {"analyses": _analyses, "hours": _hours, "meter": _meter, "report": _report}


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Half are base-load units with a coarse coal scale, half sisters on one coal yard, analysed once."""
    fleet, plan = planner.world.fleet, planner.plan.emitters
    coal = selection.coal_power(planner)
    sizes = np.bincount(fleet.entity[coal], minlength=len(planner.world.entities))
    for turn in selection.lookalikes(planner):
        if turn % 2 == 0:
            unit, _ = selection.take_unit(planner, rng, coal)
            level = float(rng.uniform(0.75, 0.95))
            span = planner.timeline.report_days
            first = int(rng.integers(0, len(span) - 240))
            last = first + int(rng.integers(60, 200))
            spread = float(rng.uniform(0.003, 0.008))
            plan.load_courses.append(LoadCourse(unit, span[first], span[last], level, spread))
            step = float(rng.choice([5.0, 10.0]))
            plan.meter_steps.append(MeterStep(unit, "coal_feed", step, 0, len(planner.timeline.months) - 1))
            text = f"base load for {last - first + 1} days, coal scale in steps of {step:g} t"
            subjects, window = planner.unit_subjects(unit), planner.day_window(span[first], span[last])
        else:
            unit, _ = selection.take_unit(planner, rng, coal & (sizes[fleet.entity] >= 2))
            sister = next(u for u in planner.units_of(int(fleet.entity[unit])) if u != unit and coal[u])
            months = selection.stretch(rng, selection.reported_months(planner), int(rng.integers(6, 25)))
            plan.shared_coal.append(SharedCoal(sister, unit, months[0], months[-1], one_sample=True))
            text = f"two units of one plant on one coal yard, one analysis for both in {len(months)} months"
            subjects = [*planner.unit_subjects(unit), fleet.id[sister]]
            window = planner.month_window(months[0], months[-1])
        planner.note_lookalike("repeated_values", text, subjects, window)


KIND = Kind(
    "repeated_values",
    arrange,
    resemble,
    "base load read by a coarse scale, and sister units that lawfully share one analysis",
)
