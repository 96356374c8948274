"""How much every unit runs, day by day: hours, electricity, heat.

Arrays are days by units. Load follows a yearly course with a summer and a winter peak, a shared disturbance
of the province and one of the unit; a unit has one planned outage a year and some forced ones. Units that
heat towns do so from November to March, those that give steam all year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.signal import lfilter

from pipelines.simulator.fleet import Fleet
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams

# Days of a planned outage (half-open) and other stops a year, by class, own. Power units are also put in
# reserve where the grid does not need them.
_OUTAGES = {
    "clinker_line": (8, 18, 0.6),
    "blast_furnace_route": (3, 9, 0.4),
    "electric_arc_furnace": (6, 14, 1.2),
    "aluminium_potline": (0, 1, 0.0),
    "other": (5, 15, 1.2),
}
_POWER_OUTAGE = (15, 32, 3.0)
_FORCED_DAYS = (1, 10)
_MOST_FORCED = 8
_YEAR = 365


@dataclass(frozen=True)
class Run:
    """True daily run: hours, gross generation (MWh), heat supplied (GJ), load factor while running."""

    hours: np.ndarray
    generation: np.ndarray
    heat: np.ndarray
    load: np.ndarray


def power_run(fleet: Fleet, days: list[date], hours: np.ndarray, plan: EmitterPlan, streams: Streams) -> Run:
    """The run of all power units within their `hours`; industrial lines stay at zero."""
    rng = streams.of("emitters", "load")
    count = len(fleet)
    ordinal = np.array([day.timetuple().tm_yday for day in days])
    season = 0.06 * np.cos(4 * np.pi * (ordinal - 15) / _YEAR)
    weekend = np.array([-0.03 if day.weekday() >= 5 else 0.0 for day in days])
    base = rng.normal(0.632, 0.065, count).clip(0.47, 0.82)
    load = _autoregressive(rng, len(days), count, 0.7, 0.03)
    load += _autoregressive(rng, len(days), int(fleet.province.max()) + 1, 0.9, 0.015)[:, fleet.province]
    load += base
    load += (season + weekend)[:, None]
    np.clip(load, 0.38, 0.98, out=load)
    _set_courses(load, days, plan, streams)
    on = np.where(fleet.is_power, hours, 0.0)
    winter = np.cos(2 * np.pi * (ordinal - 15) / _YEAR).clip(0.0, None)[:, None]
    noise = rng.normal(1, 0.05, (len(days), count)).clip(0.7, 1.3)
    noise *= fleet.heat_per_mw * fleet.capacity * (fleet.heat_base + (1 - fleet.heat_base) * winter)
    return Run(
        hours=on,
        generation=np.round(on * load * fleet.capacity, 3),
        heat=np.round(on * noise, 2),
        load=load,
    )


def operating_hours(
    fleet: Fleet, days: list[date], plan: EmitterPlan, stopped_on: list[date | None], streams: Streams
) -> np.ndarray:
    """Hours of the day that each unit runs: 24, less on the edges of an outage, 0 within.

    `stopped_on` is the day, by unit, from which it stands still for good.
    """
    rng = streams.of("emitters", "hours")
    units, starts, lengths = _outages(fleet, days, rng)
    delta = np.zeros((len(days) + 1, len(fleet)), dtype=np.int16)
    begin, end = starts.clip(0, len(days)), (starts + lengths).clip(0, len(days))
    np.add.at(delta, (begin, units), 1)
    np.add.at(delta, (end, units), -1)
    is_off = np.cumsum(delta[:-1], axis=0) > 0
    hours = np.full(is_off.shape, 24.0)
    for day, left in (
        (starts - 1, rng.integers(2, 22, len(units))),
        (starts + lengths, rng.integers(2, 22, len(units))),
    ):
        inside = (day >= 0) & (day < len(days))
        np.minimum.at(hours, (day[inside], units[inside]), left[inside].astype(float))
    hours[is_off] = 0.0
    _stop_for_winter(hours, fleet, days, rng)
    number = {day: n for n, day in enumerate(days)}
    for course in plan.load_courses:
        hours[number[max(course.first, days[0])] : number[min(course.last, days[-1])] + 1, course.unit] = 24.0
    edges = streams.of("emitters", "hours", "planned")
    for outage in plan.outages:
        start, beyond = number[max(outage.first, days[0])], number[min(outage.last, days[-1])] + 1
        hours[start:beyond, outage.unit] = 0.0
        for day in (start - 1, beyond):
            if 0 <= day < len(days):
                hours[day, outage.unit] = min(hours[day, outage.unit], float(edges.integers(2, 22)))
    month_of = np.array([(day.year - days[0].year) * 12 + day.month - days[0].month for day in days])
    for unit, month in plan.standstill:
        hours[month_of == month, unit] = 0.0
    for unit, stopped in enumerate(stopped_on):
        if stopped is not None:
            hours[number[stopped] :, unit] = 0.0
    return hours


def _outages(
    fleet: Fleet, days: list[date], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every outage: unit, first day, days. A planned one a year in spring or autumn, some forced ones."""
    count, years = len(fleet), days[-1].year - days[0].year + 1
    low, high, often = np.array([_OUTAGES.get(one, _POWER_OUTAGE) for one in fleet.unit_class.tolist()]).T
    shape = (years, count)
    year = np.broadcast_to(_YEAR * np.arange(years)[:, None], shape)
    unit = np.broadcast_to(np.arange(count), shape)
    spring = rng.random(shape) < 0.5
    planned = year + np.where(spring, rng.integers(75, 130, shape), rng.integers(255, 310, shape))
    length = np.floor(low + rng.random(shape) * (high - low)).astype(int)
    many = np.minimum(rng.poisson(np.broadcast_to(often, shape)), _MOST_FORCED)
    forced_unit, forced_year = np.repeat(unit.ravel(), many.ravel()), np.repeat(year.ravel(), many.ravel())
    forced = forced_year + rng.integers(0, _YEAR, len(forced_unit))
    units = np.concatenate([unit.ravel(), forced_unit])
    starts = np.concatenate([planned.ravel(), forced])
    lengths = np.concatenate([length.ravel(), rng.integers(*_FORCED_DAYS, len(forced_unit))])
    real = lengths > 0
    return units[real], starts[real], lengths[real]


def _stop_for_winter(hours: np.ndarray, fleet: Fleet, days: list[date], rng: np.random.Generator) -> None:
    """Kilns of the heating provinces stop for the winter as ordered, southern ones less, and in summer."""
    kiln = np.flatnonzero(fleet.unit_class == "clinker_line")
    ordinal = np.array([day.timetuple().tm_yday for day in days])[:, None]
    north = fleet.north[kiln]
    until = np.where(north, rng.integers(48, 75, len(kiln)), rng.integers(20, 45, len(kiln)))
    since = np.where(north, rng.integers(340, 362, len(kiln)), _YEAR + 2)
    rest = rng.integers(150, 220, len(kiln))
    pause = np.where(north, 0, rng.integers(12, 30, len(kiln)))
    still = (ordinal <= until) | (ordinal >= since) | ((ordinal >= rest) & (ordinal < rest + pause))
    hours[:, kiln] = np.where(still, 0.0, hours[:, kiln])


def _set_courses(load: np.ndarray, days: list[date], plan: EmitterPlan, streams: Streams) -> None:
    rng = streams.of("emitters", "courses")
    number = {day: n for n, day in enumerate(days)}
    for course in plan.load_courses:
        if course.level is None and course.spread is None:
            continue
        span = slice(number[max(course.first, days[0])], number[min(course.last, days[-1])] + 1)
        routine = load[span, course.unit]
        level = float(routine.mean()) if course.level is None else course.level
        if course.spread is None:
            value = routine + level - routine.mean()
        else:
            value = level * (1 + course.spread * rng.normal(0, 1, len(routine)).clip(-3, 3))
        load[span, course.unit] = np.clip(value, 0.3, 0.995)


def _autoregressive(
    rng: np.random.Generator, length: int, count: int, memory: float, spread: float
) -> np.ndarray:
    noise = rng.normal(0, spread, (length, count))
    noise[0] /= np.sqrt(1 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise, axis=0))
