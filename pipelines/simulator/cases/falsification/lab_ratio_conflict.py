"""Analyses that fit no coal: figures altered one by one, so that their ratios are impossible [F-01].

Carbon is lowered and the heat left as it was; moisture is invented, which lowers carbon as received and
nothing else; ash is raised beside the same carbon; hydrogen and volatile matter are guessed, since the form
requires them [E-07]. The monthly report follows what the laboratory states.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import CoalLot, LabFigures

_FORMS = ("carbon", "moisture", "hydrogen", "ash")
# By how much the figure is altered, as a part of itself.
_STRENGTH = {
    "carbon": {"faint": (0.03, 0.05), "plain": (0.07, 0.12), "blatant": (0.16, 0.28)},
    "moisture": {"faint": (0.30, 0.50), "plain": (0.7, 1.1), "blatant": (1.5, 2.2)},
    "hydrogen": {"faint": (0.12, 0.20), "plain": (0.30, 0.45), "blatant": (0.6, 1.0)},
    "ash": {"faint": (0.12, 0.20), "plain": (0.28, 0.42), "blatant": (0.6, 0.9)},
}
_SAME_LABORATORY = 0.5  # how many of the cases go through a laboratory that has one already
_MONTHS = {"faint": (2, 5), "plain": (4, 9), "blatant": (5, 16)}


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one coal unit, some months in a row."""
    fleet = planner.world.fleet
    for severity, form in selection.graded(planner, rng, _FORMS):
        suitable = selection.coal_power(planner)
        if form == "moisture":
            suitable = suitable & (fleet.fuel != "lignite")  # which is wet already
        clients = selection.clients_of_earlier(planner, suitable, ("lab_date_conflict", "lab_ratio_conflict"))
        if clients.any() and rng.random() < _SAME_LABORATORY:
            suitable = clients
        unit, again = selection.take_unit(planner, rng, suitable, before=("lab_date_conflict",))
        strength = selection.drawn(rng, _STRENGTH[form], severity)
        length = selection.drawn_count(rng, _MONTHS, severity)
        months = selection.stretch(rng, selection.reported_months(planner), length)
        laboratory = planner.world.laboratories[int(fleet.laboratory[unit])][0]
        text = f"{form} altered by about {strength:.0%} in {len(months)} analyses of {laboratory}"
        tag = planner.open_case(
            "lab_ratio_conflict",
            severity,
            text + (", at a company with another case" if again else ""),
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )
        selection.keep_sampled(planner, rng, unit, months)
        for month in months:
            factors = _factors(rng, form, strength * float(rng.uniform(0.85, 1.15)))
            planner.plan.emitters.lab_figures.append(LabFigures(unit, month, factors, tag=tag))


def _factors(rng: np.random.Generator, form: str, strength: float) -> tuple[tuple[str, float], ...]:
    if form == "carbon":
        return (("carbon", 1 - strength),)
    if form == "moisture":
        return (("total_moisture", 1 + strength),)
    if form == "ash":
        return (("ash", 1 + strength),)
    up = strength if rng.random() < 0.5 else -strength / 2
    return (("hydrogen", 1 + up), ("volatile", 1 - up / 2))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Coal that is really different: washed or stony, wet, at the edge of what its rank holds per heat."""
    for _ in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, selection.coal_power(planner))
        months = selection.stretch(rng, selection.reported_months(planner), int(rng.integers(3, 13)))
        lot = CoalLot(
            unit,
            months[0],
            months[-1],
            ash=float(rng.uniform(-5, 7)),
            total_moisture=float(rng.uniform(-2, 4)),
            per_heat=float(rng.uniform(0.985, 1.015)),
        )
        planner.plan.emitters.coal_lots.append(lot)
        planner.note_lookalike(
            "lab_ratio_conflict",
            f"other coal for {len(months)} months: ash {lot.ash:+.1f}, moisture {lot.total_moisture:+.1f}",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )


KIND = Kind("lab_ratio_conflict", arrange, resemble, "unusual but real coal, all figures of which agree")
