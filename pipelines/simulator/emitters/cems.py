"""Continuous emission monitoring of the power units, month by month, one row a unit and hour.

An hour's mass is the unit's true CO2 of the day spread over its running hours by load, with a lasting bias
and a noise (`MONITOR_BIAS`, `MONITOR_NOISE`). Mass, concentration and flow are consistent; oxygen falls as
carbon dioxide rises. Once a week an hour goes to calibration; faults, repairs and lost transmissions come in
spells, and some are bridged by the day's mean (`substituted`). Arrays are hours by units.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.calibration_plants import CO2_DENSITY, MONITOR_BIAS, MONITOR_NOISE
from pipelines.simulator.emitters.monitor_plan import MonitorEdits
from pipelines.simulator.emitters.monitored import DECIMALS, QUALITIES, SEEN, Hours
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.frames import timestamps
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.world import World

# Usual concentration (mean and spread between units) and the highest that the fuel can give, % vol dry.
_COAL = (13.0, 0.45, 18.8)
_GAS = (4.3, 0.15, 11.8)
_DAILY_SWING = 0.12  # of the load within a day, at most; little is left of it near full load
_HOURLY_SPREAD = 0.02
_CONCENTRATION_NOISE = 0.012
_OXYGEN_NOISE = 0.05  # % vol
# Spells a unit and month: kind, how often, shortest and longest in hours.
_SPELLS = (
    ("substituted", 0.45, 1, 10),
    ("maintenance", 0.12, 2, 7),
    ("fault", 0.14, 1, 9),
    ("missing", 0.08, 1, 25),
)
_BLIND = tuple(QUALITIES.index(name) for name in ("calibration", "maintenance", "fault", "missing"))


def write_cems(world: World, truth: Truth, plan: EmitterPlan, streams: Streams, sink: Sink) -> None:
    """Write every published month (`Timeline.hourly_months`) through the sink."""
    monitors = Monitors(world, truth, plan, streams)
    for month in world.timeline.hourly_months(world.scale):
        sink.write("cems_hourly", monitors.month(month), f"{month:%Y-%m}")


class Monitors:
    """The stack monitors of the power units; months must come in time, since edits run on over their ends."""

    def __init__(self, world: World, truth: Truth, plan: EmitterPlan, streams: Streams) -> None:
        """Fit a monitor to every power unit, with its lasting bias and usual concentration."""
        fleet = world.fleet
        power = np.flatnonzero(fleet.is_power)
        self.units = power[np.argsort(np.array(fleet.id)[power])]
        self._truth, self._plan, self._streams = truth, plan, streams
        self._ids = pl.Series([fleet.id[unit] for unit in self.units.tolist()], dtype=pl.String)
        rng = streams.of("emitters", "cems", "lasting")
        spread, most = MONITOR_BIAS
        self._bias = rng.normal(0, spread, len(fleet)).clip(-most, most)[self.units]
        gas = fleet.is_gas[self.units]
        mean, wide, self._most = (np.where(gas, *pair) for pair in zip(_GAS, _COAL, strict=True))
        self._usual = mean + wide * rng.normal(0, 1, len(fleet)).clip(-2, 2)[self.units]
        self._weekday = rng.integers(0, 7, len(fleet))[self.units]
        self._hour = rng.integers(8, 18, len(fleet))[self.units]
        self._retired_on = [fleet.retired_on[unit] for unit in self.units.tolist()]
        self._edits = MonitorEdits(plan, self.units, streams)

    def month(self, month: date) -> pl.DataFrame:
        """All hours of a Shanghai month, in time and then by unit id; `tag` is for labels."""
        number = self._truth.months.index(month)
        days = np.flatnonzero(self._truth.month == number)
        hours = self._seen(month, number, days)
        self._edits.carry_out(hours, month, number)
        return self._frame(hours, month)

    def _seen(self, month: date, number: int, days: np.ndarray) -> Hours:
        """What the monitors see and publish of their own accord."""
        truth, units = self._truth, self.units
        rng = self._streams.of("emitters", "cems", f"{month:%Y-%m}")
        running = self._running(days)
        share = running * self._load_shape(days, running.shape, rng)
        share /= np.maximum(share.sum(1, keepdims=True), 1e-9)
        flat = (len(days) * 24, len(units))

        def spread(daily: np.ndarray) -> np.ndarray:
            return np.asarray((share * daily[np.ix_(days, units)][:, None, :]).reshape(flat))

        mass = spread(truth.burn.co2)
        mass *= 1 + self._bias + MONITOR_NOISE * _normal(rng, flat)
        concentration = self._usual * (1 + _CONCENTRATION_NOISE * _normal(rng, flat))
        on = running.reshape(flat)
        factor = self._plan.monitor[number, units]
        mass *= factor
        flow = mass / np.maximum(concentration * (CO2_DENSITY / 100) * on, 1e-9)
        oxygen = 20.9 * (1 - concentration / self._most) + _OXYGEN_NOISE * _normal(rng, flat)
        quality = self._quality(len(days), flat, rng)
        hours = Hours(
            co2_mass=mass,
            co2_concentration=concentration,
            flow=flow,
            o2=oxygen,
            heat_input=spread(truth.burn.energy),
            gross_load=spread(truth.run.generation),
            operating=on,
            quality=quality,
            tag=np.zeros(flat, dtype=np.int32),
        )
        _blank(hours, rng)
        return hours

    def _running(self, days: np.ndarray) -> np.ndarray:
        """Running part of every hour, days by 24 by units: a unit that starts runs at the end of the day."""
        hours = self._truth.run.hours[np.ix_(days, self.units)]
        before = self._truth.run.hours[np.ix_(np.maximum(days - 1, 0), self.units)]
        clock = np.arange(24)[None, :, None]
        starts = ((before == 0) & (hours < 24))[:, None, :]
        position = np.where(starts, 23 - clock, clock)
        return np.asarray((hours[:, None, :] - position).clip(0, 1))

    def _load_shape(self, days: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Load of the hours within a day against each other."""
        reserve = 1 - self._truth.run.load[np.ix_(days, self.units)]
        swing = np.minimum(_DAILY_SWING, 0.3 * reserve)
        noise = np.minimum(_HOURLY_SPREAD, 0.1 * reserve)
        place = {unit: n for n, unit in enumerate(self.units.tolist())}
        first = self._truth.days[days[0]]
        for course in self._plan.load_courses:
            if course.spread is not None and course.unit in place:
                inside = slice(max(0, (course.first - first).days), max(0, (course.last - first).days + 1))
                swing[inside, place[course.unit]] = 0.0
                noise[inside, place[course.unit]] = course.spread / 2
        course_of_day = np.sin(2 * np.pi * (np.arange(24) - 9) / 24)[None, :, None]
        return np.asarray(1 + swing[:, None, :] * course_of_day + noise[:, None, :] * _normal(rng, shape))

    def _quality(self, days: int, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        quality = np.zeros(shape, dtype=np.uint8)
        for name, often, shortest, longest in _SPELLS:
            count = rng.poisson(often, shape[1])
            unit = np.repeat(np.arange(shape[1]), count)
            start = rng.integers(0, shape[0], len(unit))
            hour, owner = _spells(start, rng.integers(shortest, longest, len(unit)), unit, shape[0])
            quality[hour, owner] = QUALITIES.index(name)
        day, unit = np.nonzero((np.arange(days)[:, None] + self._weekday) % 7 == 0)
        quality[day * 24 + self._hour[unit], unit] = QUALITIES.index("calibration")
        return quality

    def _frame(self, hours: Hours, month: date) -> pl.DataFrame:
        """The month's rows; monitors of units that retired before are gone."""
        there = np.array([day is None or day >= month for day in self._retired_on])
        units = np.flatnonzero(there).astype(np.uint32)
        count = len(hours.quality)
        first = calendar.local(month, 0.0)
        moments = first + np.arange(count, dtype=np.int64) * (3600 * calendar.MICROSECONDS)

        def flat(values: np.ndarray) -> np.ndarray:
            return values.ravel() if there.all() else values[:, units].ravel()

        figures = {name: pl.Series(flat(getattr(hours, name))).fill_nan(None) for name in DECIMALS}
        return pl.DataFrame(
            {
                "unit_id": self._ids.gather(np.tile(units, count)),
                "ts": timestamps(np.repeat(moments, len(units))),
                # Simulated hours are delivered in UTC.
                "utc_offset_minutes": pl.Series([None], dtype=pl.Int64).new_from_index(0, count * len(units)),
                **figures,
                "quality": pl.Series(QUALITIES).gather(flat(hours.quality).astype(np.uint32)),
                "tag": flat(hours.tag),
            }
        )


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers held within three deviations; single precision is enough for a noise."""
    return rng.standard_normal(shape, dtype=np.float32).clip(-3, 3)


def _spells(
    start: np.ndarray, length: np.ndarray, unit: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hours and units of spells, cut at the month's end."""
    within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    hour, owner = np.repeat(start, length) + within, np.repeat(unit, length)
    return hour[hour < most], owner[hour < most]


def _blank(hours: Hours, rng: np.random.Generator) -> None:
    """Bridge substituted hours by the day's mean, round as printed, and blank what nobody saw."""
    at = np.nonzero(hours.quality == QUALITIES.index("substituted"))
    day = at[0] // 24
    shape = (-1, 24, hours.quality.shape[1])
    total = hours.co2_mass.reshape(shape).sum(1) / np.maximum(hours.operating.reshape(shape).sum(1), 1.0)
    hours.co2_mass[at] = total[day, at[1]] * hours.operating[at]
    for name, decimals in DECIMALS.items():
        values = getattr(hours, name)
        np.round(values, decimals, out=values)
    still = hours.operating == 0
    blind = np.isin(hours.quality, _BLIND)
    hours.co2_mass[blind] = np.nan
    unseen = blind | still
    unseen[at] = True
    for name in SEEN[1:]:
        getattr(hours, name)[unseen] = np.nan
    lost = hours.quality == QUALITIES.index("missing")
    for name in ("heat_input", "gross_load", "operating"):
        getattr(hours, name)[lost] = np.nan
