"""The power benchmark as a formula of generation, heat and hours, without entities, reports or decisions."""

from __future__ import annotations

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.fleet import Fleet


def peak_shaving_factor(load_factor: np.ndarray, year: int) -> np.ndarray:
    """Rule D-05 for a load factor as a fraction: 1.015 to the power of 16 - 20 F below 65 %, else 1."""
    constant = law.allocation("peak_shaving_constant", year)
    slope = law.allocation("peak_shaving_slope", year)
    factor = law.allocation("peak_shaving_base", year) ** (constant - slope * load_factor)
    return np.where(load_factor < law.allocation("peak_shaving_below", year), factor, 1.0)


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
    electricity, of_heat = law.benchmarks("electricity", year), law.benchmarks("heat", year)
    benchmark = np.array([electricity.get(c, 0.0) for c in fleet.unit_class])
    heat_benchmark = np.where(fleet.is_gas, of_heat["gas_other"], of_heat["coal_gt300"])
    load_factor = np.divide(generation, fleet.capacity * hours, out=np.ones(len(fleet)), where=hours > 0)
    conventional = np.isin(fleet.unit_class, ("coal_gt300", "coal_le300"))
    factor = np.where(conventional, peak_shaving_factor(load_factor, year), 1.0)
    return np.where(fleet.is_power, generation * benchmark * factor + heat * heat_benchmark, 0.0)
