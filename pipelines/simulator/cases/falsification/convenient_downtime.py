"""Monitor downtime in the hours of high load: faults and substituted values where emissions are highest."""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import Downtime

_FORMS = ("substituted", "fault", "substituted")
# Share of a month's hours, taken from the highest load downwards.
_SHARE = {"faint": (0.02, 0.04), "plain": (0.06, 0.12), "blatant": (0.18, 0.35)}
_MONTHS = {"faint": (2, 3), "plain": (2, 4), "blatant": (2, 6)}
_SUBSTITUTE = {"faint": (0.85, 0.95), "plain": (0.70, 0.88), "blatant": (0.50, 0.75)}


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one power unit, some months in a row."""
    for severity, quality in selection.graded(planner, rng, _FORMS):
        unit, _ = selection.take_unit(planner, rng, _monitored(planner), before=("cems_gap",))
        length = selection.drawn_count(rng, _MONTHS, severity)
        months = selection.stretch(rng, selection.hourly_months(planner), length)
        share = selection.drawn(rng, _SHARE, severity)
        level = selection.drawn(rng, _SUBSTITUTE, severity)
        stated = f"bridged by {level:.0%} of the mean" if quality == "substituted" else "without a reading"
        tag = planner.open_case(
            "convenient_downtime",
            severity,
            f"the {share:.1%} of hours with the highest load are {stated}, {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )
        planner.plan.emitters.downtimes += [
            Downtime(unit, month, share * float(rng.uniform(0.8, 1.2)), quality, level, tag=tag)
            for month in months
        ]


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """As many hours lost, but whenever the instrument happens to fail."""
    for _ in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, _monitored(planner))
        months = selection.stretch(rng, selection.hourly_months(planner), int(rng.integers(1, 4)))
        share = float(rng.uniform(0.03, 0.20))
        quality = str(rng.choice(["fault", "substituted"]))
        planner.plan.emitters.downtimes += [
            Downtime(unit, month, share * float(rng.uniform(0.8, 1.2)), quality, 1.0, at_random=True)
            for month in months
        ]
        planner.note_lookalike(
            "convenient_downtime",
            f"an ageing monitor loses {share:.1%} of its hours at any load, {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )


def _monitored(planner: CasePlanner) -> np.ndarray:
    return np.asarray(selection.established(planner) & planner.world.fleet.is_power)


KIND = Kind(
    "convenient_downtime", arrange, resemble, "an ageing monitor that fails as often, but at any load"
)
