"""The power benchmark as a formula of generation, heat and hours, without entities, reports or decisions."""

from __future__ import annotations

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator.fleet import Fleet


def peak_shaving_factor(load_factor: np.ndarray) -> np.ndarray:
    """Rule D-05 for a load factor as a fraction: 1.015 to the power of 16 - 20 F below 65 %, else 1."""
    factor = calibration.PEAK_SHAVING_BASE ** (16 - 20 * load_factor)
    return np.where(load_factor < calibration.PEAK_SHAVING_BELOW, factor, 1.0)


def unit_allocation(
    fleet: Fleet, year: int, generation: np.ndarray, heat: np.ndarray, hours: np.ndarray
) -> np.ndarray:
    """Benchmark allocation of every power unit before any top-up, in t (rules D-01 to D-05); 0 for others.

    Args:
        fleet: the units.
        year: compliance year, 2023 or 2024.
        generation: MWh of the year by unit.
        heat: GJ supplied by unit.
        hours: operating hours by unit; without any the load factor counts as 1.
    """
    benchmark = np.array([calibration.ELECTRICITY_BENCHMARK.get((c, year), 0.0) for c in fleet.unit_class])
    heat_benchmark = np.where(
        fleet.is_gas, calibration.HEAT_BENCHMARK["gas", year], calibration.HEAT_BENCHMARK["coal", year]
    )
    load_factor = np.divide(generation, fleet.capacity * hours, out=np.ones(len(fleet)), where=hours > 0)
    conventional = np.isin(fleet.unit_class, ("coal_gt300", "coal_le300"))
    factor = np.where(conventional, peak_shaving_factor(load_factor), 1.0)
    return np.where(fleet.is_power, generation * benchmark * factor + heat * heat_benchmark, 0.0)
