"""Pollutant permits and energy-use rights of the same entities, consistent with the fuel really burnt.

Sulphur dioxide follows the sulphur in the fuel, nitrogen oxides the heat, energy use the fuel's heat and the
electricity bought in tonnes of coal equivalent; waste water goes with the size of the plant.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulator.calibration_plants import COAL_EQUIVALENT, ELECTRICITY_EQUIVALENT
from pipelines.simulator.emitters.coal import as_received
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

# Own: what desulphurisation leaves, kg of NOx per GJ after denitration, kg of COD and ammonia per tce.
_SULPHUR_LEFT = (0.012, 0.045)
_SULPHUR_RELEASED = 0.88
_KILN_SULPHUR_LEFT = 0.15  # of that again: lime binds most of it
_NOX = (0.018, 0.045)
_WATER = {"cod": (0.004, 0.02), "nh3n": (0.0004, 0.002)}
_COKE_SULPHUR = 0.007
_HEADROOM = (1.05, 1.40)  # permitted over reported
_TRADING_SHARE = 0.12


def other_rights(world: World, truth: Truth, streams: Streams) -> pl.DataFrame:
    """One row an entity, compliance year and kind; `traded` is what was sold, null where nothing was."""
    rng = streams.of("emitters", "rights")
    count = len(world.entities)
    nature = {
        "so2": rng.uniform(*_SULPHUR_LEFT, len(world.fleet)),
        "nox": rng.uniform(*_NOX, len(world.fleet)),
        **{kind: rng.uniform(*span, count) for kind, span in _WATER.items()},
    }
    headroom = rng.uniform(*_HEADROOM, (5, count))
    fuel, energy = truth.monthly(truth.burn.fuel), truth.monthly(truth.burn.energy)
    bought = truth.monthly(truth.works.electricity)
    sulphur = fuel * _sulphur(world, truth) * 2 * _SULPHUR_RELEASED * nature["so2"]
    frames = []
    for year in world.timeline.compliance_years:
        inside = truth.years == year

        def of_entity(monthly: np.ndarray, inside: np.ndarray = inside) -> np.ndarray:
            return np.bincount(world.fleet.entity, monthly[inside].sum(0), count)

        tce = of_entity(energy) / COAL_EQUIVALENT + of_entity(bought) * ELECTRICITY_EQUIVALENT
        used = {
            "so2": of_entity(sulphur),
            "nox": of_entity(energy * nature["nox"] / 1000),
            "cod": tce * nature["cod"] / 1000,
            "nh3n": tce * nature["nh3n"] / 1000,
            "energy_use": tce,
        }
        for number, (kind, reported) in enumerate(used.items()):
            frames.append(_rows(world, year, kind, reported, headroom[number], rng))
    return pl.concat(frames)


def _sulphur(world: World, truth: Truth) -> np.ndarray:
    """Sulphur in a tonne of fuel as received, months by units; none in gas."""
    fleet, quality = world.fleet, truth.quality
    coal = as_received(quality.sulphur, quality.moisture, quality.total_moisture) / 100
    share = np.where(fleet.is_coal, coal, np.where(fleet.fuel == "coke", _COKE_SULPHUR, 0.0))
    return np.asarray(share * np.where(fleet.unit_class == "clinker_line", _KILN_SULPHUR_LEFT, 1.0))


def _rows(
    world: World, year: int, kind: str, reported: np.ndarray, headroom: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    has = np.flatnonzero(reported > 0)
    permitted = reported * headroom * rng.normal(1, 0.01, len(reported)).clip(0.97, 1.03)
    spare = np.where(rng.random(len(reported)) < _TRADING_SHARE, (permitted - reported) * 0.6, np.nan)
    return pl.DataFrame(
        {
            "entity_id": np.array(world.entities.id)[has],
            "year": np.full(len(has), year),
            "kind": np.full(len(has), kind),
            "permitted": np.round(permitted, 3)[has],
            "reported": np.round(reported, 3)[has],
            "traded": pl.Series(np.round(spare, 3)[has]).fill_nan(None),
        }
    )
