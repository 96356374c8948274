"""Measured figures that come again: one analysis for many months, hours and days pasted [F-16].

Four forms: a laboratory report that states an earlier month's analysis, a stack monitor whose hours are
pasted from days before, a coal meter treated alike, and a monthly report whose figures are another month's.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from pipelines.simulator.cases.falsification import casting
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
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


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Each case at one coal unit."""
    for severity, form in casting.graded(stage, rng, _FORMS):
        before = ("lab_date_conflict", "lab_ratio_conflict") if form == "analyses" else ("flat_series",)
        unit, _ = casting.take_unit(stage, rng, casting.coal_power(stage), before)
        _PASTE[form](stage, rng, severity, unit)


def _analyses(stage: Stage, rng: np.random.Generator, severity: str, unit: int) -> None:
    count = casting.drawn_count(rng, _ANALYSES, severity)
    months = casting.stretch(rng, casting.reported_months(stage), count + 1)
    text = f"one analysis stated for {len(months)} months"
    tag = _open(stage, severity, text, unit, stage.month_window(months[0], months[-1]))
    casting.keep_sampled(stage, rng, unit, months)
    stage.plan.emitters.lab_figures += [
        LabFigures(unit, month, source=(unit, months[0]), tag=tag) for month in months[1:]
    ]


def _hours(stage: Stage, rng: np.random.Generator, severity: str, unit: int) -> None:
    block = int(rng.choice(_BLOCK_HOURS))
    hours = casting.monitored_hours(stage, rng, max(block, casting.drawn_count(rng, _PASTED_HOURS, severity)))
    text = f"{block} hours pasted over the {hours.count} hours after them"
    tag = _open(stage, severity, text, unit, hours.window)
    casting.keep_running(stage, unit, hours.first - timedelta(days=8), hours.last + timedelta(days=1))
    edit = MonitorEdit(unit, hours.first, hours.first_hour, hours.count, "repeat", block, tag)
    stage.plan.emitters.monitor_edits.append(edit)


def _meter(stage: Stage, rng: np.random.Generator, severity: str, unit: int) -> None:
    block = int(rng.integers(*_BLOCK_DAYS))
    days = max(block, casting.drawn_count(rng, _PASTED_DAYS, severity))
    span = stage.timeline.report_days
    first = span[int(rng.integers(_BLOCK_DAYS[1] + 30, len(span) - days - 31))]
    last = first + timedelta(days=days - 1)
    text = f"{block} days of the coal meter pasted over the {days} days after them"
    tag = _open(stage, severity, text, unit, stage.day_window(first, last))
    casting.keep_running(stage, unit, first - timedelta(days=10), last)
    edit = MeterEdit(unit, "coal_feed", first, days, "repeat", block, tag)
    stage.plan.emitters.meter_edits.append(edit)


def _report(stage: Stage, rng: np.random.Generator, severity: str, unit: int) -> None:
    count = casting.drawn_count(rng, _REPORTS, severity)
    months = casting.stretch(rng, casting.reported_months(stage), count + 1)
    columns = _REPORT_COLUMNS[severity]
    text = f"{len(columns)} figures of one report stated again {count} times"
    tag = _open(stage, severity, text, unit, stage.month_window(months[0], months[-1]))
    first = stage.timeline.months[months[0]]
    casting.keep_running(stage, unit, first, first + timedelta(days=27))  # a month of rest is no template
    casting.keep_sampled(stage, rng, unit, months)
    stage.plan.emitters.copied_months += [
        CopiedMonth(unit, month, unit, months[0], columns, tag=tag) for month in months[1:]
    ]


def _open(stage: Stage, severity: str, text: str, unit: int, window: tuple[int, int]) -> int:
    return stage.open_case("repeated_values", severity, text, stage.unit_subjects(unit), window)


_PASTE = {"analyses": _analyses, "hours": _hours, "meter": _meter, "report": _report}


def resemble(stage: Stage, rng: np.random.Generator) -> None:
    """Half are base-load units with a coarse coal scale, half sisters on one coal yard, analysed once."""
    fleet, plan = stage.world.fleet, stage.plan.emitters
    coal = casting.coal_power(stage)
    sizes = np.bincount(fleet.entity[coal], minlength=len(stage.world.entities))
    for turn in casting.lookalikes(stage):
        if turn % 2 == 0:
            unit, _ = casting.take_unit(stage, rng, coal)
            level = float(rng.uniform(0.75, 0.95))
            span = stage.timeline.report_days
            first = int(rng.integers(0, len(span) - 240))
            last = first + int(rng.integers(60, 200))
            spread = float(rng.uniform(0.003, 0.008))
            plan.load_courses.append(LoadCourse(unit, span[first], span[last], level, spread))
            step = float(rng.choice([5.0, 10.0]))
            plan.meter_steps.append(MeterStep(unit, "coal_feed", step, 0, len(stage.timeline.months) - 1))
            text = f"base load for {last - first + 1} days, coal scale in steps of {step:g} t"
            subjects, window = stage.unit_subjects(unit), stage.day_window(span[first], span[last])
        else:
            unit, _ = casting.take_unit(stage, rng, coal & (sizes[fleet.entity] >= 2))
            sister = next(u for u in stage.units_of(int(fleet.entity[unit])) if u != unit and coal[u])
            months = casting.stretch(rng, casting.reported_months(stage), int(rng.integers(6, 25)))
            plan.shared_coal.append(SharedCoal(sister, unit, months[0], months[-1], one_sample=True))
            text = f"two units of one plant on one coal yard, one analysis for both in {len(months)} months"
            subjects = [*stage.unit_subjects(unit), fleet.id[sister]]
            window = stage.month_window(months[0], months[-1])
        stage.note_lookalike("repeated_values", text, subjects, window)


KIND = Kind(
    "repeated_values",
    arrange,
    resemble,
    "base load read by a coarse scale, and sister units that lawfully share one analysis",
)
