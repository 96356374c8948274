"""The emitting units: what they are, how large, what they burn and how well they do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator.calibration import HEAT_RATE, LARGE_COAL_MW
from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams

_COAL_LARGE = (600.0, 660.0, 1000.0)
_COAL_SMALL = (135.0, 200.0, 300.0, 330.0, 350.0)
_COAL_UNCONVENTIONAL = (135.0, 300.0, 330.0)
_GAS = (390.0, 430.0, 460.0)
# Industrial lines: class, fuel, smallest and largest capacity in kt a year.
_INDUSTRY = {
    "cement": ("clinker_line", "coal", 775.0, 2000.0),
    "steel": ("blast_furnace_route", "coke", 2000.0, 6000.0),
    "aluminium": ("aluminium_potline", "none", 200.0, 600.0),
}


@dataclass(frozen=True)
class Fleet:
    """Units, one position a unit."""

    id: list[str]
    entity: np.ndarray
    unit_class: np.ndarray
    fuel: np.ndarray
    capacity: np.ndarray
    is_power: np.ndarray
    cooling: list[str | None]
    commissioned_on: list[date]
    north: np.ndarray
    province: np.ndarray
    heat_rate: np.ndarray
    heat_per_mw: np.ndarray
    laboratory: np.ndarray

    def __len__(self) -> int:
        return len(self.id)

    @property
    def is_gas(self) -> np.ndarray:
        """Units that burn natural gas."""
        return self.fuel == "natural_gas"

    @property
    def is_analysed(self) -> np.ndarray:
        """Units whose coal a laboratory analyses every month: coal-fired power units."""
        return self.is_power & np.isin(self.fuel, ("coal", "lignite", "anthracite"))


def build_fleet(
    sector: np.ndarray,
    province: np.ndarray,
    provinces: tuple[tuple[str, str, bool, str, str], ...],
    scale: Scale,
    streams: Streams,
) -> Fleet:
    """Units of every entity: one to three boilers of one kind, or one industrial line or two."""
    rng = streams.of("world", "fleet")
    rows: list[tuple[int, str, str, float]] = []
    for number, (kind, home) in enumerate(zip(sector, province, strict=True)):
        maker = _power_units if kind == "power" else _industry_units
        rows += [(number, *unit) for unit in maker(kind, provinces[home], rng)]
    entity = np.array([row[0] for row in rows])
    unit_class = np.array([row[1] for row in rows])
    is_power = sector[entity] == "power"
    north = np.array([provinces[p][2] for p in province[entity]])
    count = len(rows)
    spread = rng.normal(0, 1, count).clip(-1.6, 2.6)
    heat_rate = np.array([HEAT_RATE.get(c, (0.0, 0.0))[0] for c in unit_class])
    heat_rate *= 1 + spread * np.array([HEAT_RATE.get(c, (0.0, 0.0))[1] for c in unit_class])
    supplies_heat = is_power & north & (unit_class != "coal_gt300") & (rng.random(count) < 0.65)
    numbers = rng.permutation(9_000)[:count] + 1_000
    return Fleet(
        id=[f"U-{number}" for number in numbers],
        entity=entity,
        unit_class=unit_class,
        fuel=np.array([row[2] for row in rows]),
        capacity=np.array([row[3] for row in rows]),
        is_power=is_power,
        cooling=[
            ("air" if is_dry else "water") if power else None
            for power, is_dry in zip(is_power, north & (rng.random(count) < 0.4), strict=True)
        ],
        commissioned_on=[date(1998, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 8500, count)],
        north=north,
        province=province[entity],
        heat_rate=heat_rate,
        heat_per_mw=np.where(supplies_heat, rng.uniform(0.8, 2.2, count), 0.0),
        laboratory=rng.integers(0, scale.laboratories, len(sector))[entity],
    )


def _power_units(
    kind: str, home: tuple[str, str, bool, str, str], rng: np.random.Generator
) -> list[tuple[str, str, float]]:
    draw = rng.random()
    if not home[2] and draw < 0.2:
        return [("gas_class_f", "natural_gas", float(rng.choice(_GAS)))] * int(rng.integers(1, 3))
    sizes: tuple[float, ...]
    if draw < 0.5:
        sizes, unit_class = _COAL_LARGE, "coal_gt300"
    elif draw < 0.9:
        sizes, unit_class = _COAL_SMALL, "coal_le300"
    else:
        sizes, unit_class = _COAL_UNCONVENTIONAL, "coal_unconventional"
    size = float(rng.choice(sizes))
    assert (size >= LARGE_COAL_MW) == (unit_class == "coal_gt300"), (size, unit_class)  # noqa: S101
    return [(unit_class, home[3], size)] * int(rng.integers(1, 4))


def _industry_units(
    kind: str, home: tuple[str, str, bool, str, str], rng: np.random.Generator
) -> list[tuple[str, str, float]]:
    if kind == "steel" and rng.random() < 0.3:
        return [("electric_arc_furnace", "natural_gas", round(float(rng.uniform(500, 1500)), 0))]
    unit_class, fuel, low, high = _INDUSTRY[kind]
    lines = int(rng.integers(1, 3))
    return [(unit_class, fuel, round(float(rng.uniform(low, high)), 0)) for _ in range(lines)]
