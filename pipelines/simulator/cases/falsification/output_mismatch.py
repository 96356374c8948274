"""Output overstated against fuel, to win allocation: electricity, heat or product that was never made.

Allocation is output times a benchmark, so invented output earns allowances. In faint cases the output meter
is falsified as well.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

_FORMS = ("generation", "product", "generation and meter", "heat", "product and meter")
_EXCESS = {"faint": (0.03, 0.05), "plain": (0.08, 0.14), "blatant": (0.22, 0.40)}
_HEAT_EXCESS = {"faint": (0.10, 0.18), "plain": (0.3, 0.6), "blatant": (1.0, 2.0)}
_MONTHS = {"faint": (8, 18), "plain": (6, 15), "blatant": (5, 12)}
_UNEVEN = 0.08  # from month to month, of the excess
_HEATING = (11, 12, 1, 2, 3)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one power unit or industrial line."""
    plan = planner.plan.emitters
    for severity, form in selection.graded(planner, rng, _FORMS):
        unit, _ = selection.take_unit(planner, rng, _suitable(planner, form), before=("mass_balance_gap",))
        length = selection.drawn_count(rng, _MONTHS, severity)
        span = _season(planner, rng) if form == "heat" else selection.months_of(planner, unit)
        months = selection.stretch(rng, span, length)
        excess = selection.drawn(rng, _HEAT_EXCESS if form == "heat" else _EXCESS, severity)
        factor = 1 + excess * rng.normal(1, _UNEVEN, len(months)).clip(0.8, 1.2)
        what = form.split()[0]
        {"generation": plan.output, "heat": plan.heat, "product": plan.product}[what][months, unit] *= factor
        if form.endswith("meter"):
            (plan.meter_product if what == "product" else plan.meter_output)[months, unit] *= factor
        planner.open_case(
            "output_mismatch",
            severity,
            f"{form} overstated by about {excess:.1%} in {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
            {"activity_reports": selection.report_keys(planner, unit, months)},
        )


def _season(planner: CasePlanner, rng: np.random.Generator) -> list[int]:
    """The reported months of one winter, when all units that supply heat do so."""
    winters: dict[int, list[int]] = {}
    for number in selection.reported_months(planner):
        month = planner.timeline.months[number]
        if month.month in _HEATING:
            winters.setdefault(month.year + (month.month > _HEATING[-1]), []).append(number)
    whole = [months for months in winters.values() if len(months) == len(_HEATING)]
    return whole[int(rng.integers(len(whole)))]


def _suitable(planner: CasePlanner, form: str) -> np.ndarray:
    fleet = planner.world.fleet
    if form.startswith("product"):
        return np.asarray(selection.established(planner) & ~fleet.is_power)
    if form == "heat":
        return np.asarray(selection.coal_power(planner) & (fleet.heat_per_mw > 0))
    return np.asarray(selection.established(planner) & fleet.is_power & (fleet.heat_per_mw == 0))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Units and lines that really need less fuel than their peers, all along."""
    fleet = planner.world.fleet
    for turn in selection.lookalikes(planner):
        suitable = (
            selection.established(planner) & (fleet.fuel != "none") & (fleet.is_power == (turn % 2 == 0))
        )
        unit, _ = selection.take_unit(planner, rng, suitable)
        gain = float(rng.uniform(0.03, 0.055) if fleet.is_power[unit] else rng.uniform(0.04, 0.08))
        planner.plan.emitters.efficiency[:, unit] *= 1 - gain
        planner.note_lookalike(
            "output_mismatch",
            f"needs {gain:.1%} less fuel for its output than its peers, as built",
            planner.unit_subjects(unit),
            planner.month_window(0, len(planner.timeline.months) - 1),
        )


KIND = Kind("output_mismatch", arrange, resemble, "a unit or line with a really good heat rate")
