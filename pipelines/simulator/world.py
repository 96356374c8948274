"""Who exists: groups, parks, key emitters, their units, laboratories, verifiers and account holders.

A `World` is fixed before anything happens. Everything after it works on positions: entity `e`, unit
`u` and account `a` are row numbers in these arrays, and entity `e` holds account `e`. The numbers in
published identifiers are drawn at random, so that an identifier says nothing about its bearer's role.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator.fleet import Fleet, build_fleet
from pipelines.simulator.identifiers import credit_code
from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams

# Province, city, whether it heats towns in winter, the coal that its plants burn, and its short name.
PROVINCES = (
    ("130000", "130100", True, "coal", "河北"),
    ("140000", "140100", True, "coal", "山西"),
    ("150000", "150100", True, "lignite", "内蒙古"),
    ("210000", "210100", True, "coal", "辽宁"),
    ("320000", "320100", False, "coal", "江苏"),
    ("330000", "330100", False, "coal", "浙江"),
    ("340000", "340100", False, "coal", "安徽"),
    ("370000", "370100", True, "coal", "山东"),
    ("410000", "410100", True, "coal", "河南"),
    ("440000", "440100", False, "coal", "广东"),
    ("520000", "520100", False, "anthracite", "贵州"),
    ("610000", "610100", True, "coal", "陕西"),
    ("640000", "640100", True, "coal", "宁夏"),
)
SECTOR_NAMES = {"power": "发电", "cement": "水泥", "steel": "钢铁", "aluminium": "铝业"}
HOLDER_NAMES = {"arm": "碳资产", "trader": "环境投资", "maker": "做市", "individual": "持有人"}


@dataclass(frozen=True)
class Entities:
    """Key emitters, one position an entity."""

    id: list[str]
    name: list[str]
    sector: np.ndarray
    province: np.ndarray
    park: np.ndarray
    group: np.ndarray
    listed_on: list[date]
    verifier: np.ndarray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True)
class Accounts:
    """Account holders, one position an account; the first ones are the entities'."""

    id: list[str]
    holder_id: list[str]
    holder_name: list[str]
    role: np.ndarray
    controller: list[str | None]
    opened_on: list[date]

    def __len__(self) -> int:
        return len(self.id)

    def with_role(self, *roles: str) -> np.ndarray:
        """Positions of the accounts that play one of these roles."""
        return np.flatnonzero(np.isin(self.role, roles))


@dataclass(frozen=True)
class World:
    """Everybody, before anything happens."""

    scale: Scale
    entities: Entities
    fleet: Fleet
    accounts: Accounts
    parks: list[tuple[str, str, str]]
    laboratories: list[tuple[str, str, date]]
    verifiers: list[tuple[str, str, date]]
    issuer: int
    retirement: int

    def sisters(self) -> list[np.ndarray]:
        """For each group with at least two power companies, those companies."""
        found = []
        for group in np.unique(self.entities.group[self.entities.group >= 0]):
            members = np.flatnonzero((self.entities.group == group) & (self.entities.sector == "power"))
            if len(members) >= 2:
                found.append(members)
        return found


def group_id(group: int) -> str | None:
    """Published id of a group; None for an entity that belongs to none."""
    return f"GRP-{group + 1:03d}" if group >= 0 else None


def build_world(scale: Scale, streams: Streams) -> World:
    """Everybody of a market of that scale."""
    entities = _entities(scale, streams.of("world", "entities"))
    return World(
        scale=scale,
        entities=entities,
        fleet=build_fleet(entities.sector, entities.province, PROVINCES, scale, streams),
        accounts=_accounts(scale, entities, streams.of("world", "accounts")),
        parks=_parks(scale),
        laboratories=_bodies("LAB", "示例检测中心{:02d}", scale.laboratories, streams.of("world", "labs")),
        verifiers=_bodies("VER", "示例核查机构{:02d}", scale.verifiers, streams.of("world", "verifiers")),
        issuer=scale.entities + scale.arms + scale.traders + scale.makers + scale.individuals,
        retirement=scale.entities + scale.arms + scale.traders + scale.makers + scale.individuals + 1,
    )


def _entities(scale: Scale, rng: np.random.Generator) -> Entities:
    counts = {name: getattr(scale, name) for name in SECTOR_NAMES}
    sector = np.concatenate([np.full(count, name) for name, count in counts.items()])
    order = rng.permutation(len(sector))
    sector = sector[order]
    province = rng.integers(0, len(PROVINCES), len(sector))
    group = rng.integers(0, scale.groups, len(sector))
    group[rng.random(len(sector)) < 0.25] = -1
    parks = _parks(scale)
    park = np.full(len(sector), -1)
    for number, (_, _, home) in enumerate(parks):
        inside = [PROVINCES[p][0] == home for p in province]
        park[inside & (rng.random(len(sector)) < 0.3)] = number
    seen: dict[str, int] = {}
    codes, names, listed = [], [], []
    for number, (kind, home) in enumerate(zip(sector, province, strict=True)):
        seen[kind] = seen.get(kind, 0) + 1
        codes.append(credit_code(number + 1, PROVINCES[home][1]))
        names.append(f"示例{PROVINCES[home][4]}{SECTOR_NAMES[kind]}{seen[kind]:03d}有限公司")
        listed.append(date(2021, 2, 1) if kind == "power" else date(2024, 1, 1))
    return Entities(
        id=codes,
        name=names,
        sector=sector,
        province=province,
        park=park,
        group=group,
        listed_on=listed,
        verifier=rng.integers(0, scale.verifiers, len(sector)),
    )


def _accounts(scale: Scale, entities: Entities, rng: np.random.Generator) -> Accounts:
    others = (
        ["arm"] * scale.arms
        + ["trader"] * scale.traders
        + ["maker"] * scale.makers
        + ["individual"] * scale.individuals
    )
    total = len(entities) + len(others) + 2
    numbers = rng.permutation(900_000)[:total] + 100_000
    groups = [group_id(g) for g in entities.group]
    arm_groups = rng.permutation(scale.groups)[: scale.arms]
    holders, names, controllers, opened = [], [], [], []
    for position, role in enumerate(others):
        controllers.append(group_id(int(arm_groups[position])) if role == "arm" else None)
        prefix = "PER" if role == "individual" else "FIN"
        holders.append(f"{prefix}-{numbers[len(entities) + position]}")
        names.append(f"示例{HOLDER_NAMES[role]}{position + 1:03d}")
        earliest, span = (date(2024, 7, 1), 450) if role == "individual" else (date(2022, 1, 4), 880)
        opened.append(earliest + timedelta(days=int(rng.integers(0, span))))
    return Accounts(
        id=[f"ACC-{number}" for number in numbers],
        holder_id=[*entities.id, *holders, "GOV-ISSUANCE", "GOV-RETIREMENT"],
        holder_name=[*entities.name, *names, "示例国家注册登记账户", "示例国家清缴账户"],
        role=np.array(["entity"] * len(entities) + others + ["government", "retirement"]),
        controller=[*groups, *controllers, None, None],
        opened_on=[
            *(day + timedelta(days=int(rng.integers(20, 90))) for day in entities.listed_on),
            *opened,
            date(2021, 1, 4),
            date(2021, 1, 4),
        ],
    )


def _parks(scale: Scale) -> list[tuple[str, str, str]]:
    return [
        (
            f"PARK-{n + 1:02d}",
            f"示例{PROVINCES[n % len(PROVINCES)][4]}产业园区",
            PROVINCES[n % len(PROVINCES)][0],
        )
        for n in range(scale.parks)
    ]


def _bodies(prefix: str, name: str, count: int, rng: np.random.Generator) -> list[tuple[str, str, date]]:
    return [
        (
            f"{prefix}-{n + 1:02d}",
            name.format(n + 1),
            date(2018, 1, 2) + timedelta(days=int(rng.integers(0, 900))),
        )
        for n in range(count)
    ]
