"""Credits without a reduction: more than the site can yield, or the same reduction twice [G-07].

Four forms: every issuance above what area or capacity can yield, a period issued for again, a first
period that begins before crediting does, and a second registration of one project under another name.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.projects import ExtraIssuance

_KIND = "offset_overclaim"
_FORMS = ("yield", "overlap", "early", "double")
_YIELD = {"faint": (1.15, 1.30), "plain": (1.5, 2.2), "blatant": (3.0, 7.0)}
_OVERLAP = {"faint": (0.10, 0.25), "plain": (0.4, 0.7), "blatant": (0.9, 1.0)}
_EARLY_DAYS = {"faint": (12, 35), "plain": (60, 150), "blatant": (240, 500)}
_GOOD_YIELD = (1.03, 1.09)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one project, or at two that are one."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        if form == "double" and severity == "faint":
            form = "yield"  # a place that is registered twice is never hardly visible
        _OVERCLAIM[form](planner, rng, severity)


def _beyond_yield(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    project = _take(planner, rng)
    factor = selection.drawn(rng, _YIELD, severity)
    tag = _open(planner, severity, f"issued {factor:.2f} times what the project yields", [project])
    planner.plan.projects.yield_factor[project] = factor
    planner.plan.projects.tags[project] = tag


def _twice(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    project = _take(planner, rng)
    overlap = selection.drawn(rng, _OVERLAP, severity)
    tag = _open(planner, severity, f"{overlap:.0%} of a period issued for twice", [project])
    issued = len(planner.world.projects.issuances[project])
    again = range(issued) if severity == "blatant" else [int(rng.integers(issued))]
    planner.plan.projects.extra += [ExtraIssuance(project, number, overlap, tag) for number in again]


def _too_early(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    project = _take(planner, rng)
    days = selection.drawn_count(rng, _EARLY_DAYS, severity)
    tag = _open(planner, severity, f"first period begins {days} days before crediting does", [project])
    planner.plan.projects.early_days[project] = days
    planner.plan.projects.tags[project] = tag


def _registered_twice(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    first, second = _take(planner, rng), _take(planner, rng)
    tag = _open(planner, severity, "one place registered under two names, credited in both", [first, second])
    plan = planner.plan.projects
    plan.doubles[second] = first
    plan.tags[first] = plan.tags[second] = tag


_OVERCLAIM = {
    "yield": _beyond_yield,
    "overlap": _twice,
    "early": _too_early,
    "double": _registered_twice,
}


def _open(planner: CasePlanner, severity: str, text: str, projects: list[int]) -> int:
    known = planner.world.projects
    issuances = [issuance for project in projects for issuance in known.issuances[project]]
    first = min(issuance.period_start for issuance in issuances)
    last = max(issuance.issued_on for issuance in issuances)
    return planner.open_case(
        _KIND,
        severity,
        text,
        [known.id[project] for project in projects],
        (calendar.utc_midnight(first), calendar.utc_midnight(last) + calendar.DAY),
        {"offset_projects": [[known.id[project]] for project in projects]},
    )


def _take(planner: CasePlanner, rng: np.random.Generator) -> int:
    """A project with issuances that has no part yet."""
    issuances = planner.world.projects.issuances
    issuing = [project for project, issued in enumerate(issuances) if issued]
    return planner.participants.take(rng, "project", issuing, 1)[0]


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Projects in really good years: a little above what they were designed for."""
    known = planner.world.projects
    for _ in selection.lookalikes(planner):
        project = _take(planner, rng)
        factor = float(rng.uniform(*_GOOD_YIELD))
        planner.plan.projects.yield_factor[project] = factor
        window = (
            calendar.utc_midnight(known.issuances[project][0].period_start),
            calendar.utc_midnight(known.issuances[project][-1].issued_on) + calendar.DAY,
        )
        text = f"really yields {factor - 1:.1%} more than usual"
        planner.note_lookalike(_KIND, text, [known.id[project]], window)


KIND = Kind(_KIND, arrange, resemble, "a project with a really good yield, a little above its design")
