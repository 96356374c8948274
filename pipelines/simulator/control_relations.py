"""The table `control_relations`: what is declared of who controls whom, with its history.

Belongs here: rows of public ownership of emitters and of controllers that accounts declare. A control that
nobody declares has no row, whether it belongs to a case or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipelines.contract.tables import TABLES
from pipelines.simulator.world import World

_RELATIONS = {"entity": "declared_group", "treasury": "ownership"}
_Row = tuple[str, str, str, str, float | None, date, date | None]


def control_relations(world: World) -> pl.DataFrame:
    """One row a subject, controller, relation and first day; the last rows agree with the directories."""
    rows = [*_of_entities(world), *_of_accounts(world)]
    return pl.DataFrame(rows, schema=TABLES["control_relations"].polars_schema, orient="row")


def _of_entities(world: World) -> Iterator[_Row]:
    owners = world.ownership
    for entity, group in enumerate(world.entities.group.tolist()):
        owner = world.group_id(group)
        if owner is None:
            continue
        code, share = world.entities.id[entity], float(owners.share[entity])
        for controller, first, last in _spans(world, entity, owner, owners.since[entity]):
            yield "entity", code, controller, "ownership", share, first, last


def _of_accounts(world: World) -> Iterator[_Row]:
    accounts = world.accounts
    for account, named in enumerate(accounts.controller):
        if named is None:
            continue
        role = str(accounts.role[account])
        relation = _RELATIONS.get(role, "common_management")
        share = 1.0 if relation == "ownership" else None
        entity = account if role == "entity" else None
        for controller, first, last in _spans(world, entity, named, accounts.opened_on[account]):
            yield "account", accounts.id[account], controller, relation, share, first, last


def _spans(
    world: World, entity: int | None, controller: str, since: date
) -> Iterator[tuple[str, date, date | None]]:
    """Controllers from `since` on, with their first and last days."""
    former = None if entity is None else world.ownership.former.get(entity)
    before = None if former is None else world.group_id(former.group)
    if former is None or before is None or former.day <= since:
        yield controller, since, None
        return
    yield before, since, former.day - timedelta(days=1)
    yield controller, former.day, None
