"""Figures that nobody measured: made up near what is expected, with the digits that people choose [F-16].

Who makes up readings does not make them up too high, so the coal fed in is stated a little low as well.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import casting
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
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


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Each case at one coal unit: in its coal meter, its stack monitor or its reports."""
    for severity, form in casting.graded(stage, rng, _FORMS):
        unit, _ = casting.take_unit(
            stage, rng, casting.coal_power(stage), before=("cems_gap", "convenient_downtime")
        )
        share = casting.drawn(rng, _SHARE, severity)
        style = str(rng.choice(_STYLES))
        months = _months(stage, rng, severity, form)
        tag = stage.open_case(
            "digit_anomaly",
            severity,
            f"{share:.0%} of the figures in its {form} made up ({style} digits), {len(months)} months",
            stage.unit_subjects(unit),
            stage.month_window(months[0], months[-1]),
        )
        table, columns = {
            "meter": ("meters_daily", ("coal_feed",)),
            "stack": ("cems_hourly", ("co2_mass", "flow")),
            "report": ("activity_reports", _REPORTED),
        }[form]
        plan = stage.plan.emitters
        plan.invented_digits += [
            InventedDigits(unit, months[0], months[-1], table, column, style, share, tag)
            for column in columns
        ]
        kept_back = 1 - casting.drawn(rng, _KEPT_BACK, severity)
        reported = [month for month in months if month in casting.months_of(stage, unit)]
        plan.fuel[reported, unit] *= kept_back
        if form == "meter":
            plan.meter_fuel[months, unit] *= kept_back


def _months(stage: Stage, rng: np.random.Generator, severity: str, form: str) -> list[int]:
    if form == "stack":
        return casting.stretch(
            rng, casting.hourly_months(stage), casting.drawn_count(rng, _STACK_MONTHS, severity)
        )
    lengths = _METER_MONTHS if form == "meter" else _REPORT_MONTHS
    return casting.stretch(rng, casting.reported_months(stage), casting.drawn_count(rng, lengths, severity))


def resemble(stage: Stage, rng: np.random.Generator) -> None:
    """Old coal scales that count whole tips: every reading is a multiple of the same weight."""
    for _ in casting.lookalikes(stage):
        unit, _ = casting.take_unit(stage, rng, casting.coal_power(stage))
        step = float(rng.choice(_STEPS))
        last = len(stage.timeline.months) - 1
        stage.plan.emitters.meter_steps.append(MeterStep(unit, "coal_feed", step, 0, last))
        stage.note_lookalike(
            "digit_anomaly",
            f"coal scale that counts in steps of {step:g} t",
            stage.unit_subjects(unit),
            stage.month_window(0, last),
        )


KIND = Kind("digit_anomaly", arrange, resemble, "a coal scale whose readings the instrument itself rounds")
