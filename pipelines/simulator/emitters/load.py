"""How much every power unit runs, day by day: hours, electricity, heat.

Arrays are days by units. Load follows a yearly course with a summer and a winter peak, a shared
disturbance of the province and one of the unit; a unit stands still for one planned outage a year and
some forced ones. Units that heat towns do so from November to March.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.fleet import Fleet
from pipelines.simulator.seeds import Streams


@dataclass(frozen=True)
class Run:
    """True daily run: hours, gross generation (MWh), heat supplied (GJ), load factor."""

    hours: np.ndarray
    generation: np.ndarray
    heat: np.ndarray
    load: np.ndarray


def power_run(fleet: Fleet, days: list[date], streams: Streams) -> Run:
    """The run of all units; industrial lines stay at nought."""
    rng = streams.of("emitters", "load")
    count = len(fleet)
    ordinal = np.array([day.timetuple().tm_yday for day in days])
    season = 0.06 * np.cos(4 * np.pi * (ordinal - 15) / 365)
    weekend = np.array([-0.03 if day.weekday() >= 5 else 0.0 for day in days])
    base = rng.normal(0.68, 0.06, count).clip(0.52, 0.82)
    provinces = _autoregressive(rng, len(days), int(fleet.province.max()) + 1, 0.9, 0.015)
    own = _autoregressive(rng, len(days), count, 0.7, 0.03)
    load = base + (season + weekend)[:, None] + provinces[:, fleet.province] + own
    load = load.clip(0.38, 0.98)
    hours = np.where(fleet.is_power, operating_hours(rng, days, count), 0.0)
    winter = np.cos(2 * np.pi * (ordinal - 15) / 365).clip(0.0, None)
    heat_rate = fleet.heat_per_mw * fleet.capacity
    noise = rng.normal(1, 0.05, (len(days), count)).clip(0.7, 1.3)
    return Run(
        hours=hours,
        generation=np.round(hours * load * fleet.capacity, 3),
        heat=np.round(hours * heat_rate * winter[:, None] * noise, 2),
        load=load,
    )


def operating_hours(rng: np.random.Generator, days: list[date], count: int) -> np.ndarray:
    """Hours of the day that each unit runs: 24, less on the edges of an outage, 0 within."""
    hours = np.full((len(days), count), 24.0)
    first_year = days[0].year
    years = days[-1].year - first_year + 1
    for unit in range(count):
        for year in range(years):
            spring = rng.random() < 0.5
            start = 365 * year + int(rng.integers(75, 130) if spring else rng.integers(255, 310))
            _stop(hours, unit, start, int(rng.integers(15, 32)), rng)
            for _ in range(int(rng.poisson(1.5))):
                _stop(hours, unit, 365 * year + int(rng.integers(0, 365)), int(rng.integers(1, 5)), rng)
    return hours


def _stop(hours: np.ndarray, unit: int, start: int, length: int, rng: np.random.Generator) -> None:
    edges = rng.integers(2, 22, 2)
    hours[start : start + length, unit] = 0.0
    for day, left in ((start - 1, edges[0]), (start + length, edges[1])):
        if 0 <= day < len(hours):
            hours[day, unit] = min(hours[day, unit], float(left))


def _autoregressive(
    rng: np.random.Generator, length: int, count: int, memory: float, spread: float
) -> np.ndarray:
    noise = rng.normal(0, spread, (length, count))
    out = np.empty_like(noise)
    out[0] = noise[0] / np.sqrt(1 - memory**2)
    for step in range(1, length):
        out[step] = memory * out[step - 1] + noise[step]
    return out
