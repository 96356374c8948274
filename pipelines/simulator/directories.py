"""The directories: who is on the list, what stands where, who holds accounts, who tests and verifies.

Rows are sorted by their published ids, and these are drawn at random, so that a place in a directory says
nothing.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.simulator.control_relations import control_relations
from pipelines.simulator.plan import Plan
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import PROVINCES, World

_HOLDER_TYPES = {
    "entity": "compliance",
    "consortium": "consortium",
    "treasury": "financial",
    "fund": "financial",
    "broker": "financial",
    "maker": "financial",
    "individual": "individual",
    "owner": "project_owner",
    "government": "government",
    "auction": "auction",
    "retirement": "cancellation",
    "reserve": "reserve",
}
_FORMERLY_LISTED = date(2022, 1, 1)
# Emitters that are not on the list: the contract knows no status of its own for them.
_NOT_LISTED = "exited"


def write_directories(world: World, plan: Plan, sink: Sink) -> None:
    """Write entities, parks, units, accounts, control_relations, consortium_members, service_bodies."""
    sink.write("entities", _entities(world, plan))
    sink.write("parks", _parks(world))
    sink.write("units", _units(world))
    sink.write("accounts", _accounts(world))
    sink.write("control_relations", control_relations(world))
    sink.write("consortium_members", _members(world))
    sink.write("service_bodies", _service_bodies(world))


def struck_off_on(timeline: Timeline) -> date:
    """When the list for the first compliance year came out without those struck off (rule C-11)."""
    return date(timeline.compliance_years[0] - 1, 10, 31)


def _entities(world: World, plan: Plan) -> pl.DataFrame:
    """One row an emitter; small ones have no date of listing, and none off the list has its status."""
    entities = world.entities
    listed, exited, status = list(entities.listed_on), list(entities.exited_on), entities.status.tolist()
    for entity in plan.registry.unlisted:
        exited[entity] = struck_off_on(world.timeline)
    for entity, day in plan.registry.exits.items():
        listed[entity], exited[entity] = _FORMERLY_LISTED, day
    for entity, since in enumerate(listed):
        if since is None or entity in plan.registry.exits or entity in plan.registry.unlisted:
            status[entity] = _NOT_LISTED
    return pl.DataFrame(
        {
            "entity_id": entities.id,
            "entity_name": entities.name,
            "sector": entities.sector,
            "province_code": [PROVINCES[p].code for p in entities.province.tolist()],
            "city_code": entities.city,
            "park_id": [world.parks[p].id if p >= 0 else None for p in entities.park.tolist()],
            "group_id": [world.group_id(g) for g in entities.group.tolist()],
            "status": status,
            "listed_on": pl.Series(listed, dtype=pl.Date),
            "exited_on": pl.Series(exited, dtype=pl.Date),
        }
    )


def _parks(world: World) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "park_id": [park.id for park in world.parks],
            "park_name": [park.name for park in world.parks],
            "province_code": [PROVINCES[park.province].code for park in world.parks],
        }
    )


def _units(world: World) -> pl.DataFrame:
    fleet = world.fleet
    return pl.DataFrame(
        {
            "unit_id": fleet.id,
            "entity_id": [world.entities.id[e] for e in fleet.entity.tolist()],
            "unit_class": fleet.unit_class,
            "capacity": fleet.capacity,
            "capacity_unit": ["MW" if power else "kt_per_year" for power in fleet.is_power.tolist()],
            "cooling": pl.Series(fleet.cooling, dtype=pl.String),
            "commissioned_on": fleet.commissioned_on,
            "retired_on": pl.Series(fleet.retired_on, dtype=pl.Date),
        }
    )


def _accounts(world: World) -> pl.DataFrame:
    accounts = world.accounts
    return pl.DataFrame(
        {
            "account_id": accounts.id,
            "holder_id": accounts.holder_id,
            "holder_name": accounts.holder_name,
            "holder_type": [_HOLDER_TYPES[role] for role in accounts.role.tolist()],
            "controller_id": pl.Series(accounts.controller, dtype=pl.String),
            "opened_on": accounts.opened_on,
            "closed_on": pl.Series(accounts.closed_on, dtype=pl.Date),
        }
    )


def _members(world: World) -> pl.DataFrame:
    rows = [
        (consortium.consortium_id, world.entities.id[member], share)
        for consortium in world.consortia
        for member, share in consortium.members
    ]
    schema = {"consortium_id": pl.String, "entity_id": pl.String, "share": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _service_bodies(world: World) -> pl.DataFrame:
    kinds = {
        "laboratory": world.laboratories,
        "verifier": world.verifiers,
        "consultant": world.consultants,
    }
    rows = [
        (body.id, body.name, kind, body.accredited_on, body.revoked_on)
        for kind, bodies in kinds.items()
        for body in bodies
    ]
    schema = {
        "body_id": pl.String,
        "body_name": pl.String,
        "kind": pl.String,
        "accredited_on": pl.Date,
        "revoked_on": pl.Date,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
