"""What the units burn: the coal's make-up month by month, and the true fuel and CO2 day by day.

Coal is drawn as a whole, so its figures belong together: carbon, hydrogen and volatiles on a dry,
ash-free basis by rank, then ash and moisture, then the heating value from carbon and the rank's carbon
per heat. Figures are rounded as a laboratory prints them before anything is computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calibration
from pipelines.simulator.emitters.load import Run
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.seeds import Streams

# Dry ash-free carbon, hydrogen, volatiles; ash and moisture (air-dried), total moisture: low and high.
_RANKS = {
    "coal": ((79.0, 84.0), (4.7, 5.5), (28.0, 36.5), (14.0, 28.0), (1.5, 4.0), (7.0, 15.0)),
    "lignite": ((69.0, 74.0), (4.6, 5.4), (41.0, 48.0), (9.0, 18.0), (8.0, 13.0), (26.0, 36.0)),
    "anthracite": ((91.0, 95.0), (2.4, 3.5), (5.0, 9.5), (16.0, 26.0), (1.0, 2.5), (5.0, 10.0)),
}
_GANGUE_ASH = (38.0, 46.0)
_PART_LOAD = 0.10  # relative heat rate gained per unit of load factor lost
_REFERENCE_LOAD = 0.68


@dataclass(frozen=True)
class Quality:
    """Fuel of every month (rows) and unit (columns), as analysed.

    `ncv` is GJ and `carbon` tC, both as received, per t or per 10^4 Nm3.
    """

    total_moisture: np.ndarray
    moisture: np.ndarray
    ash: np.ndarray
    volatile: np.ndarray
    sulphur: np.ndarray
    hydrogen: np.ndarray
    carbon_dry: np.ndarray
    ncv: np.ndarray
    carbon: np.ndarray


@dataclass(frozen=True)
class Burn:
    """True daily fuel (t or 10^4 Nm3) and CO2 (t), and the fuel energy (GJ) behind them."""

    fuel: np.ndarray
    co2: np.ndarray
    energy: np.ndarray


def oxidation(fleet: Fleet) -> np.ndarray:
    """Share of the carbon that burns, unit by unit."""
    return np.array([calibration.OXIDATION.get(fuel, 0.0) for fuel in fleet.fuel])


def fuel_quality(fleet: Fleet, months: int, streams: Streams) -> Quality:
    """Fuel quality of every unit and month."""
    rng = streams.of("emitters", "fuel")
    count = len(fleet)
    ranks = [_RANKS.get(fuel, _RANKS["coal"]) for fuel in fleet.fuel]
    lows = np.array([[low for low, _ in rank] for rank in ranks]).T
    highs = np.array([[high for _, high in rank] for rank in ranks]).T
    gangue = fleet.unit_class == "coal_unconventional"
    lows[3], highs[3] = np.where(gangue, _GANGUE_ASH[0], lows[3]), np.where(gangue, _GANGUE_ASH[1], highs[3])
    means = rng.uniform(lows, highs)
    wobble = (
        rng.normal(0, 1, (6, months, count))
        * ((highs - lows) * [[0.05], [0.05], [0.05], [0.10], [0.08], [0.10]])[:, None, :]
    )
    carbon_daf, hydrogen_daf, volatile_daf, ash, moisture, total = (means[:, None, :] + wobble).clip(
        lows[:, None, :], highs[:, None, :]
    )
    ash, moisture, total = np.round(ash, 2), np.round(moisture, 2), np.round(total, 1)
    combustible = (100 - ash - moisture) / 100
    carbon_dry = np.round(carbon_daf * combustible, 2)
    carbon = np.round(carbon_dry / 100 * (100 - total) / (100 - moisture), 5)
    per_heat = np.array([calibration.CARBON_PER_HEAT.get(fuel, 0.02618) for fuel in fleet.fuel])
    per_heat = per_heat * rng.normal(1, 0.008, count).clip(0.98, 1.02)
    per_heat = per_heat * rng.normal(1, 0.004, (months, count)).clip(0.988, 1.012)
    quality = Quality(
        total_moisture=total,
        moisture=moisture,
        ash=ash,
        volatile=np.round(volatile_daf * combustible, 2),
        sulphur=np.round(
            rng.uniform(0.3, 1.4, count) * rng.normal(1, 0.08, (months, count)).clip(0.7, 1.3), 2
        ),
        hydrogen=np.round(hydrogen_daf * combustible, 2),
        carbon_dry=carbon_dry,
        ncv=np.round(carbon / per_heat, 3),
        carbon=carbon,
    )
    return _with_other_fuels(fleet, quality, rng)


def _with_other_fuels(fleet: Fleet, quality: Quality, rng: np.random.Generator) -> Quality:
    gas_ncv = np.round(rng.normal(362, 4, quality.ncv.shape).clip(345, 380), 2)
    coke_ncv = np.round(rng.normal(28.4, 0.15, quality.ncv.shape).clip(27.9, 28.9), 3)
    gas, coke = fleet.is_gas, fleet.fuel == "coke"
    quality.ncv[:, gas] = gas_ncv[:, gas]
    quality.carbon[:, gas] = np.round(gas_ncv * calibration.GAS_CARBON_PER_HEAT, 5)[:, gas]
    quality.ncv[:, coke] = coke_ncv[:, coke]
    quality.carbon[:, coke] = np.round(coke_ncv * 0.0294, 5)[:, coke]
    burned_by_industry = ~fleet.is_power & (fleet.fuel == "coal")
    quality.carbon[:, burned_by_industry] = np.round(quality.ncv * 0.02618, 5)[:, burned_by_industry]
    return quality


def power_energy(fleet: Fleet, run: Run, efficiency: np.ndarray, streams: Streams) -> np.ndarray:
    """True fuel energy of the power units (GJ a day) before the fleet's level is set.

    `efficiency` multiplies a unit's heat rate on each day (below 1 after an overhaul).
    """
    noise = streams.of("emitters", "heat_rate").normal(1, 0.008, run.generation.shape)
    part_load = 1 + _PART_LOAD * (_REFERENCE_LOAD - run.load)
    electric = run.generation * fleet.heat_rate * part_load * noise * efficiency
    return electric + run.heat * calibration.HEAT_SIDE


def burn(fleet: Fleet, energy: np.ndarray, quality: Quality, month: np.ndarray) -> Burn:
    """True fuel and CO2 of the day from the day's fuel energy and the month's fuel."""
    fuel = np.divide(energy, quality.ncv[month])
    fuel[:, fleet.fuel == "none"] = 0.0
    co2 = fuel * quality.carbon[month] * oxidation(fleet) * calibration.CARBON_TO_CO2
    return Burn(fuel=fuel, co2=co2, energy=energy)
