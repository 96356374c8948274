"""The emitters: key emitters of the four covered sectors, and the small ones beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.identifiers import MOST_ORGANISATIONS, credit_code
from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.directory import SECTORS, clients, sector_weights
from pipelines.simulator.world.model import NONE, Body, Entities, Park
from pipelines.simulator.world.places import PROVINCES

_SECTOR_NAMES = {
    "power": "发电",
    "cement": "水泥",
    "steel": "钢铁",
    "aluminium": "铝业",
    "paper": "纸业",
    "chemicals": "化工",
    "building_materials": "建材",
    "other": "热力",
}
_SMALL_SECTORS = ("paper", "chemicals", "building_materials", "other")
# Emissions of a small emitter, t a year: well below the threshold of 26,000 t [C-11].
_SMALL_SIZE = (4_000.0, 23_500.0)
_POWER_LISTED = (date(2021, 2, 1), date(2022, 1, 1), date(2023, 1, 1))
_POWER_LISTED_SHARES = (0.9, 0.06, 0.04)
_GROUPED_SHARE = 0.7
_IN_PARK_SHARE = 0.45
_ADVISED_SHARE = 0.4
# One in so many key emitters left the list within the last year, and one in so many stands still.
_EXITED_ONE_IN = 160
_SUSPENDED_ONE_IN = 200


@dataclass(frozen=True)
class Bodies:
    """The service bodies that entities choose from."""

    laboratories: list[Body]
    verifiers: list[Body]
    consultants: list[Body]


def organisation_numbers(streams: Streams) -> np.ndarray:
    """Numbers for invented organisations in random order: first the entities', then everybody else's."""
    return streams.of("world", "organisations").permutation(MOST_ORGANISATIONS)


def entities(
    scale: Scale, timeline: Timeline, parks: list[Park], bodies: Bodies, streams: Streams
) -> Entities:
    """All emitters of a market of that scale."""
    rng = streams.of("world", "entities")
    sector, is_small = _sectors(scale, rng)
    province = _provinces(sector, rng)
    group = _groups(scale, sector, is_small, rng)
    status, exited, stopped = _departures(timeline, is_small, rng)
    numbers = organisation_numbers(streams)
    city = [str(rng.choice(PROVINCES[p].cities)) for p in province]
    habits = streams.of("world", "habits")
    advised = habits.random(len(sector)) < _ADVISED_SHARE
    advisers = clients(habits, bodies.consultants, province, group, 0.6)
    return Entities(
        id=[credit_code(int(numbers[n]), city[n]) for n in range(len(sector))],
        name=_names(sector, province, rng),
        sector=sector,
        province=province,
        city=city,
        park=_in_parks(parks, province, rng),
        group=group,
        status=status,
        listed_on=_listed(sector, is_small, rng),
        exited_on=exited,
        stopped_on=stopped,
        is_small=is_small,
        size=np.where(is_small, rng.uniform(*_SMALL_SIZE, len(sector)), 0.0),
        verifier=clients(habits, bodies.verifiers, province, group, 0.5),
        consultant=np.where(advised, advisers, NONE),
        laboratory=clients(habits, bodies.laboratories, province, group, 0.25),
    )


def _sectors(scale: Scale, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    key = np.concatenate([np.full(getattr(scale, name), name, dtype="<U18") for name in SECTORS])
    small = rng.choice(np.array(_SMALL_SECTORS, dtype="<U18"), scale.small_emitters)
    sector = np.concatenate([rng.permutation(key), small])
    return sector, np.arange(len(sector)) >= len(key)


def _provinces(sector: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    province = np.empty(len(sector), dtype=np.int64)
    for name in np.unique(sector):
        inside = np.flatnonzero(sector == name)
        weights = sector_weights((name,) if name in SECTORS else SECTORS)
        province[inside] = rng.choice(len(PROVINCES), len(inside), p=weights)
    return province


def _groups(scale: Scale, sector: np.ndarray, is_small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A few groups own much, most own little; a group owns mostly plants of one sector."""
    size = 1.0 / (np.arange(scale.groups) + 4.0) ** 0.8
    shares = np.array([0.62, 0.22, 0.1, 0.06])
    trade = rng.choice(len(SECTORS), scale.groups, p=shares)
    group = np.full(len(sector), NONE)
    for number, name in enumerate(SECTORS):
        inside = np.flatnonzero((sector == name) & ~is_small & (rng.random(len(sector)) < _GROUPED_SHARE))
        weights = size * np.where(trade == number, 1.0, 0.04)
        group[inside] = rng.choice(scale.groups, len(inside), p=weights / weights.sum())
    return group


def _in_parks(parks: list[Park], province: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nearly half of the plants of a province with parks stand in one, so parks are shared."""
    park = np.full(len(province), NONE)
    home = np.array([one.province for one in parks])
    for place in np.unique(home):
        inside = np.flatnonzero((province == place) & (rng.random(len(province)) < _IN_PARK_SHARE))
        park[inside] = rng.choice(np.flatnonzero(home == place), len(inside))
    return park


def _listed(sector: np.ndarray, is_small: np.ndarray, rng: np.random.Generator) -> list[date | None]:
    round_of = rng.choice(len(_POWER_LISTED), len(sector), p=_POWER_LISTED_SHARES)
    return [
        None if small else _POWER_LISTED[when] if kind == "power" else date(law.industry_since(), 1, 1)
        for kind, small, when in zip(sector, is_small, round_of, strict=True)
    ]


def _departures(
    timeline: Timeline, is_small: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, list[date | None], list[date | None]]:
    """Who leaves the list late in the last year, and who stands still; duties of earlier years stay."""
    count, key = len(is_small), int((~is_small).sum())
    status = np.full(count, "listed", dtype="<U9")
    exited: list[date | None] = [None] * count
    stopped: list[date | None] = [None] * count
    leaving, pausing = max(1, key // _EXITED_ONE_IN), max(1, key // _SUSPENDED_ONE_IN)
    chosen = rng.choice(key, leaving + pausing, replace=False).tolist()
    for number, entity in enumerate(chosen):
        day = date(timeline.years[-1], 9, 1) + timedelta(days=int(rng.integers(0, 90)))
        stopped[entity] = day
        status[entity] = "exited" if number < leaving else "suspended"
        if number < leaving:
            exited[entity] = day + timedelta(days=int(rng.integers(5, 25)))
    return status, exited, stopped


def _names(sector: np.ndarray, province: np.ndarray, rng: np.random.Generator) -> list[str]:
    numbers = rng.permutation(len(sector)) + 1
    width = max(3, len(str(len(sector))))
    return [
        f"示例{PROVINCES[place].name}{_SECTOR_NAMES[kind]}{number:0{width}d}有限公司"
        for kind, place, number in zip(sector.tolist(), province.tolist(), numbers.tolist(), strict=True)
    ]
