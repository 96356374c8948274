"""Publishes offset projects and issuances as the plan has them; returns the credits to book.

Does not belong here: which projects exist (`world`), trading and surrender of credits (`trading`,
`registry`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.simulator.plan.projects import ProjectPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.model import Issuance, Projects, World


class CreditIssue(NamedTuple):
    """Credits that the registration system books to an account on a day; they carry a case's tag, or 0."""

    account: int
    quantity: int
    day: date
    tag: int = 0


def issue_credits(
    world: World, timeline: Timeline, plan: ProjectPlan, streams: Streams, sink: Sink
) -> list[CreditIssue]:
    """Write `offset_projects` and `offset_issuances`; returns the credits to book, in order of day."""
    rng = streams.of("projects", "published")
    projects = _with_doubles(world.projects, plan, rng)
    rows = _published(projects, plan, timeline, rng)
    bodies = [body.id for body in world.verifiers]
    sink.write("offset_projects", _project_rows(world, projects, plan))
    sink.write(
        "offset_issuances",
        pl.DataFrame(
            {
                "issuance_id": [issuance.id for _, issuance, _ in rows],
                "project_id": [projects.id[project] for project, _, _ in rows],
                "period_start": [issuance.period_start for _, issuance, _ in rows],
                "period_end": [issuance.period_end for _, issuance, _ in rows],
                "quantity": [issuance.quantity for _, issuance, _ in rows],
                "verifier_id": [bodies[issuance.verifier] for _, issuance, _ in rows],
                "issued_on": [issuance.issued_on for _, issuance, _ in rows],
                "tag": pl.Series([tag for _, _, tag in rows], dtype=pl.Int64),
            }
        ),
    )
    issues = [CreditIssue(int(projects.owner[p]), one.quantity, one.issued_on, tag) for p, one, tag in rows]
    return sorted(issues, key=lambda issue: (issue.day, issue.account, issue.quantity))


def _with_doubles(projects: Projects, plan: ProjectPlan, rng: np.random.Generator) -> Projects:
    """The projects with every double in the place of what it doubles, under its own name, id and owner."""
    out = replace(
        projects,
        name=list(projects.name),
        methodology=list(projects.methodology),
        province_code=list(projects.province_code),
        latitude=projects.latitude.copy(),
        longitude=projects.longitude.copy(),
        area_ha=projects.area_ha.copy(),
        expected_annual=projects.expected_annual.copy(),
        status=list(projects.status),
        registered_on=list(projects.registered_on),
        crediting_start=list(projects.crediting_start),
        crediting_end=list(projects.crediting_end),
        issuances=list(projects.issuances),
    )
    taken = {one.id for of_project in projects.issuances for one in of_project}
    for second, first in sorted(plan.doubles.items()):
        blur = rng.normal(1.0, 0.012, 2)
        number = out.name[second][-3:]
        out.methodology[second] = out.methodology[first]
        out.province_code[second] = out.province_code[first]
        out.name[second] = out.name[first][:-3] + number
        out.latitude[second] = round(float(out.latitude[first] + rng.normal(0, 0.004)), 5)
        out.longitude[second] = round(float(out.longitude[first] + rng.normal(0, 0.004)), 5)
        out.area_ha[second] = round(float(out.area_ha[first] * blur[0]), 1)
        out.expected_annual[second] = round(float(out.expected_annual[first] * blur[1]))
        out.status[second] = out.status[first]
        shift = timedelta(days=int(rng.integers(5, 60)))
        registered = out.registered_on[first]
        out.registered_on[second] = None if registered is None else registered + shift
        out.crediting_start[second] = out.crediting_start[first]
        out.crediting_end[second] = out.crediting_end[first]
        own = [one.id for one in projects.issuances[second]]
        copies = []
        for place, one in enumerate(out.issuances[first]):
            mark = own[place] if place < len(own) else _fresh(taken, rng)
            quantity = max(int(one.quantity * float(rng.normal(1.0, 0.015))), 1)
            copies.append(one._replace(id=mark, quantity=quantity))
        out.issuances[second] = copies
    return out


def _fresh(taken: set[str], rng: np.random.Generator) -> str:
    """An id that no issuance has, of the same shape."""
    while (mark := f"ISS-{int(rng.integers(1_000_000, 10_000_000))}") in taken:
        pass
    taken.add(mark)
    return mark


def _published(
    projects: Projects, plan: ProjectPlan, timeline: Timeline, rng: np.random.Generator
) -> list[tuple[int, Issuance, int]]:
    """Every issuance as it is published: project, issuance, tag."""
    taken = {one.id for of_project in projects.issuances for one in of_project}
    rows: list[tuple[int, Issuance, int]] = []
    for project, issuances in enumerate(projects.issuances):
        factor, tag = plan.yield_factor.get(project, 1.0), plan.tags.get(project, 0)
        for place, one in enumerate(issuances):
            early = plan.early_days.get(project, 0) if place == 0 else 0
            days = (one.period_end - one.period_start).days + 1
            quantity = int(one.quantity * factor * (days + early) / days)
            start = one.period_start - timedelta(days=early)
            rows.append((project, one._replace(period_start=start, quantity=quantity), tag))
    for extra in plan.extra:
        one = projects.issuances[extra.project][extra.issuance]
        days = (one.period_end - one.period_start).days + 1
        part = max(round(days * extra.overlap), 1)
        issued = min(one.issued_on + timedelta(days=int(rng.integers(35, 170))), timeline.last_day)
        again = Issuance(
            id=_fresh(taken, rng),
            period_start=one.period_end - timedelta(days=part - 1),
            period_end=one.period_end,
            issued_on=issued,
            verifier=one.verifier,
            quantity=max(int(one.quantity * part / days), 1),
        )
        rows.append((extra.project, again, extra.tag))
    return rows


def _project_rows(world: World, projects: Projects, plan: ProjectPlan) -> pl.DataFrame:
    doubled = {*plan.doubles, *plan.doubles.values()}
    return pl.DataFrame(
        {
            "project_id": projects.id,
            "project_name": projects.name,
            "methodology": projects.methodology,
            "owner_id": [world.accounts.holder_id[account] for account in projects.owner.tolist()],
            "province_code": projects.province_code,
            "latitude": projects.latitude,
            "longitude": projects.longitude,
            "area_ha": pl.Series(projects.area_ha).fill_nan(None),
            "expected_annual": projects.expected_annual,
            "status": projects.status,
            "registered_on": pl.Series(projects.registered_on, dtype=pl.Date),
            "crediting_start": pl.Series(projects.crediting_start, dtype=pl.Date),
            "crediting_end": pl.Series(projects.crediting_end, dtype=pl.Date),
            "tag": pl.Series(
                [plan.tags.get(n, 0) if n in doubled else 0 for n in range(len(projects))], dtype=pl.Int64
            ),
        }
    )
