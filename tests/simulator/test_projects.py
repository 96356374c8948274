"""Offset projects: sizes, places, periods, and what the plan does to them."""

import itertools
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.credits import issue_credits
from pipelines.simulator.plan.projects import ExtraIssuance, ProjectPlan
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import PROVINCES, build_world
from pipelines.simulator.world import projects as offsets
from pipelines.simulator.world.methodologies import METHODOLOGIES

# Degrees within which a point of a province lies from its rough centre.
REACH = {"150000": 16.0, "620000": 9.5, "630000": 8.0, "650000": 9.0}


@pytest.fixture(scope="module", params=["small", "medium", "national"])
def world(request):
    scale = scale_named(request.param)
    return build_world(scale, Timeline.ending(scale.years), Streams(3))


@pytest.fixture(scope="module")
def small():
    return build_world(scale_named("small"), Timeline.ending(2), Streams(3))


def _issued(world, plan, folder):
    sink = Sink(folder, "parquet")
    issues = issue_credits(world, world.timeline, plan, Streams(3), sink)
    tables = [pl.read_parquet(folder / f"{name}.parquet") for name in ("offset_projects", "offset_issuances")]
    return issues, *tables, sink


def test_every_methodology_and_status_occurs(world):
    columns = {column.name: column.enum for column in TABLES["offset_projects"].columns}
    assert set(world.projects.methodology) == set(columns["methodology"]) == set(METHODOLOGIES)
    assert set(world.projects.status) == set(columns["status"])


def test_credits_come_to_the_published_amount(world):
    issued = sum(one.quantity for of_project in world.projects.issuances for one in of_project)
    emitters = world.key_emitters / 3_378
    assert issued == pytest.approx(offsets.ISSUED_NATIONALLY * emitters, rel=0.01)


def test_area_and_yield_belong_to_the_methodology(world):
    known = world.projects
    for n, name in enumerate(known.methodology):
        per_ha = METHODOLOGIES[name].per_ha
        assert np.isnan(known.area_ha[n]) == (per_ha is None)
        if per_ha and known.area_ha[n] > 5:
            density = known.expected_annual[n] / known.area_ha[n]
            assert per_ha[0] * 0.95 < density < per_ha[1] * 1.05


def test_projects_stand_in_their_province(world):
    centres = {province.code: (province.latitude, province.longitude) for province in PROVINCES}
    known = world.projects
    for n, code in enumerate(known.province_code):
        latitude, longitude = centres[code]
        away = np.hypot(known.latitude[n] - latitude, known.longitude[n] - longitude)
        assert away < REACH.get(code, 5.5), (code, known.latitude[n], known.longitude[n])


def test_periods_follow_one_another_within_the_crediting_period(world):
    known = world.projects
    for n, issuances in enumerate(known.issuances):
        if not issuances:
            continue
        assert known.status[n] == "registered"
        assert issuances[0].period_start == known.crediting_start[n] >= offsets.EARLIEST_REDUCTION
        assert issuances[-1].period_end <= known.crediting_end[n]
        for before, after in itertools.pairwise(issuances):
            assert after.period_start == before.period_end + timedelta(days=1)
        for one in issuances:
            assert one.period_start < one.period_end < one.issued_on <= world.timeline.last_day
            assert one.issued_on > known.registered_on[n] > offsets.MARKET_LAUNCH
            years = ((one.period_end - one.period_start).days + 1) / 365.25
            assert 0 < one.quantity <= known.expected_annual[n] * years * 1.05 + 1
            assert one.verifier != known.validator[n]


def test_verifiers_are_accredited_when_they_verify(world):
    for issuances in world.projects.issuances:
        for one in issuances:
            body = world.verifiers[one.verifier]
            assert body.accredited_on <= one.issued_on
            assert body.revoked_on is None or body.revoked_on > one.issued_on


def test_ids_are_different_and_carry_no_information(world):
    known = world.projects
    ids = [one.id for of_project in known.issuances for one in of_project]
    assert len(set(ids)) == len(ids)
    assert len(set(known.id)) == len(known)
    issuing = np.array([bool(issuances) for issuances in known.issuances])
    rank = np.argsort(np.argsort(known.id)) / len(known)
    assert abs(rank[issuing].mean() - rank[~issuing].mean()) < 0.35


def test_without_a_plan_what_is_booked_is_what_is_published(small, tmp_path):
    issues, published, issuances, sink = _issued(small, ProjectPlan(), tmp_path)
    assert sum(issue.quantity for issue in issues) == issuances["quantity"].sum()
    assert [issue.day for issue in issues] == sorted(issuances["issued_on"])
    owners = {small.accounts.holder_id[issue.account] for issue in issues}
    assert owners <= set(published["owner_id"])
    assert sink.affected == {}


def test_plan_is_carried_out_and_remembered(small, tmp_path):
    issuing = [n for n, issuances in enumerate(small.projects.issuances) if issuances]
    rich, early, first, second, again = issuing[:5]
    plan = ProjectPlan(
        yield_factor={rich: 2.0},
        early_days={early: 90},
        doubles={second: first},
        extra=[ExtraIssuance(again, 0, 0.5, tag=8)],
        tags={rich: 5, early: 6, first: 7, second: 7},
    )
    (tmp_path / "plain").mkdir()
    _, _, honest, _ = _issued(small, ProjectPlan(), tmp_path / "plain")
    (tmp_path / "cases").mkdir()
    issues, published, issuances, sink = _issued(small, plan, tmp_path / "cases")
    ids = small.projects.id

    def of(frame, project):
        return frame.filter(pl.col("project_id") == ids[project]).sort("issued_on", "period_start")

    ratio = of(issuances, rich)["quantity"] / of(honest, rich)["quantity"]
    assert ratio.to_list() == pytest.approx([2.0] * len(ratio), rel=0.01)
    start = of(issuances, early)["period_start"][0]
    assert start == small.projects.crediting_start[early] - timedelta(days=90)
    twins = published.filter(pl.col("project_id").is_in([ids[first], ids[second]]))
    assert twins["methodology"].n_unique() == twins["province_code"].n_unique() == 1
    assert twins["latitude"].max() - twins["latitude"].min() < 0.03
    assert twins["project_name"].n_unique() == twins["project_id"].n_unique() == 2
    assert of(issuances, first)["period_start"].to_list() == of(issuances, second)["period_start"].to_list()
    mine = of(issuances, again)
    assert mine.height == of(honest, again).height + 1
    shared = mine.filter(pl.col("period_end") == small.projects.issuances[again][0].period_end)
    assert shared.height == 2
    assert issuances["issuance_id"].n_unique() == issuances.height
    assert set(sink.affected) == {5, 6, 7, 8}
    assert sum(issue.quantity for issue in issues) == issuances["quantity"].sum()
    assert {issue.tag for issue in issues} == {0, 5, 6, 7, 8}


def test_credits_reach_their_owners(clean_market):
    accounts = clean_market["accounts"].select("account_id", "holder_id")
    booked = (
        clean_market["transfers"]
        .filter(pl.col("kind") == "issuance", pl.col("unit_type") == "CCER")
        .filter(pl.col("ts").dt.date() > date(2023, 12, 28))
        .join(accounts, left_on="to_account", right_on="account_id")
    )
    issued = clean_market["offset_issuances"].join(
        clean_market["offset_projects"].select("project_id", "owner_id"), on="project_id"
    )
    assert booked["quantity"].sum() == issued["quantity"].sum()
    assert set(booked["holder_id"]) == set(issued["owner_id"])
