"""Which group owned an emitter when: most have one owner throughout, a few changed hands within the span.

Groups with a treasury of their own stay as they are, because a treasury deals with its group's members as
with itself from the first day on.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.model import Accounts, Entities, FormerGroup, Ownership

# All own: one emitter in so many is taken over; days from the ends of the span in which nothing changes.
_TAKEN_OVER_ONE_IN = 60
_AFTER_START, _BEFORE_END = 90, 60
_OLDEST_DAYS = 4_000
_SMALLEST_SHARE = 0.51


def ownership(
    timeline: Timeline, entities: Entities, accounts: Accounts, group_ids: list[str], streams: Streams
) -> Ownership:
    """Shares and days of all emitters; one group split off from another and some emitters were taken over."""
    rng = streams.of("world", "ownership")
    count = len(entities)
    share = np.round(rng.uniform(_SMALLEST_SHARE, 1.0, count), 4)
    since = [
        timeline.first_day - timedelta(days=int(days)) for days in rng.integers(400, _OLDEST_DAYS, count)
    ]
    with_treasury = {accounts.controller[a] for a in accounts.with_role("treasury").tolist()}
    groups = [
        group
        for group in np.unique(entities.group[entities.group >= 0]).tolist()
        if group_ids[group] not in with_treasury
    ]
    former: dict[int, FormerGroup] = {}
    if len(groups) > 1:
        former |= _split(timeline, entities, groups, rng)
        former |= _takeovers(timeline, entities, groups, set(former), rng)
    return Ownership(share, since, former)


def _split(
    timeline: Timeline, entities: Entities, groups: list[int], rng: np.random.Generator
) -> dict[int, FormerGroup]:
    """All members of one group belonged to another before the same day."""
    members = {group: np.flatnonzero(entities.group == group).tolist() for group in groups}
    several = [group for group in groups if len(members[group]) > 1] or groups
    new = several[int(rng.integers(len(several)))]
    former = FormerGroup(_another(groups, new, rng), _day(timeline, rng))
    return dict.fromkeys(members[new], former)


def _takeovers(
    timeline: Timeline, entities: Entities, groups: list[int], changed: set[int], rng: np.random.Generator
) -> dict[int, FormerGroup]:
    owned = [e for e in np.flatnonzero(np.isin(entities.group, groups)).tolist() if e not in changed]
    key = int((~entities.is_small).sum())
    chosen = rng.choice(owned, min(len(owned), max(1, key // _TAKEN_OVER_ONE_IN)), replace=False).tolist()
    return {
        entity: FormerGroup(_another(groups, int(entities.group[entity]), rng), _day(timeline, rng))
        for entity in chosen
    }


def _another(groups: list[int], than: int, rng: np.random.Generator) -> int:
    others = [group for group in groups if group != than]
    return others[int(rng.integers(len(others)))]


def _day(timeline: Timeline, rng: np.random.Generator) -> date:
    span = (timeline.last_day - timeline.first_day).days
    return timeline.first_day + timedelta(days=int(rng.integers(_AFTER_START, span - _BEFORE_END)))
