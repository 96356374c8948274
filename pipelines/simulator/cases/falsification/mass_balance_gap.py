"""Reports below the plant's own balance: meters, electricity and stack tell of more than is reported.

Three forms: less fuel than the meters weighed, less carbon than the laboratory found, or emissions below
what the report's own figures give.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import casting
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.plan.emitting import CoalLot

_FORMS = ("fuel", "carbon", "emissions", "industry")
_SHARE = {"faint": (0.025, 0.045), "plain": (0.07, 0.12), "blatant": (0.17, 0.32)}
_MONTHS = {"faint": (5, 14), "plain": (6, 14), "blatant": (4, 12)}
_UNEVEN = 0.08  # from month to month, of the share left out


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Each case at one unit; most of them over a year's end."""
    fleet, plan = stage.world.fleet, stage.plan.emitters
    for severity, form in casting.graded(stage, rng, _FORMS):
        suitable = casting.coal_power(stage)
        if form == "industry":
            suitable = (
                casting.established(stage) & ~fleet.is_power & np.isin(fleet.fuel, (*casting.COAL, "coke"))
            )
        unit, _ = casting.take_unit(stage, rng, suitable, before=("lab_date_conflict", "lab_ratio_conflict"))
        share = casting.drawn(rng, _SHARE, severity)
        length = casting.drawn_count(rng, _MONTHS, severity)
        months = casting.stretch(rng, casting.months_of(stage, unit), length)
        factor = {"carbon": plan.carbon, "emissions": plan.emission}.get(form, plan.fuel)
        factor[months, unit] *= 1 - share * rng.normal(1, _UNEVEN, len(months)).clip(0.8, 1.2)
        what = "fuel" if form == "industry" else form
        stage.open_case(
            "mass_balance_gap",
            severity,
            f"{what} understated by about {share:.1%} for {len(months)} months",
            stage.unit_subjects(unit),
            stage.month_window(months[0], months[-1]),
            {"activity_reports": casting.report_keys(stage, unit, months)},
        )


def resemble(stage: Stage, rng: np.random.Generator) -> None:
    """In turn an overhaul, a coal scale that reads high until it is calibrated, and better coal."""
    plan = stage.plan.emitters
    for turn in casting.lookalikes(stage):
        unit, _ = casting.take_unit(stage, rng, casting.coal_power(stage))
        reported = casting.reported_months(stage)
        if turn % 3 == 0:
            months = casting.stretch(rng, reported[6:], len(reported))
            months = months[int(rng.integers(0, len(months) - 3)) :]
            gain = float(rng.uniform(0.02, 0.04))
            plan.efficiency[months[0] :, unit] *= 1 - gain
            text = f"an overhaul lowers the heat rate by {gain:.1%} for good"
        elif turn % 3 == 1:
            months = casting.stretch(rng, reported, int(rng.integers(2, 4)))
            high = float(rng.uniform(0.010, 0.020))
            plan.meter_fuel[months, unit] *= 1 + high
            text = f"coal scale {high:.1%} high until it is calibrated"
        else:
            months = casting.stretch(rng, reported, int(rng.integers(4, 13)))
            ash, per_heat = float(rng.uniform(-6, -3)), float(rng.uniform(0.985, 0.995))
            lot = CoalLot(unit, months[0], months[-1], ash=ash, per_heat=per_heat)
            plan.coal_lots.append(lot)
            text = f"better coal for {len(months)} months: ash {ash:+.1f} points"
        window = stage.month_window(months[0], months[-1])
        stage.note_lookalike("mass_balance_gap", text, stage.unit_subjects(unit), window)


KIND = Kind(
    "mass_balance_gap", arrange, resemble, "an overhaul, a coal scale that reads high, or really better coal"
)
