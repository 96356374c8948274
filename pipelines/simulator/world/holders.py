"""The account holders: key emitters, consortia, treasuries, funds, brokers, makers, people, officials."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.identifiers import credit_code, random_numbers
from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.directory import SECTORS, sector_weights
from pipelines.simulator.world.entities import organisation_numbers
from pipelines.simulator.world.model import OFFICIAL_ROLES, Accounts, Consortium, Entities
from pipelines.simulator.world.places import PROVINCES

OWNER_SHARE = 0.7  # different owners per offset project
_NAMES = {
    "consortium": "示例减排联合体{}",
    "treasury": "示例集团碳资产公司{}",
    "fund": "示例环境基金{}",
    "broker": "示例碳经纪{}",
    "maker": "示例做市商{}",
    "individual": "示例持有人{}",
    "owner": "示例生态项目公司{}",
}
_OFFICIAL_NAMES = {
    "government": "示例国家分配账户",
    "auction": "示例国家拍卖账户",
    "retirement": "示例国家清缴账户",
    "reserve": "示例国家储备账户",
}
_UNDECLARED = 1 / 3  # of the entities of a group that do not name it as their controller
_DECLARED_FAMILIES = 0.08  # of funds and people that share a named controller with another
_LATE_JOINERS = 0.65  # share of people who open their account within the span
_OLDEST = 700  # days before the first trading year in which firms' accounts were opened


def owner_count(scale: Scale) -> int:
    """How many accounts of the role `owner` there are."""
    return max(1, round(scale.projects * OWNER_SHARE))


def accounts(
    scale: Scale, timeline: Timeline, entities: Entities, group_ids: list[str], streams: Streams
) -> Accounts:
    """Every account of a market of that scale; an account is open before its holder can act."""
    rng = streams.of("world", "accounts")
    key = np.flatnonzero(~entities.is_small)
    counts = {
        "consortium": scale.consortia,
        "treasury": scale.treasuries,
        "fund": scale.funds,
        "broker": scale.brokers,
        "maker": scale.makers,
        "individual": scale.individuals,
        "owner": owner_count(scale),
    }
    others = np.concatenate([np.full(count, role, dtype="<U10") for role, count in counts.items()])
    role = np.concatenate([np.full(len(key), "entity", dtype="<U10"), others, OFFICIAL_ROLES])
    holders, names = _holders(others, len(entities), streams)
    numbers = random_numbers(rng, len(role), 7)
    opened = [_entity_opened(entities.listed_on[e], rng) for e in key]
    opened += _opened(others, timeline, rng)
    official = len(OFFICIAL_ROLES)
    controllers = _entity_controllers(entities, key, group_ids, rng)
    controllers += _controllers(others, entities, group_ids, rng)
    return Accounts(
        id=[f"ACC-{number}" for number in numbers],
        holder_id=[
            *(entities.id[e] for e in key),
            *holders,
            *(f"GOV-{one.upper()}" for one in OFFICIAL_ROLES),
        ],
        holder_name=[
            *(entities.name[e] for e in key),
            *names,
            *(_OFFICIAL_NAMES[one] for one in OFFICIAL_ROLES),
        ],
        role=role,
        controller=[*controllers, *[None] * official],
        opened_on=[*opened, *[date(2021, 1, 4)] * official],
        closed_on=[None] * len(role),
    )


def _holders(others: np.ndarray, before: int, streams: Streams) -> tuple[list[str], list[str]]:
    """Published ids and names: credit codes for organisations, numbers for people and consortia."""
    rng = streams.of("world", "holders")
    numbers = organisation_numbers(streams)[before:]
    home = rng.choice(len(PROVINCES), len(others), p=sector_weights(SECTORS))
    codes = random_numbers(rng, len(others), 6)
    order = rng.permutation(len(others)) + 1
    ids, names = [], []
    for n, one in enumerate(others.tolist()):
        prefix = {"individual": "PER", "consortium": "CON"}.get(one)
        cities = PROVINCES[home[n]].cities
        ids.append(f"{prefix}-{codes[n]}" if prefix else credit_code(int(numbers[n]), cities[0]))
        names.append(_NAMES[one].format(f"{order[n]:04d}"))
    return ids, names


def _entity_opened(listed: date | None, rng: np.random.Generator) -> date:
    return (listed or date(2021, 2, 1)) + timedelta(days=int(rng.integers(20, 90)))


def _opened(others: np.ndarray, timeline: Timeline, rng: np.random.Generator) -> list[date]:
    """Firms are there from before; most people join within the span, often a few within days."""
    before = rng.integers(15, _OLDEST, len(others))
    opened = [timeline.first_day - timedelta(days=int(days)) for days in before]
    span = (timeline.last_day - timeline.first_day).days
    people = rng.permutation(np.flatnonzero(others == "individual")).tolist()
    while people:
        company = [people.pop() for _ in range(min(len(people), _party(rng)))]
        if rng.random() < _LATE_JOINERS:
            first = timeline.first_day + timedelta(days=int(rng.integers(0, span - 60)))
        else:
            first = timeline.first_day - timedelta(days=int(rng.integers(30, _OLDEST + 400)))
        for one in company:
            opened[one] = first + timedelta(days=int(rng.integers(0, 5)))
    return opened


def _party(rng: np.random.Generator) -> int:
    return int(rng.integers(3, 7)) if rng.random() < 0.15 else 1


def _entity_controllers(
    entities: Entities, key: np.ndarray, group_ids: list[str], rng: np.random.Generator
) -> list[str | None]:
    silent = rng.random(len(key)) < _UNDECLARED
    return [
        None if hidden or group < 0 else group_ids[group]
        for group, hidden in zip(entities.group[key].tolist(), silent, strict=True)
    ]


def _controllers(
    others: np.ndarray, entities: Entities, group_ids: list[str], rng: np.random.Generator
) -> list[str | None]:
    """Treasuries belong to the groups that own most; a few funds and people share a named controller."""
    controllers: list[str | None] = [None] * len(others)
    members = np.bincount(entities.group[entities.group >= 0], minlength=len(group_ids))
    largest = np.argsort(-members, kind="stable")
    for number, place in enumerate(np.flatnonzero(others == "treasury").tolist()):
        controllers[place] = group_ids[int(largest[number])]
    for role in ("fund", "individual"):
        places = rng.permutation(np.flatnonzero(others == role)).tolist()
        families = max(1, int(len(places) * _DECLARED_FAMILIES / 3))
        for code in random_numbers(rng, families, 6):
            for _ in range(int(rng.integers(2, 5))):
                controllers[places.pop()] = f"HLD-{code}"
    return controllers


def consortia(entities: Entities, holders: Accounts, streams: Streams) -> list[Consortium]:
    """Small emitters that take part together, each in one consortium at most; shares go by size."""
    rng = streams.of("world", "consortia")
    taking_part = holders.with_role("consortium").tolist()
    small = rng.permutation(np.flatnonzero(entities.is_small))
    found = []
    for number, account in enumerate(taking_part):
        members = np.sort(small[number :: len(taking_part)][: int(rng.integers(3, 8))])
        weights = entities.size[members]
        shares = np.round(weights / weights.sum(), 4)
        shares[-1] = round(1.0 - shares[:-1].sum(), 4)
        pairs = list(zip(members.tolist(), shares.tolist(), strict=True))
        found.append(Consortium(holders.holder_id[account], account, pairs))
    return found
