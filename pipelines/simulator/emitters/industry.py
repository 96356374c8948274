"""How much every industrial line makes, day by day, and what that takes: heat, electricity, process CO2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.emitters.load import operating_hours
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.seeds import Streams

# Per t of product: fuel energy (GJ), electricity bought (MWh), process CO2 (t); own figures of usual size.
_PER_TONNE = {
    "clinker_line": (3.05, 0.055, 0.525),
    "blast_furnace_route": (11.2, 0.28, 0.42),
    "electric_arc_furnace": (1.1, 0.46, 0.06),
    "aluminium_potline": (0.0, 13.4, 1.58),
}
_SPREAD = 0.03


@dataclass(frozen=True)
class Works:
    """True daily product (t), fuel energy (GJ), electricity bought (MWh) and process CO2 (t)."""

    product: np.ndarray
    energy: np.ndarray
    electricity: np.ndarray
    process: np.ndarray


def industry_works(fleet: Fleet, days: list[date], streams: Streams) -> Works:
    """What the industrial lines do; power units stay at nought.

    Kilns in the heating provinces stop for a part of the winter, as they are ordered to.
    """
    rng = streams.of("emitters", "industry")
    count = len(fleet)
    per_tonne = np.array([_PER_TONNE.get(c, (0.0, 0.0, 0.0)) for c in fleet.unit_class]).T
    per_tonne = per_tonne * rng.normal(1, _SPREAD, (3, count)).clip(0.93, 1.07)
    process_spread = rng.normal(1, 0.008, count).clip(0.98, 1.02)
    per_tonne[2] = [_PER_TONNE.get(c, (0.0, 0.0, 0.0))[2] for c in fleet.unit_class] * process_spread
    hours = operating_hours(rng, days, count)
    winter = np.array([day.month in (1, 2) for day in days])
    kiln = fleet.north & (fleet.unit_class == "clinker_line")
    hours[np.ix_(winter, kiln)] = 0.0
    daily = fleet.capacity * 1000 / 335 * rng.uniform(0.72, 0.95, count)
    product = hours / 24 * daily * rng.normal(1, 0.03, hours.shape).clip(0.85, 1.15)
    product = np.where(fleet.is_power, 0.0, np.round(product, 2))
    noise = rng.normal(1, 0.006, product.shape)
    return Works(
        product=product,
        energy=product * per_tonne[0] * noise,
        electricity=np.round(product * per_tonne[1] * rng.normal(1, 0.01, product.shape), 3),
        process=product * per_tonne[2],
    )
