"""Reports below the plant's own balance: meters, electricity and stack imply more than is reported.

Three forms: less fuel than the meters weighed, less carbon than the laboratory found, or emissions below
what the report's own figures give.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import CoalLot

_FORMS = ("fuel", "carbon", "emissions", "industry")
_SHARE = {"faint": (0.025, 0.045), "plain": (0.07, 0.12), "blatant": (0.17, 0.32)}
_MONTHS = {"faint": (5, 14), "plain": (6, 14), "blatant": (4, 12)}
_UNEVEN = 0.08  # from month to month, of the share left out


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one unit; most of them over a year's end."""
    fleet, plan = planner.world.fleet, planner.plan.emitters
    for severity, form in selection.graded(planner, rng, _FORMS):
        suitable = selection.coal_power(planner)
        if form == "industry":
            suitable = (
                selection.established(planner)
                & ~fleet.is_power
                & np.isin(fleet.fuel, (*selection.COAL, "coke"))
            )
        unit, _ = selection.take_unit(
            planner, rng, suitable, before=("lab_date_conflict", "lab_ratio_conflict")
        )
        share = selection.drawn(rng, _SHARE, severity)
        length = selection.drawn_count(rng, _MONTHS, severity)
        months = selection.stretch(rng, selection.months_of(planner, unit), length)
        factor = {"carbon": plan.carbon, "emissions": plan.emission}.get(form, plan.fuel)
        factor[months, unit] *= 1 - share * rng.normal(1, _UNEVEN, len(months)).clip(0.8, 1.2)
        what = "fuel" if form == "industry" else form
        planner.open_case(
            "mass_balance_gap",
            severity,
            f"{what} understated by about {share:.1%} for {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
            {"activity_reports": selection.report_keys(planner, unit, months)},
        )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """In turn an overhaul, a coal scale that reads high until it is calibrated, and better coal."""
    plan = planner.plan.emitters
    for turn in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, selection.coal_power(planner))
        reported = selection.reported_months(planner)
        if turn % 3 == 0:
            months = selection.stretch(rng, reported[6:], len(reported))
            months = months[int(rng.integers(0, len(months) - 3)) :]
            gain = float(rng.uniform(0.02, 0.04))
            plan.efficiency[months[0] :, unit] *= 1 - gain
            text = f"an overhaul lowers the heat rate by {gain:.1%} for good"
        elif turn % 3 == 1:
            months = selection.stretch(rng, reported, int(rng.integers(2, 4)))
            high = float(rng.uniform(0.010, 0.020))
            plan.meter_fuel[months, unit] *= 1 + high
            text = f"coal scale {high:.1%} high until it is calibrated"
        else:
            months = selection.stretch(rng, reported, int(rng.integers(4, 13)))
            ash, per_heat = float(rng.uniform(-6, -3)), float(rng.uniform(0.985, 0.995))
            lot = CoalLot(unit, months[0], months[-1], ash=ash, per_heat=per_heat)
            plan.coal_lots.append(lot)
            text = f"better coal for {len(months)} months: ash {ash:+.1f} points"
        window = planner.month_window(months[0], months[-1])
        planner.note_lookalike("mass_balance_gap", text, planner.unit_subjects(unit), window)


KIND = Kind(
    "mass_balance_gap", arrange, resemble, "an overhaul, a coal scale that reads high, or really better coal"
)
