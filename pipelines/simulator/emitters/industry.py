"""Daily output of every industrial line with its heat, electricity and process CO2.

Clinker follows rule E-40, aluminium E-42 and E-43, steel the mass balance of the sector's guideline: fluxes,
electrodes and bought metal less the carbon in the steel, beside the coke and the coal that is blown in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.calibration_plants import (
    ALUMINIUM_ANODE,
    ALUMINIUM_PFC,
    CARBON_PER_HEAT,
    CLINKER_DEDUCTION,
    CLINKER_PROCESS,
    INDUSTRY_ENERGY,
    STEEL_FACTORS,
)
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.seeds import Streams

_SPREAD = 0.03
_USE = {  # lowest and highest share of capacity used while running, own
    "clinker_line": (0.74, 0.97),
    "blast_furnace_route": (0.80, 0.98),
    "electric_arc_furnace": (0.55, 0.85),
    "aluminium_potline": (0.93, 1.0),
    "other": (0.75, 0.98),
}
_INJECTED_SHARE = (0.18, 0.28)  # of a blast furnace route's fuel energy


@dataclass(frozen=True)
class Works:
    """True daily product (t), fuel energy (GJ), electricity bought (MWh) and process CO2 (t), days by units.

    By unit: `injected`, the share of the energy that comes from coal blown into the blast furnace, and
    `injected_carbon` (tC/GJ); `process_factor`, process CO2 per t of product.
    """

    product: np.ndarray
    energy: np.ndarray
    electricity: np.ndarray
    process: np.ndarray
    injected: np.ndarray
    injected_carbon: np.ndarray
    process_factor: np.ndarray


def industry_works(
    fleet: Fleet,
    days: list[date],
    hours: np.ndarray,
    scaling: np.ndarray,
    efficiency: np.ndarray,
    streams: Streams,
) -> Works:
    """What the industrial lines do within their `hours`; power units stay at zero.

    `scaling` multiplies the activity and `efficiency` the fuel (pot lines: the electricity) per product, both
    days by units.
    """
    rng = streams.of("emitters", "industry")
    count = len(fleet)
    energy, power = np.array([INDUSTRY_ENERGY.get(c, (0.0, 0.0)) for c in fleet.unit_class.tolist()]).T
    energy = np.where((fleet.unit_class == "other") & fleet.is_gas, 1.7 * energy, energy)
    spread = rng.normal(1, _SPREAD, (2, count)).clip(0.93, 1.07)
    low, high = np.array([_USE.get(c, (0.0, 0.0)) for c in fleet.unit_class.tolist()]).T
    daily = fleet.capacity * 1000 / 365 * (low + (high - low) * rng.random(count))
    product = hours / 24
    product *= np.where(fleet.is_power, 0.0, daily)
    product *= rng.normal(1, 0.03, hours.shape).clip(0.85, 1.15)
    product *= scaling
    np.round(product, 2, out=product)
    factor = _process_factor(fleet, rng)
    is_pot = fleet.unit_class == "aluminium_potline"
    fuel = product * (energy * spread[0]) * np.where(is_pot, 1.0, efficiency)
    fuel *= rng.normal(1, 0.006, product.shape)
    electricity = product * (power * spread[1]) * np.where(is_pot, efficiency, 1.0)
    electricity *= rng.normal(1, 0.01, product.shape)
    is_route = fleet.unit_class == "blast_furnace_route"
    return Works(
        product=product,
        energy=fuel,
        electricity=np.round(electricity, 3),
        process=product * factor,
        injected=np.where(is_route, rng.uniform(*_INJECTED_SHARE, count), 0.0),
        injected_carbon=CARBON_PER_HEAT["coal"] * rng.normal(1, 0.008, count).clip(0.98, 1.02),
        process_factor=factor,
    )


def _process_factor(fleet: Fleet, rng: np.random.Generator) -> np.ndarray:
    """Process CO2 per t of product, a lasting property of a line."""
    count = len(fleet)
    other_raw = np.where(rng.random(count) < 0.35, rng.uniform(0.0, 0.06, count), 0.0)
    clinker = CLINKER_PROCESS - CLINKER_DEDUCTION * other_raw
    flux = rng.uniform(0.10, 0.20, count) * STEEL_FACTORS["limestone"]
    metal = rng.uniform(0.0, 0.10, count) * STEEL_FACTORS["pig_iron"]
    route = flux + metal + 0.08 * STEEL_FACTORS["scrap"] - STEEL_FACTORS["crude_steel"]
    arc = (
        rng.uniform(0.0015, 0.003, count) * STEEL_FACTORS["electrode"]
        + rng.uniform(0.1, 0.35, count) * STEEL_FACTORS["pig_iron"]
    )
    effects = rng.lognormal(0, 0.25, count).clip(0.5, 1.9)
    aluminium = ALUMINIUM_ANODE * rng.normal(1, 0.015, count) + ALUMINIUM_PFC * effects
    factors = {
        "clinker_line": clinker,
        "blast_furnace_route": route,
        "electric_arc_furnace": arc,
        "aluminium_potline": aluminium,
    }
    out = np.zeros(count)
    for name, values in factors.items():
        out = np.where(fleet.unit_class == name, values, out)
    return out
