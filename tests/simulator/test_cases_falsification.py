"""How the cases of the family falsification are chosen: grades, actors, windows, relations."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import chain

import numpy as np
import pytest

from pipelines.simulator import calendar
from pipelines.simulator.cases.falsification import KINDS, selection
from pipelines.simulator.cases.planner import SEVERITIES, CasePlanner
from pipelines.simulator.plan import Plan
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import build_world

TAGGED = (
    "lab_dates", "lab_figures", "copied_months", "invented_digits", "monitor_edits", "downtimes",
    "meter_edits", "selective_defaults", "hours_targets", "emission_targets",
)  # fmt: skip
SEED = 5


def _planned(scale: str, clean: bool = False) -> CasePlanner:
    size = scale_named(scale)
    timeline = Timeline.ending(size.years)
    streams = Streams(SEED)
    world = build_world(size, timeline, streams)
    planner = CasePlanner(world, Plan.empty(len(timeline.months), len(world.fleet)), timeline, size)
    for kind in KINDS:
        kind.resemble(planner, streams.of("lookalikes", kind.name))
    if not clean:
        for kind in KINDS:
            kind.arrange(planner, streams.of("cases", kind.name))
    return planner


@pytest.fixture(scope="module")
def small() -> CasePlanner:
    return _planned("small")


@pytest.fixture(scope="module")
def medium() -> CasePlanner:
    return _planned("medium")


def _by_kind(planner: CasePlanner) -> dict[str, list[str | None]]:
    found = defaultdict(list)
    for case in planner.cases:
        found[case.kind].append(case.severity)
    return found


@pytest.mark.parametrize("scale", ["small", "medium"])
def test_every_kind_has_cases_in_three_severities_and_a_lookalike(
    scale: str, request: pytest.FixtureRequest
) -> None:
    planner = request.getfixturevalue(scale)
    severities, seen = _by_kind(planner), {case.kind for case in planner.lookalikes}
    for kind in KINDS:
        assert set(severities[kind.name]) == set(SEVERITIES)
        assert len(severities[kind.name]) == planner.scale.cases_per_kind
        assert kind.name in seen
        assert kind.lookalike


def test_no_unit_and_no_project_plays_two_parts(medium: CasePlanner) -> None:
    """Companies may, units may not: one case would hide the other."""
    named = set(medium.world.fleet.id) | set(medium.world.projects.id)
    parts = Counter(
        subject
        for case in chain(medium.cases, medium.lookalikes)
        for subject in case.subject_ids
        if subject in named
    )
    assert [subject for subject, count in parts.items() if count > 1] == []


def test_some_companies_do_several_things(medium: CasePlanner) -> None:
    companies = set(medium.world.entities.id)
    kinds = defaultdict(set)
    for case in medium.cases:
        for subject in case.subject_ids:
            if subject in companies:
                kinds[subject].add(case.kind)
    assert sum(len(done) > 1 for done in kinds.values()) >= 5


def test_one_laboratory_serves_several_cases(medium: CasePlanner) -> None:
    fleet = medium.world.fleet
    laboratory = dict(zip(fleet.id, fleet.laboratory.tolist(), strict=True))
    served = Counter(
        laboratory[subject]
        for case in medium.cases
        if case.kind in ("lab_date_conflict", "lab_ratio_conflict")
        for subject in case.subject_ids
        if subject in laboratory
    )
    assert max(served.values()) >= 3


def test_windows_lie_within_the_span_and_some_cross_a_year(medium: CasePlanner) -> None:
    timeline = medium.timeline
    first = calendar.utc_midnight(timeline.months[0])
    new_years = [calendar.utc_midnight(month) for month in timeline.months if month.month == 1][1:]
    crossing = 0
    for case in medium.cases:
        assert case.window is not None
        start, end = case.window
        assert start < end
        if case.kind not in ("offset_overclaim", "threshold_bunching"):
            assert first <= start
            assert end <= calendar.utc_midnight(timeline.as_of)
            crossing += any(start < day < end for day in new_years)
    assert crossing >= 20


def test_severity_scales_the_strength(medium: CasePlanner) -> None:
    severity = {case.tag: case.severity for case in medium.cases}
    plan = medium.plan.emitters
    hidden = defaultdict(list)
    for edit in plan.monitor_edits:
        if edit.tag and edit.action == "scale":
            hidden["scale", severity[edit.tag]].append(1 - edit.value)
        if edit.tag and edit.action == "hold":
            hidden["hold", severity[edit.tag]].append(edit.hours)
    for lost in plan.downtimes:
        if lost.tag:
            hidden["downtime", severity[lost.tag]].append(lost.share)
    for choice in plan.selective_defaults:
        hidden["default", severity[choice.tag]].append(choice.share)
    for figure in {figure for figure, _ in hidden}:
        means = [np.mean(hidden[figure, grade]) for grade in SEVERITIES if (figure, grade) in hidden]
        assert means == sorted(means), figure
        drawn = list(chain.from_iterable(hidden[figure, grade] for grade in SEVERITIES))
        assert len(set(drawn)) > len(drawn) / 2, f"{figure} is drawn, not constant"


def test_templates_go_between_every_kind_of_relation(medium: CasePlanner) -> None:
    world = medium.world
    position = {name: number for number, name in enumerate(world.fleet.id)}
    found = set()
    for case in medium.cases:
        if case.kind == "template_report":
            units = np.array([position[subject] for subject in case.subject_ids if subject in position])
            assert len(set(world.fleet.entity[units].tolist())) == len(units)
            found.add(str(selection.relations(medium, int(units[0]), units[1:2])[0]))
    assert found == set(selection.RELATIONS)


def test_lookalikes_carry_no_tag() -> None:
    planner = _planned("small", clean=True)
    plan = planner.plan.emitters
    assert planner.cases == []
    assert [entry for name in TAGGED for entry in getattr(plan, name) if entry.tag] == []
    assert planner.plan.projects.tags == {}
    for figure in (plan.fuel, plan.carbon, plan.emission, plan.output, plan.heat, plan.hours, plan.product):
        assert (figure == 1).all(), "what an honest emitter states is so"


def test_the_same_seed_gives_the_same_cases() -> None:
    first, second = _planned("small"), _planned("small")
    assert first.cases == second.cases
    assert first.plan.emitters.lab_dates == second.plan.emitters.lab_dates
    assert (first.plan.emitters.fuel == second.plan.emitters.fuel).all()
