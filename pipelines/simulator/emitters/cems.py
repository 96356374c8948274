"""Continuous emission monitoring of the power units in the months that the scale covers.

An hour's mass is the unit's true CO2 of the day spread over its running hours, with a lasting bias and
a noise of about three per cent an hour. Mass, concentration and flow belong together, oxygen falls as
carbon dioxide rises. Once a week an hour goes to calibration; now and then a fault is bridged by the
day's mean (`substituted`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.calibration import CO2_DENSITY
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.fleet import Fleet
from pipelines.simulator.frames import timestamps
from pipelines.simulator.seeds import Streams

_BIAS = 0.008
_NOISE = 0.03
# Usual concentration and the highest that the fuel can give, % vol dry.
_COAL = (13.0, 18.8)
_GAS = (4.3, 11.8)


def cems_hourly(fleet: Fleet, truth: Truth, covered: tuple[str, ...], streams: Streams) -> pl.DataFrame:
    """Hourly monitoring, one row a unit and hour of the covered months (Shanghai months)."""
    bias = streams.of("emitters", "cems", "bias").normal(0, _BIAS, len(fleet)).clip(-0.02, 0.02)
    units = np.flatnonzero(fleet.is_power)
    frames = []
    for name in covered:
        inside = [n for n, day in enumerate(truth.days) if f"{day:%Y-%m}" == name]
        rng = streams.of("emitters", "cems", name)
        frames.append(_month(fleet, truth, np.array(inside), units, bias, rng))
    return pl.concat(frames)


def _month(
    fleet: Fleet,
    truth: Truth,
    days: np.ndarray,
    units: np.ndarray,
    bias: np.ndarray,
    rng: np.random.Generator,
) -> pl.DataFrame:
    at = np.ix_(days, units)
    running = (truth.run.hours[at][:, None, :] - np.arange(24)[None, :, None]).clip(0, 1)
    shape = (len(days), 24, len(units))
    profile = 1 + 0.10 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)[None, :, None]
    weight = running * profile * rng.normal(1, 0.02, shape).clip(0.9, 1.1)
    share = np.divide(weight, weight.sum(1, keepdims=True), out=np.zeros(shape), where=weight > 0)
    load = share * truth.run.generation[at][:, None, :]
    energy = share * truth.burn.energy[at][:, None, :]
    mass = share * truth.burn.co2[at][:, None, :] * (1 + bias[units] + rng.normal(0, _NOISE, shape))
    usual, most = (np.where(fleet.is_gas[units], gas, coal) for gas, coal in zip(_GAS, _COAL, strict=True))
    concentration = usual * rng.normal(1, 0.015, shape)
    flow = np.divide(
        mass, concentration / 100 * CO2_DENSITY * running, out=np.zeros(shape), where=running > 0
    )
    oxygen = 20.9 * (1 - concentration / most) + rng.normal(0, 0.05, shape)
    quality = _quality(shape, rng)
    substituted = quality == "substituted"
    mean = (mass.sum(1, keepdims=True) / running.sum(1, keepdims=True).clip(1, None)) * running
    mass = np.where(substituted, mean, mass)
    blank = np.isin(quality, ("calibration", "maintenance"))
    unseen = blank | substituted | (running == 0)
    start = np.array([calendar.local(_day(truth, d), 0.0) for d in days])
    hour = start[:, None] + np.arange(24) * 3600 * calendar.MICROSECONDS
    order = (2, 0, 1)
    return pl.DataFrame(
        {
            "unit_id": np.repeat(np.array(fleet.id)[units], len(days) * 24),
            "ts": timestamps(np.tile(hour.ravel(), len(units))),
            "co2_mass": _flat(np.where(blank, np.nan, np.round(mass, 4)), order),
            "co2_concentration": _flat(np.where(unseen, np.nan, np.round(concentration, 3)), order),
            "flow": _flat(np.where(unseen, np.nan, np.round(flow, 1)), order),
            "o2": _flat(np.where(unseen, np.nan, np.round(oxygen, 3)), order),
            "heat_input": _flat(np.round(energy, 3), order),
            "gross_load": _flat(np.round(load, 3), order),
            "operating": _flat(np.round(running, 4), order),
            "quality": quality.transpose(order).ravel(),
        }
    )


def _quality(shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(shape)
    quality = np.full(shape, "valid", dtype="<U11")
    quality[draw < 0.004] = "substituted"
    quality[draw > 0.999] = "maintenance"
    days, _, units = shape
    weekday, hour = rng.integers(0, 7, units), rng.integers(8, 18, units)
    for unit in range(units):
        quality[np.arange(days) % 7 == weekday[unit], hour[unit], unit] = "calibration"
    return quality


def _day(truth: Truth, position: int) -> date:
    return truth.days[position]


def _flat(values: np.ndarray, order: tuple[int, int, int]) -> pl.Series:
    return pl.Series(values.transpose(order).ravel()).fill_nan(None)
