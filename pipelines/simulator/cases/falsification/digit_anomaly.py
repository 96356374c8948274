"""Invented figures: close to what is expected, with the digits that people choose [F-16].

Invented readings are not too high, so the coal fed in is stated a little low as well.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import InventedDigits, MeterStep

_FORMS = ("meter", "stack", "report")
_STYLES = ("round", "human")
# Share of the figures that is invented.
_SHARE = {"faint": (0.30, 0.45), "plain": (0.55, 0.75), "blatant": (0.90, 1.0)}
_METER_MONTHS = {"faint": (4, 8), "plain": (5, 12), "blatant": (6, 18)}
_STACK_MONTHS = {"faint": (1, 2), "plain": (1, 3), "blatant": (2, 4)}
_REPORT_MONTHS = {"faint": (12, 18), "plain": (15, 24), "blatant": (20, 30)}
_KEPT_BACK = {"faint": (0.002, 0.008), "plain": (0.005, 0.015), "blatant": (0.01, 0.03)}
_REPORTED = ("fuel_consumption", "ncv", "electricity_generated")
_STEPS = (2.0, 5.0, 10.0, 20.0)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one coal unit: in its coal meter, its stack monitor or its reports."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        unit, _ = selection.take_unit(
            planner, rng, selection.coal_power(planner), before=("cems_gap", "convenient_downtime")
        )
        share = selection.drawn(rng, _SHARE, severity)
        style = str(rng.choice(_STYLES))
        months = _months(planner, rng, severity, form)
        tag = planner.open_case(
            "digit_anomaly",
            severity,
            f"{share:.0%} of the figures in its {form} made up ({style} digits), {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )
        table, columns = {
            "meter": ("meters_daily", ("coal_feed",)),
            "stack": ("cems_hourly", ("co2_mass", "flow")),
            "report": ("activity_reports", _REPORTED),
        }[form]
        plan = planner.plan.emitters
        plan.invented_digits += [
            InventedDigits(unit, months[0], months[-1], table, column, style, share, tag)
            for column in columns
        ]
        kept_back = 1 - selection.drawn(rng, _KEPT_BACK, severity)
        reported = [month for month in months if month in selection.months_of(planner, unit)]
        plan.fuel[reported, unit] *= kept_back
        if form == "meter":
            plan.meter_fuel[months, unit] *= kept_back


def _months(planner: CasePlanner, rng: np.random.Generator, severity: str, form: str) -> list[int]:
    if form == "stack":
        return selection.stretch(
            rng, selection.hourly_months(planner), selection.drawn_count(rng, _STACK_MONTHS, severity)
        )
    lengths = _METER_MONTHS if form == "meter" else _REPORT_MONTHS
    return selection.stretch(
        rng, selection.reported_months(planner), selection.drawn_count(rng, lengths, severity)
    )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Old coal scales that count whole tips: every reading is a multiple of the same weight."""
    for _ in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, selection.coal_power(planner))
        step = float(rng.choice(_STEPS))
        last = len(planner.timeline.months) - 1
        planner.plan.emitters.meter_steps.append(MeterStep(unit, "coal_feed", step, 0, last))
        planner.note_lookalike(
            "digit_anomaly",
            f"coal scale that counts in steps of {step:g} t",
            planner.unit_subjects(unit),
            planner.month_window(0, last),
        )


KIND = Kind("digit_anomaly", arrange, resemble, "a coal scale whose readings the instrument itself rounds")
