"""Who exists: head counts, places, groups and service bodies, and that ids do not reveal roles."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pipelines.simulator.identifiers import check_character, credit_code, organisation_code, random_numbers
from pipelines.simulator.scales import SCALES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import PROVINCES, World, build_world
from pipelines.simulator.world.model import OFFICIAL_ROLES

_SECTORS = ("power", "cement", "steel", "aluminium")


def _world(name: str, seed: int = 3) -> World:
    scale = SCALES[name]
    return build_world(scale, Timeline.ending(scale.years), Streams(seed))


@pytest.fixture(scope="module", params=sorted(SCALES))
def world(request: pytest.FixtureRequest) -> World:
    return _world(request.param)


def test_counts_are_those_of_the_scale(world: World) -> None:
    sectors = world.entities.sector[: world.key_emitters]
    assert {name: int((sectors == name).sum()) for name in _SECTORS} == {
        name: getattr(world.scale, name) for name in _SECTORS
    }
    assert len(world.entities) - world.key_emitters == world.scale.small_emitters
    roles = {"treasury": "treasuries", "fund": "funds", "broker": "brokers", "maker": "makers",
             "individual": "individuals", "consortium": "consortia"}  # fmt: skip
    for role, plural in roles.items():
        assert len(world.accounts.with_role(role)) == getattr(world.scale, plural)
    assert [len(world.accounts.with_role(role)) for role in OFFICIAL_ROLES] == [1] * len(OFFICIAL_ROLES)


def test_key_emitters_come_first_and_hold_the_first_accounts(world: World) -> None:
    key = world.key_emitters
    assert not world.entities.is_small[:key].any()
    assert world.entities.is_small[key:].all()
    assert world.accounts.holder_id[:key] == world.entities.id[:key]
    assert set(world.accounts.role[:key]) == {"entity"}
    assert not set(world.accounts.holder_id) & set(world.entities.id[key:])


def test_ids_are_unique_and_say_nothing_about_position(world: World) -> None:
    bodies = [*world.laboratories, *world.verifiers, *world.consultants]
    for ids in (
        world.entities.id,
        world.fleet.id,
        world.accounts.id,
        world.group_ids,
        [park.id for park in world.parks],
        [body.id for body in bodies],
    ):
        assert len(set(ids)) == len(ids)
    for ids in (world.fleet.id, world.accounts.id):
        numbers = np.array([int(one.split("-")[1]) for one in ids])
        assert abs(np.corrcoef(numbers, np.arange(len(numbers)))[0, 1]) < 4 / np.sqrt(len(numbers))
    assert {len(one) for one in world.accounts.id} == {len(world.accounts.id[0])}


def test_credit_codes_have_the_shape_of_real_ones(world: World) -> None:
    for code, city in zip(world.entities.id, world.entities.city, strict=True):
        assert len(code) == 18
        assert code[2:8] == city
        assert code[-1] == check_character(code[:-1])
        assert code[8:17] == organisation_code(code[8:16])


def test_units_belong_to_entities_of_their_sector(world: World) -> None:
    fleet = world.fleet
    assert set(fleet.entity.tolist()) == set(range(len(world.entities)))
    assert (np.diff(fleet.entity) >= 0).all()
    assert np.array_equal(fleet.is_power, world.entities.sector[fleet.entity] == "power")
    large = fleet.unit_class == "coal_gt300"
    assert fleet.capacity[large].min() >= 400
    assert fleet.capacity[np.isin(fleet.unit_class, ("coal_le300", "coal_unconventional"))].max() < 400
    assert not fleet.measures_carbon[fleet.fuel == "none"].any()
    assert max(fleet.commissioned_on) < date(2023, 1, 1)


def test_places_are_real_and_fit_together(world: World) -> None:
    assert len(PROVINCES) == 31
    assert len({province.code for province in PROVINCES}) == 31
    for place, city in zip(world.entities.province.tolist(), world.entities.city, strict=True):
        assert city in PROVINCES[place].cities
        assert city[:2] == PROVINCES[place].code[:2]
    inside = np.flatnonzero(world.entities.park >= 0)
    homes = np.array([park.province for park in world.parks])
    assert np.array_equal(homes[world.entities.park[inside]], world.entities.province[inside])
    assert np.bincount(world.entities.park[inside]).max() >= 2


def test_groups_are_declared_by_most_but_not_all(world: World) -> None:
    grouped = [e for e in range(world.key_emitters) if world.entities.group[e] >= 0]
    named = [e for e in grouped if world.accounts.controller[e] is not None]
    assert 0.5 < len(named) / len(grouped) < 0.82
    for entity in named:
        assert world.accounts.controller[entity] == world.group_id(int(world.entities.group[entity]))
    arms = [world.accounts.controller[a] for a in world.accounts.with_role("treasury")]
    assert len(set(arms)) == len(arms)
    assert set(arms) <= set(world.group_ids)
    for family in world.sisters():
        assert len(family) >= 2
        assert len(set(world.entities.group[family].tolist())) == 1


def test_revoked_bodies_have_no_clients_when_they_work(world: World) -> None:
    closed = [n for n, body in enumerate(world.laboratories) if body.revoked_on is not None]
    assert closed
    assert not np.isin(world.fleet.laboratory, closed).any()
    revoked = [body.revoked_on for body in world.verifiers if body.revoked_on is not None]
    assert len(revoked) == 1
    assert revoked[0] > date(world.timeline.years[-1], 8, 31)


def test_consortia_share_small_emitters_out(world: World) -> None:
    members = [entity for one in world.consortia for entity, _ in one.members]
    assert len(set(members)) == len(members)
    assert world.entities.is_small[members].all()
    for one in world.consortia:
        assert sum(share for _, share in one.members) == pytest.approx(1.0)
        assert world.accounts.holder_id[one.account] == one.consortium_id


def test_who_leaves_does_so_after_the_last_surrendered_year_is_verified(world: World) -> None:
    entities = world.entities
    for status, exited, stopped in zip(entities.status, entities.exited_on, entities.stopped_on, strict=True):
        assert (status == "exited") == (exited is not None)
        assert (status == "listed") == (stopped is None)
        assert stopped is None or stopped > date(world.timeline.years[-1], 8, 31)
        if exited is not None and stopped is not None:
            assert stopped <= exited <= world.timeline.last_day
    assert {"exited", "suspended"} <= set(entities.status.tolist())


def test_accounts_are_open_before_they_can_act(world: World) -> None:
    roles = world.accounts.role
    for role, opened in zip(roles.tolist(), world.accounts.opened_on, strict=True):
        assert opened < world.timeline.first_day or role in ("individual", "entity")
        assert opened <= world.timeline.last_day


def test_the_same_seed_gives_the_same_world_and_another_one_another() -> None:
    one, again, other = _world("small"), _world("small"), _world("small", seed=4)
    assert one.entities.id == again.entities.id
    assert one.accounts.id == again.accounts.id
    assert one.accounts.controller == again.accounts.controller
    assert np.array_equal(one.fleet.capacity, again.fleet.capacity)
    assert one.entities.id != other.entities.id


def test_industries_stand_where_they_really_do() -> None:
    world = _world("national")
    names = np.array([province.name for province in PROVINCES])

    def leading(sector: str) -> set[str]:
        inside = world.entities.province[world.entities.sector == sector]
        return set(names[np.argsort(-np.bincount(inside, minlength=31))[:4]].tolist())

    assert "河北" in leading("steel")
    assert {"山东", "内蒙古"} & leading("power")
    assert {"新疆", "山东", "内蒙古"} & leading("aluminium")
    assert "北京" not in leading("cement")


def test_numbers_run_out_loudly() -> None:
    with pytest.raises(ValueError, match="95 numbers of 2 digits wanted, found 90"):
        random_numbers(np.random.default_rng(1), 95, 2)
    assert credit_code(7, "130100") != credit_code(8, "130100")
