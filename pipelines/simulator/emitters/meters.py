"""The energy-use monitoring: what belt scales, gas, electricity and heat meters and weighbridges count a day.

Meters see the truth with a small error of their own: a bias that stays and a noise of the day. Fuel
meters are never wrong by a whole per cent, so a month's reading and an honest report agree within one.
`electricity_out` is counted at the generator's terminals, as generation is reported.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.seeds import Streams

# Meter: lasting relative bias (spread) and relative noise of a day.
_ERRORS = {
    "coal_feed": (0.002, 0.0035),
    "gas_flow": (0.002, 0.0035),
    "electricity_out": (0.0004, 0.0005),
    "electricity_in": (0.0005, 0.0008),
    "heat_out": (0.003, 0.004),
    "product": (0.002, 0.003),
}


def meters_daily(fleet: Fleet, truth: Truth, streams: Streams) -> pl.DataFrame:
    """Daily readings, one row a unit, day and meter."""
    solid = np.isin(fleet.fuel, ("coal", "lignite", "anthracite", "coke"))
    seen = {
        "coal_feed": (truth.burn.fuel, solid),
        "gas_flow": (truth.burn.fuel, fleet.is_gas),
        "electricity_out": (truth.run.generation, fleet.is_power),
        "electricity_in": (truth.works.electricity, ~fleet.is_power),
        "heat_out": (truth.run.heat, fleet.heat_per_mw > 0),
        "product": (truth.works.product, ~fleet.is_power),
    }
    names = np.array(fleet.id)
    days = pl.Series(truth.days)
    frames = []
    for meter, (values, fitted) in seen.items():
        rng = streams.of("emitters", "meters", meter)
        bias, noise = _ERRORS[meter]
        lasting = rng.normal(0, bias, len(fleet)).clip(-1.4 * bias, 1.4 * bias)
        passing = rng.normal(0, noise, values.shape).clip(-2 * noise, 2 * noise)
        reading = values * (1 + lasting + passing)
        which = np.flatnonzero(fitted)
        frames.append(
            pl.DataFrame(
                {
                    "unit_id": np.repeat(names[which], len(days)),
                    "date": pl.concat([days] * len(which)),
                    "meter": np.full(len(which) * len(days), meter),
                    "value": np.round(reading[:, which].T.ravel(), 3),
                }
            )
        )
    return pl.concat(frames)
