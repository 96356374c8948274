"""Reports and stack monitors that do not agree: the report is too low, or the monitor is.

Four forms. In `report` the report and the coal meter are cut alike, in `documents` the analyses are those
of a poorer coal and the report follows them: in both only the stack monitor shows it. In `dilution`
a monitor sees a part of the flow from some hour on, in `parameter` its duct area is set too small in the
software [F-13, F-17], so that it states a constant share of what passes while the report is right.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import LabFigures, MonitorEdit

_FORMS = ("report", "parameter", "documents", "dilution")
# Share by which the lower side falls short.
_PAPERS = {"faint": (0.030, 0.050), "plain": (0.07, 0.13), "blatant": (0.18, 0.30)}
_STACK = {"faint": (0.035, 0.055), "plain": (0.08, 0.15), "blatant": (0.25, 0.45)}
_MONTHS = {"faint": (2, 4), "plain": (2, 5), "blatant": (2, 5)}
_DAYS = {"faint": (40, 90), "plain": (35, 110), "blatant": (40, 130)}
_STEADY_NOISE = 0.01  # from month to month, of the share left out


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one power unit within the monitored months."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        if form in ("report", "documents"):
            _cut_papers(planner, rng, severity, form)
        else:
            _turned_down(planner, rng, severity, form)


def _cut_papers(planner: CasePlanner, rng: np.random.Generator, severity: str, form: str) -> None:
    plan = planner.plan.emitters
    suitable = selection.coal_power(planner)
    unit, _ = selection.take_unit(planner, rng, suitable)
    share = selection.drawn(rng, _PAPERS, severity)
    length = selection.drawn_count(rng, _MONTHS, severity)
    months = selection.stretch(rng, selection.compared_months(planner), length)
    what = "fuel in report and meter" if form == "report" else "carbon and heat in analyses and report"
    tag = planner.open_case(
        "cems_gap",
        severity,
        f"{what} stated {share:.1%} below what the stack monitor sees, {len(months)} months",
        planner.unit_subjects(unit),
        planner.month_window(months[0], months[-1]),
        {"activity_reports": selection.report_keys(planner, unit, months)},
    )
    selection.keep_sampled(planner, rng, unit, months)
    for month in months:
        left = 1 - share * rng.normal(1, _STEADY_NOISE)
        if form == "report":
            plan.fuel[month, unit] *= left
            plan.meter_fuel[month, unit] *= left
        else:
            plan.lab_figures.append(LabFigures(unit, month, (("combustible", left),), tag=tag))


def _turned_down(planner: CasePlanner, rng: np.random.Generator, severity: str, form: str) -> None:
    unit, _ = selection.take_unit(planner, rng, _measuring(planner))
    share = selection.drawn(rng, _STACK, severity)
    count = selection.drawn_count(rng, _DAYS, severity) * 24 + int(rng.integers(-10, 11))
    shift = (8, 18) if form == "parameter" else (19, 24)
    hours = selection.monitored_hours(planner, rng, count, shift)
    how = "duct area set too small" if form == "parameter" else "sampled gas diluted from a night on"
    tag = planner.open_case(
        "cems_gap",
        severity,
        f"monitor states {1 - share:.1%} of the flow for {hours.count // 24} days: {how}",
        planner.unit_subjects(unit),
        hours.window,
    )
    edit = MonitorEdit(unit, hours.first, hours.first_hour, hours.count, "scale", 1 - share, tag)
    planner.plan.emitters.monitor_edits.append(edit)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Half drift for some days until a calibration brings them back, half read high from month to month."""
    for turn in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, _measuring(planner))
        if turn % 2 == 0:
            hours = selection.monitored_hours(planner, rng, int(rng.integers(6 * 24, 15 * 24)))
            drift = 1 + float(rng.choice([-1, 1]) * rng.uniform(0.02, 0.04))
            edit = MonitorEdit(unit, hours.first, hours.first_hour, hours.count, "scale", drift)
            planner.plan.emitters.monitor_edits.append(edit)
            text, window = f"monitor drifts to {drift:.1%} until it is calibrated", hours.window
        else:
            months = selection.stretch(rng, selection.compared_months(planner), int(rng.integers(1, 3)))
            high = float(rng.uniform(1.015, 1.035))
            planner.plan.emitters.monitor[months, unit] *= high
            text = f"monitor reads high ({high:.1%}), to the unit's own cost"
            window = planner.month_window(months[0], months[-1])
        planner.note_lookalike("cems_gap", text, planner.unit_subjects(unit), window)


def _measuring(planner: CasePlanner) -> np.ndarray:
    """Mask over units: power units whose reports state measured carbon, to compare with a monitor."""
    fleet = planner.world.fleet
    return np.asarray(selection.established(planner) & fleet.is_power & fleet.measures_carbon)


KIND = Kind("cems_gap", arrange, resemble, "a monitor that drifts until its next calibration, or reads high")
