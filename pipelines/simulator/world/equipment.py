"""What equipment each emitter has: boilers and turbines, kilns, furnaces, pot lines.

Sizes and mixes are the simulation's own. They are chosen so that a national market emits about 5.2 Gt CO2e a
year from power, 1.7 Gt from steel, 1.1 Gt from cement and 0.08 Gt from aluminium. Published are 5.24 Gt for
power alone (statistic J-05, for 2023) and 8.19 Gt for all four sectors (J-04, for 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from pipelines.simulator.calibration_plants import HEAT_RATE
from pipelines.simulator.fleet import COAL_RANKS, Fleet
from pipelines.simulator.identifiers import random_numbers
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world.model import Entities
from pipelines.simulator.world.places import PROVINCES


class Unit(NamedTuple):
    """One unit as drawn: class, fuel, capacity."""

    unit_class: str
    fuel: str
    capacity: float


_GAS_SHARE = {"北京": 0.9, "天津": 0.35, "上海": 0.4, "江苏": 0.18, "浙江": 0.22, "广东": 0.3, "海南": 0.5,
              "福建": 0.1, "四川": 0.15, "重庆": 0.12}  # fmt: skip
_FEW_GAS = 0.015
_COAL_KINDS = ("large", "medium", "little", "unconventional")
_COAL_KIND_SHARES = (0.17, 0.27, 0.47, 0.09)
# Capacities (MW) with their shares, and how many units such a plant has with theirs.
_SIZES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "large": ((600.0, 630.0, 660.0, 1000.0), (0.3, 0.15, 0.35, 0.2)),
    "medium": ((300.0, 315.0, 330.0, 350.0), (0.35, 0.05, 0.35, 0.25)),
    "little": ((9.0, 12.0, 15.0, 25.0, 30.0, 50.0, 100.0, 135.0, 150.0, 200.0),
               (0.06, 0.12, 0.1, 0.14, 0.14, 0.16, 0.08, 0.1, 0.05, 0.05)),
    "unconventional": ((135.0, 150.0, 300.0, 350.0), (0.3, 0.2, 0.35, 0.15)),
    "gas_large": ((390.0, 430.0, 460.0), (0.4, 0.3, 0.3)),
    "gas_little": ((60.0, 120.0, 180.0), (0.3, 0.3, 0.4)),
}  # fmt: skip
_COUNTS: dict[str, tuple[float, ...]] = {
    "large": (0.08, 0.58, 0.12, 0.22),
    "medium": (0.08, 0.55, 0.12, 0.25),
    "little": (0.2, 0.3, 0.3, 0.2),
    "unconventional": (0.15, 0.6, 0.15, 0.1),
    "gas_large": (0.25, 0.55, 0.2),
    "gas_little": (0.2, 0.6, 0.2),
}
_CLASSES = {
    "large": "coal_gt300",
    "medium": "coal_le300",
    "little": "coal_le300",
    "unconventional": "coal_unconventional",
    "gas_large": "gas_class_f",
    "gas_little": "gas_other",
}
_KILNS = ((465.0, 775.0, 1240.0, 1550.0, 3100.0), (0.06, 0.32, 0.18, 0.38, 0.06))
_ARC_FURNACE_SHARE = 0.25
# Shares of units that have their carbon measured: coal power from 200 MW and below, gas, kilns, coke, none.
_MEASURED = {"large_coal": 1.0, "little_coal": 0.93, "gas": 0.3, "industry": 0.35}
_LITTLE_MW = 200.0


def build_fleet(entities: Entities, streams: Streams) -> Fleet:
    """Units of every entity: one to four boilers of one kind, or one to four industrial lines."""
    rng = streams.of("world", "fleet")
    entity, units = _units(entities, rng)
    unit_class = np.array([unit.unit_class for unit in units])
    fuel = np.array([unit.fuel for unit in units])
    capacity = np.array([unit.capacity for unit in units])
    is_power = entities.sector[entity] == "power"
    province = entities.province[entity]
    north = np.array([PROVINCES[p].is_heated for p in province])
    count = len(units)
    mean, spread = np.array([HEAT_RATE.get(one, (0.0, 0.0)) for one in unit_class]).T
    plant = rng.normal(0, 1, len(entities))[entity]
    own = (0.9 * plant + 0.45 * rng.normal(0, 1, count)).clip(-1.7, 2.6)
    heat_per_mw, heat_base = _heat(is_power, north, capacity, unit_class, rng)
    is_dry = north & (capacity >= 300.0) & (rng.random(count) < 0.45)
    age = rng.integers(0, 8500, len(entities))[entity] + rng.integers(0, 300, count)
    return Fleet(
        id=[f"U-{number}" for number in random_numbers(rng, count, 6)],
        entity=entity,
        unit_class=unit_class,
        fuel=fuel,
        capacity=capacity,
        is_power=is_power,
        cooling=[_cooling(*one) for one in zip(is_power, is_dry, strict=True)],
        commissioned_on=[date(1997, 6, 1) + timedelta(days=int(n)) for n in age],
        retired_on=[
            entities.stopped_on[e] if entities.status[e] == "exited" else None for e in entity.tolist()
        ],
        north=north,
        province=province,
        heat_rate=mean * (1 + spread * own),
        heat_per_mw=heat_per_mw,
        heat_base=heat_base,
        laboratory=entities.laboratory[entity],
        measures_carbon=_measured(entities, entity, fuel, capacity, is_power, rng),
    )  # fmt: skip


def _cooling(is_power: bool, is_dry: bool) -> str | None:
    if not is_power:
        return None
    return "air" if is_dry else "water"


def _units(entities: Entities, rng: np.random.Generator) -> tuple[np.ndarray, list[Unit]]:
    makers: dict[str, Callable[[int, np.random.Generator], list[Unit]]] = {
        "power": _power_units,
        "cement": _kilns,
        "steel": _furnaces,
        "aluminium": _pot_lines,
    }
    entity: list[int] = []
    units: list[Unit] = []
    for number, kind in enumerate(entities.sector.tolist()):
        home = int(entities.province[number])
        if entities.is_small[number]:
            made = [_small_boiler(float(entities.size[number]), rng)]
        else:
            made = makers[kind](home, rng)
        entity += [number] * len(made)
        units += made
    return np.array(entity), units


def _pick(kind: str, rng: np.random.Generator) -> list[float]:
    sizes, shares = _SIZES[kind]
    counts = _COUNTS[kind]
    size = float(rng.choice(sizes, p=shares))
    return [size] * int(rng.choice(len(counts), p=np.array(counts) / sum(counts)) + 1)


def _power_units(home: int, rng: np.random.Generator) -> list[Unit]:
    province = PROVINCES[home]
    if rng.random() < _GAS_SHARE.get(province.name, _FEW_GAS):
        kind = "gas_large" if rng.random() < 0.55 else "gas_little"
        return [Unit(_CLASSES[kind], "natural_gas", size) for size in _pick(kind, rng)]
    kind = str(rng.choice(_COAL_KINDS, p=_COAL_KIND_SHARES))
    rank = "coal" if kind == "unconventional" else str(rng.choice(COAL_RANKS, p=province.coals))
    return [Unit(_CLASSES[kind], rank, size) for size in _pick(kind, rng)]


def _kilns(home: int, rng: np.random.Generator) -> list[Unit]:
    sizes, shares = _KILNS
    lines = int(rng.choice(3, p=(0.52, 0.36, 0.12))) + 1
    return [Unit("clinker_line", "coal", float(rng.choice(sizes, p=shares))) for _ in range(lines)]


def _furnaces(home: int, rng: np.random.Generator) -> list[Unit]:
    if rng.random() < _ARC_FURNACE_SHARE:
        return [Unit("electric_arc_furnace", "natural_gas", float(round(rng.uniform(700, 1700))))]
    total = float(np.clip(rng.lognormal(np.log(5_000), 0.7), 900, 22_000))
    lines = int(np.clip(round(total / 2_600), 1, 5))
    return [
        Unit("blast_furnace_route", "coke", float(round(total / lines * f)))
        for f in rng.uniform(0.8, 1.2, lines)
    ]


def _pot_lines(home: int, rng: np.random.Generator) -> list[Unit]:
    total = float(np.clip(rng.lognormal(np.log(400), 0.55), 90, 1_600))
    lines = int(np.clip(round(total / 280), 1, 4))
    return [
        Unit("aluminium_potline", "none", float(round(total / lines * f)))
        for f in rng.uniform(0.85, 1.15, lines)
    ]


def _small_boiler(size: float, rng: np.random.Generator) -> Unit:
    """A boiler of a small emitter; `size` is what it emits a year, about 0.35 t a t of product."""
    fuel = str(rng.choice(("coal", "natural_gas"), p=(0.6, 0.4)))
    return Unit("other", fuel, round(size / 350.0, 2))


def _heat(
    is_power: np.ndarray,
    north: np.ndarray,
    capacity: np.ndarray,
    unit_class: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Small plants live from steam all year, medium ones in the north heat towns in winter."""
    count = len(capacity)
    little = is_power & (capacity <= _LITTLE_MW)
    medium = is_power & ~little & (capacity < 400.0) & north & (rng.random(count) < 0.7)
    factory = is_power & ~little & ~north & (capacity < 400.0) & (rng.random(count) < 0.35)
    per_mw = np.where(
        little, rng.uniform(1.2, 4.5, count), np.where(medium, rng.uniform(0.8, 2.2, count), 0.0)
    )
    per_mw = np.where(factory, rng.uniform(0.3, 1.2, count), per_mw)
    base = np.where(little | factory, rng.uniform(0.5, 0.9, count), 0.0)
    return np.round(per_mw, 4), base


def _measured(
    entities: Entities,
    entity: np.ndarray,
    fuel: np.ndarray,
    capacity: np.ndarray,
    is_power: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """A company measures at all of its units or at none; small emitters and pot lines never do."""
    draw = rng.random(len(entities))[entity]
    coal_power = is_power & np.isin(fuel, COAL_RANKS)
    share = np.where(coal_power, _MEASURED["large_coal"], _MEASURED["industry"])
    share = np.where(coal_power & (capacity <= _LITTLE_MW), _MEASURED["little_coal"], share)
    share = np.where(is_power & ~coal_power, _MEASURED["gas"], share)
    return (draw < share) & (fuel != "none") & ~entities.is_small[entity]
