"""Credits that no reduction stands behind: more than the place can yield, or the same one twice [G-07].

Four forms: every issuance above what area or capacity can yield, a period issued for again, a first
period that begins before crediting does, and a second registration of one project under another name.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.falsification import casting
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.plan.projects import ExtraIssuance

_KIND = "offset_overclaim"
_FORMS = ("yield", "overlap", "early", "double")
_YIELD = {"faint": (1.15, 1.30), "plain": (1.5, 2.2), "blatant": (3.0, 7.0)}
_OVERLAP = {"faint": (0.10, 0.25), "plain": (0.4, 0.7), "blatant": (0.9, 1.0)}
_EARLY_DAYS = {"faint": (12, 35), "plain": (60, 150), "blatant": (240, 500)}
_GOOD_YIELD = (1.03, 1.09)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Each case at one project, or at two that are one."""
    for severity, form in casting.graded(stage, rng, _FORMS):
        if form == "double" and severity == "faint":
            form = "yield"  # a place that is registered twice is never hardly visible
        _OVERCLAIM[form](stage, rng, severity)


def _beyond_yield(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    project = _take(stage, rng)
    factor = casting.drawn(rng, _YIELD, severity)
    tag = _open(stage, severity, f"issued {factor:.2f} times what the project yields", [project])
    stage.plan.projects.yield_factor[project] = factor
    stage.plan.projects.tags[project] = tag


def _twice(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    project = _take(stage, rng)
    overlap = casting.drawn(rng, _OVERLAP, severity)
    tag = _open(stage, severity, f"{overlap:.0%} of a period issued for twice", [project])
    issued = len(stage.world.projects.issuances[project])
    again = range(issued) if severity == "blatant" else [int(rng.integers(issued))]
    stage.plan.projects.extra += [ExtraIssuance(project, number, overlap, tag) for number in again]


def _too_early(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    project = _take(stage, rng)
    days = casting.drawn_count(rng, _EARLY_DAYS, severity)
    tag = _open(stage, severity, f"first period begins {days} days before crediting does", [project])
    stage.plan.projects.early_days[project] = days
    stage.plan.projects.tags[project] = tag


def _registered_twice(stage: Stage, rng: np.random.Generator, severity: str) -> None:
    first, second = _take(stage, rng), _take(stage, rng)
    tag = _open(stage, severity, "one place registered under two names, credited in both", [first, second])
    plan = stage.plan.projects
    plan.doubles[second] = first
    plan.tags[first] = plan.tags[second] = tag


_OVERCLAIM = {
    "yield": _beyond_yield,
    "overlap": _twice,
    "early": _too_early,
    "double": _registered_twice,
}


def _open(stage: Stage, severity: str, text: str, projects: list[int]) -> int:
    known = stage.world.projects
    issuances = [issuance for project in projects for issuance in known.issuances[project]]
    first = min(issuance.period_start for issuance in issuances)
    last = max(issuance.issued_on for issuance in issuances)
    return stage.open_case(
        _KIND,
        severity,
        text,
        [known.id[project] for project in projects],
        (calendar.utc_midnight(first), calendar.utc_midnight(last) + calendar.DAY),
        {"offset_projects": [[known.id[project]] for project in projects]},
    )


def _take(stage: Stage, rng: np.random.Generator) -> int:
    """A project with issuances that has no part yet."""
    issuances = stage.world.projects.issuances
    issuing = [project for project, issued in enumerate(issuances) if issued]
    return stage.cast.take(rng, "project", issuing, 1)[0]


def resemble(stage: Stage, rng: np.random.Generator) -> None:
    """Projects in really good years: a little above what they were designed for."""
    known = stage.world.projects
    for _ in casting.lookalikes(stage):
        project = _take(stage, rng)
        factor = float(rng.uniform(*_GOOD_YIELD))
        stage.plan.projects.yield_factor[project] = factor
        window = (
            calendar.utc_midnight(known.issuances[project][0].period_start),
            calendar.utc_midnight(known.issuances[project][-1].issued_on) + calendar.DAY,
        )
        text = f"really yields {factor - 1:.1%} more than usual"
        stage.note_lookalike(_KIND, text, [known.id[project]], window)


KIND = Kind(_KIND, arrange, resemble, "a project with a really good yield, a little above its design")
