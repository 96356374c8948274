"""Figures copied between companies: one's analyses are another's, or a template's for several [F-01].

The companies are declared relatives, relatives of one group that say nothing of it, clients of one
laboratory, or strangers whose consultant uses one file for all. Copies come in the same month or some
months later, with more or less retouching.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import CopiedMonth, LabFigures, SharedCoal

_KIND = "template_report"
_RELATED = {
    "declared": "declared relatives",
    "undeclared": "relatives who declare no common controller",
    "laboratory": "clients of one laboratory",
    "strangers": "strangers",
}
_RETOUCH = {"faint": (0.004, 0.009), "plain": (0.001, 0.003), "blatant": (0.0, 0.0003)}
_MONTHS = {"faint": (3, 6), "plain": (5, 10), "blatant": (9, 20)}
_LAGS = (0, 0, 0, 1, 2)
_WHOLE_REPORT = 0.6  # how many of the plain and blatant ones copy the activity figures, if of like size
_LIKE_SIZE = 1.3
_THIRD_COMPANY = 0.4
_COLUMNS = ("fuel_consumption", "electricity_generated", "electricity_supplied", "heat_supplied")


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case with two companies, a third now and then, in every relation that there is."""
    for severity, relation in selection.graded(planner, rng, selection.RELATIONS):
        fleet = planner.world.fleet
        coal = selection.coal_power(planner)
        units, found = selection.take_partners(planner, rng, coal, relation)
        others = selection.free(planner, coal & (fleet.fuel == fleet.fuel[units[0]]))
        if severity == "blatant" and others.any() and rng.random() < _THIRD_COMPANY:
            units.append(selection.take_unit(planner, rng, others)[0])
        lag = int(rng.choice(_LAGS))
        length = selection.drawn_count(rng, _MONTHS, severity)
        months = selection.stretch(rng, selection.reported_months(planner)[lag:], length)
        retouch = selection.drawn(rng, _RETOUCH, severity)
        capacity = fleet.capacity[units]
        alike = capacity.max() <= _LIKE_SIZE * capacity.min()
        whole = severity != "faint" and alike and rng.random() < _WHOLE_REPORT
        later = f", copied {lag} later" if lag else ""
        what = "reports and analyses" if whole else "analyses"
        tag = planner.open_case(
            _KIND,
            severity,
            f"{what} of {len(units)} {_RELATED[found]} within {retouch:.2%}, {len(months)} months{later}",
            [subject for unit in units for subject in planner.unit_subjects(unit)],
            planner.month_window(months[0] - lag, months[-1]),
        )
        selection.keep_sampled(planner, rng, units[0], [month - lag for month in months])
        for unit in units[1:]:
            selection.keep_sampled(planner, rng, unit, months)
            _copy(planner, unit, units[0], months, lag, retouch, whole, tag)


def _copy(
    planner: CasePlanner,
    unit: int,
    source: int,
    months: list[int],
    lag: int,
    retouch: float,
    whole: bool,
    tag: int,
) -> None:
    plan = planner.plan.emitters
    plan.lab_figures += [
        LabFigures(unit, month, source=(source, month - lag), jitter=retouch, tag=tag) for month in months
    ]
    if whole:
        plan.copied_months += [
            CopiedMonth(unit, month, source, month - lag, _COLUMNS, retouch, tag) for month in months
        ]


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Neighbours that share a coal yard: their samples are their own, the coal is the same."""
    for turn in selection.lookalikes(planner):
        relation = ("declared", "undeclared", "laboratory")[turn % 3]
        units, found = selection.take_partners(planner, rng, selection.coal_power(planner), relation)
        months = selection.stretch(rng, selection.reported_months(planner), int(rng.integers(6, 25)))
        planner.plan.emitters.shared_coal.append(SharedCoal(units[1], units[0], months[0], months[-1]))
        planner.note_lookalike(
            _KIND,
            f"two {_RELATED[found]} on one coal yard for {len(months)} months, each with own samples",
            [subject for unit in units for subject in planner.unit_subjects(unit)],
            planner.month_window(months[0], months[-1]),
        )


KIND = Kind(_KIND, arrange, resemble, "two plants on one coal yard, whose own samples agree")
