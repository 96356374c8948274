"""What the units burn: the make-up of their fuel month by month, and the true fuel and CO2 day by day.

A company receives a lot a month; lots drift around its usual supply, and a few companies change their
supply for good. A unit burns a mix of the new lot and what is left in the yard, so qualities drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import lfilter

from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator import law
from pipelines.simulator.emitters.coal import GANGUE_ASH, Coal, Quality, quality_of, rank_figures
from pipelines.simulator.emitters.industry import Works
from pipelines.simulator.emitters.load import Run
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams

# Spread of a lot around the usual supply and how much of it the next lot keeps, own: place in the rank,
# total moisture, moisture, ash (parts of the rank's usual range), sulphur (relative).
_LOT_SPREAD = np.array([0.07, 0.09, 0.06, 0.10, 0.12])
_LOT_MEMORY = 0.45
_CHANGED_SHARE = 0.04  # companies that change their supply once within the span
_SULPHUR = (0.35, 1.5)  # % air-dried, usual supplies
# Relative spread of carbon per heat beyond what the elements explain: of a supply and of a month.
_PER_HEAT_SPREAD = (0.006, 0.003)
_GAS_SPREAD = (0.008, 0.004, 0.006, 0.004)  # heat of a supply and a month, carbon per heat of both
_COKE_SPREAD = (0.006, 0.004, 0.008, 0.006)


@dataclass(frozen=True)
class Burn:
    """True daily main fuel (t or 10^4 Nm3), and of all fuels CO2 of combustion (t) and energy (GJ)."""

    fuel: np.ndarray
    co2: np.ndarray
    energy: np.ndarray


def oxidation(fleet: Fleet) -> np.ndarray:
    """Share of the carbon that burns, unit by unit; 0 where nothing burns."""
    return np.where(fleet.fuel == "none", 0.0, calibration.OXIDATION)


def default_carbon(fleet: Fleet) -> np.ndarray:
    """Default carbon per heat of every unit's fuel, tC/GJ; power plants' coal has a high one (E-03, E-04)."""
    by_fuel = {
        "natural_gas": calibration.GAS_CARBON,
        "coke": calibration.COKE_CARBON,
        **calibration.CARBON_PER_HEAT,
    }
    usual = np.array([by_fuel.get(fuel, 0.0) for fuel in fleet.fuel.tolist()])
    power = np.where(
        fleet.unit_class == "coal_unconventional",
        law.default_carbon("coal_unconventional"),
        law.default_carbon("all"),
    )
    return np.where(fleet.is_power & fleet.is_coal, power, usual)


def true_coal(fleet: Fleet, months: int, plan: EmitterPlan, streams: Streams) -> Coal:
    """What coal every unit really burns, month by month; figures of units without coal mean nothing."""
    rng = streams.of("emitters", "coal")
    supplies = _supplies(fleet, months, rng)
    place, total, moisture, ash, sulphur = supplies[:, :, fleet.entity]
    ash = ash + rng.normal(0, 0.5, len(fleet)) + rng.normal(0, 0.25, ash.shape)
    mix = rng.uniform(0.5, 0.95, len(fleet))
    place, total, moisture, ash, sulphur = (
        _mixed(part, mix) for part in (place, total, moisture, ash, sulphur)
    )
    supply, month = _PER_HEAT_SPREAD
    per_heat = rng.normal(1, supply, int(fleet.entity.max()) + 1)[fleet.entity]
    per_month = rng.normal(1, month, ash.shape).clip(0.99, 1.01)
    coal = Coal(place, total, moisture, ash, sulphur, per_heat.clip(0.982, 1.018) * per_month)
    for lot in plan.coal_lots:
        span = slice(lot.first_month, lot.last_month + 1), lot.unit
        coal.ash[span] = (coal.ash[span] + lot.ash).clip(3.0, 60.0)
        coal.total_moisture[span] = (coal.total_moisture[span] + lot.total_moisture).clip(2.0, 50.0)
        coal.per_heat[span] *= lot.per_heat
    for shared in plan.shared_coal:
        months_ = slice(shared.first_month, shared.last_month + 1)
        for part in (coal.place, coal.total_moisture, coal.moisture, coal.ash, coal.sulphur, coal.per_heat):
            part[months_, shared.unit] = part[months_, shared.source]
    coal = replace(coal, moisture=np.minimum(coal.moisture, coal.total_moisture - 1.0))
    if plan.selective_defaults:
        quality = quality_of(coal, fleet.fuel)
        for span, factor in _amid_default(fleet, quality, plan, fleet.is_coal & ~fleet.is_power, streams):
            coal.per_heat[span] *= factor
    return coal


def _amid_default(
    fleet: Fleet, quality: Quality, plan: EmitterPlan, which: np.ndarray, streams: Streams
) -> list[tuple[tuple[slice, int], float]]:
    """What brings the carbon per heat of plants that choose month by month amid their default.

    It is the plants whose fuel lies there for which choosing pays.
    """
    rng = streams.of("emitters", "choosing", "coal" if (which & fleet.is_coal).any() else "other")
    default = default_carbon(fleet)
    found = []
    for choice in plan.selective_defaults:
        near = 1 + float(np.clip(rng.normal(0, 0.0006), -0.001, 0.001))
        if which[choice.unit]:
            span = slice(choice.first_month, choice.last_month + 1), choice.unit
            usual = float(np.median(quality.carbon[span] / quality.ncv[span]))
            found.append((span, float(default[choice.unit]) * near / usual))
    return found


def _supplies(fleet: Fleet, months: int, rng: np.random.Generator) -> np.ndarray:
    """Lots by figure, month and company."""
    count = int(fleet.entity.max()) + 1
    first = np.searchsorted(fleet.entity, np.arange(count))
    names = ("total_moisture", "moisture", "ash")
    pairs = [rank_figures(fleet.fuel[first], name) for name in names]
    gangue = fleet.unit_class[first] == "coal_unconventional"
    pairs[2] = np.where(gangue, np.array(GANGUE_ASH)[:, None], pairs[2])
    low = np.array([np.zeros(count), *(pair[0] for pair in pairs), np.full(count, _SULPHUR[0])])
    high = np.array([np.ones(count), *(pair[1] for pair in pairs), np.full(count, _SULPHUR[1])])
    usual = low + (high - low) * rng.beta(2, 2, (5, count))
    other = low + (high - low) * rng.beta(2, 2, (5, count))
    change = np.where(rng.random(count) < _CHANGED_SHARE, rng.integers(3, max(4, months - 3), count), months)
    later = np.arange(months)[:, None] >= change
    mean = np.where(later, other[:, None, :], usual[:, None, :])
    spread = (
        np.where(np.arange(5) == 4, 1.0, 0.0)[:, None] * usual + (high - low) * (np.arange(5) < 4)[:, None]
    )
    noise = rng.normal(0, 1, (5, months + 6, count))
    course = lfilter([np.sqrt(1 - _LOT_MEMORY**2)], [1, -_LOT_MEMORY], noise, axis=1)[:, 6:]
    lots = mean + course * (spread * _LOT_SPREAD[:, None])[:, None, :]
    margin = 0.04 * (high - low)
    return np.asarray(lots.clip((low - margin)[:, None, :], (high + margin)[:, None, :]))


def _mixed(lots: np.ndarray, share: np.ndarray) -> np.ndarray:
    """What is burnt: `share` of the new lot, the rest from the yard."""
    out = np.empty_like(lots)
    out[0] = lots[0]
    for month in range(1, len(lots)):
        out[month] = share * lots[month] + (1 - share) * out[month - 1]
    return out


def fuel_quality(fleet: Fleet, coal: Coal, plan: EmitterPlan, streams: Streams) -> Quality:
    """True fuel quality of every unit and month."""
    rng = streams.of("emitters", "fuel")
    quality = quality_of(coal, fleet.fuel)
    usual = (calibration.GAS_HEAT, calibration.GAS_CARBON, _GAS_SPREAD)
    for fuel, (heat, per_heat, spread) in {
        "natural_gas": usual,
        "coke": (calibration.COKE_HEAT, calibration.COKE_CARBON, _COKE_SPREAD),
    }.items():
        inside = fleet.fuel == fuel
        shape = quality.ncv.shape
        level = rng.normal(1, spread[0], len(fleet)).clip(0.97, 1.02) * rng.normal(1, spread[1], shape)
        carbon = rng.normal(1, spread[2], len(fleet)) * rng.normal(1, spread[3], shape)
        quality.ncv[:, inside] = (heat * level.clip(0.97, 1.022))[:, inside]
        quality.carbon[:, inside] = (quality.ncv * per_heat * carbon.clip(0.98, 1.014))[:, inside]
    for span, factor in _amid_default(
        fleet, quality, plan, np.isin(fleet.fuel, ("coke", "natural_gas")), streams
    ):
        quality.carbon[span] *= factor
    quality.ncv[:, fleet.fuel == "none"] = np.nan
    quality.carbon[:, fleet.fuel == "none"] = np.nan
    return quality


def power_energy(fleet: Fleet, run: Run, streams: Streams) -> np.ndarray:
    """Fuel energy of the power units (GJ a day) as built, before overhauls and the fleet's level."""
    noise = streams.of("emitters", "heat_rate").normal(1, 0.008, run.generation.shape)
    noise *= 1 + calibration.PART_LOAD * (calibration.REFERENCE_LOAD - run.load)
    noise *= run.generation * fleet.heat_rate
    noise += run.heat * calibration.HEAT_SIDE
    return noise


def burn(fleet: Fleet, energy: np.ndarray, works: Works, quality: Quality, month: np.ndarray) -> Burn:
    """True fuel and CO2 of the day from the day's fuel energy and the month's fuel."""
    main = energy * (1 - works.injected)
    per_heat = quality.carbon / quality.ncv * calibration.CARBON_TO_CO2 * oxidation(fleet)
    injected = works.injected_carbon * calibration.CARBON_TO_CO2 * calibration.OXIDATION
    burns = fleet.fuel != "none"
    co2 = main * np.where(burns, per_heat, 0.0)[month] + energy * (works.injected * injected)
    fuel = main / np.where(burns, quality.ncv, 1.0)[month]
    fuel[:, ~burns] = 0.0
    return Burn(fuel=fuel, co2=co2, energy=energy)
