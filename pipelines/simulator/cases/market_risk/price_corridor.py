"""Prices outside the regulation corridor for more days in a row than it admits.

The value of an illiquid instrument is moved to a level outside and back again, slowly enough that no day
needs the price limit. Between several excursions the price may stay just inside instead of returning
completely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from pipelines.simulator import calibration_trading as trading_numbers
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import place_episode, share_of
from pipelines.simulator.cases.market_parts import uniform, whole
from pipelines.simulator.cases.market_risk.episode import (
    dampen,
    day_keys,
    instrument_of,
    keep_trading,
    lookalikes,
    severities,
)
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.market_settings import PRICE_CORRIDOR


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days outside, and how far outside (share of the corridor's edge).
    """

    days: tuple[int, int]
    beyond: tuple[float, float]


_DAYS = int(PRICE_CORRIDOR["days"])
_SHAPES = {
    "faint": _Shape((_DAYS + 1, _DAYS + 2), (0.03, 0.05)),
    "plain": _Shape((_DAYS + 3, _DAYS + 5), (0.06, 0.11)),
    "blatant": _Shape((_DAYS + 6, _DAYS + 9), (0.13, 0.22)),
}
_PULSE = (0.01, 0.04)  # of a day's usual trading, each arranged trade on the way
_WHERE = ("credits", "autumn", "anywhere")  # in that order, so that the market's own price stays as it is
_AUTUMN_FROM = 9  # month from which so much is traded that a thin vintage hardly weighs, and credits do
_THIN = 0.12  # of the market's listed trading
_STEP = 0.072  # log a day on the way, below the limit
_LONGEST_WAY = 10  # trading days
_INSIDE = (0.05, 0.09)  # how far inside between two excursions
_BETWEEN = 3  # trading days inside
_LAG = 2  # trading days that a price with few orders takes to follow
_TOGETHER = 6  # excursions that share a way there and back


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Excursions above while prices are high, below while they are low, on instruments that are free."""
    left: Sequence[str | None] = severities(planner, rng)
    while left:
        count = _as_many_as_fit(planner, rng, left[: _TOGETHER if len(left) > 3 else 1], is_case=True)
        left = left[max(count, 1) :]


def _as_many_as_fit(
    planner: CasePlanner, rng: np.random.Generator, group: Sequence[str | None], is_case: bool
) -> int:
    """Place as many of these excursions together as there are free days for, in credits first."""
    for where in _WHERE:
        for count in range(len(group), 0, -1):
            if _excursions(planner, rng, group[:count], is_case, where):
                return count
    return 0


def _excursions(
    planner: CasePlanner, rng: np.random.Generator, group: Sequence[str | None], is_case: bool, where: str
) -> bool:
    """Place one way out and back with these excursions; whether there were enough free days."""
    spans = [whole(rng, _SHAPES[one].days if one else (2, _DAYS - 2)) for one in group]
    if is_case and where != "credits":
        spans = [span + _LAG for span in spans]
    beyond = [uniform(rng, _SHAPES[one].beyond if one else (0.02, 0.06)) for one in group]
    core = sum(spans) + _BETWEEN * (len(spans) - 1)
    farthest = max(beyond[0], beyond[-1])
    length = core + 2 * _LONGEST_WAY
    fits = partial(_is_fit, planner, farthest, where)
    placed = place_episode(planner, rng, length, 0.0, fits)
    if placed is None:
        return False
    asset, days = placed
    edge, sign, way = _way(planner, days, farthest)
    start = int(rng.integers(0, len(days) - core - 2 * way + 1))
    _lay_levels(planner, rng, asset, days[start : start + core + 2 * way], way, spans, beyond, edge, sign)
    place = start + way
    for severity, span in zip(group, spans, strict=True):
        outside = days[place : place + span]
        _note(planner, severity if is_case else None, asset, outside, sign > 0)
        place += span + _BETWEEN
    return True


def _way(planner: CasePlanner, days: list[date], beyond: float) -> tuple[float, float, int]:
    """The nearer edge of the corridor, its sign, and how many trading days it takes to go there."""
    usual = _likely(planner, days[len(days) // 2])
    high, low = PRICE_CORRIDOR["high"], PRICE_CORRIDOR["low"]
    edge, sign = (high, 1.0) if np.log(high / usual) < np.log(usual / low) else (low, -1.0)
    return edge, sign, int(np.ceil(abs(np.log(edge * (1 + sign * beyond) / usual)) / _STEP))


def _is_fit(planner: CasePlanner, beyond: float, where: str, asset: int, days: list[date]) -> bool:
    """Whether it is a thin instrument all the while, within one year, and the edge near enough."""
    shares = [share_of(planner, day, asset) for day in (days[0], days[-1])]
    is_near = _way(planner, days, beyond)[2] <= _LONGEST_WAY
    is_wanted = planner.timeline.assets[asset].is_allowance != (where == "credits")
    is_autumn = days[-1].month >= _AUTUMN_FROM
    is_wanted = is_wanted and (where == "anywhere" or is_autumn == (where == "autumn"))
    return is_wanted and is_near and days[0].year == days[-1].year and max(shares) < _THIN


def _likely(planner: CasePlanner, day: date) -> float:
    """About what an allowance costs on that day, CNY, from what policy makes known until then."""
    year = planner.timeline.years[0]
    steps = sum(step for when, step in trading_numbers.POLICY_NEWS if date(year, 1, 1) <= when <= day)
    return float(trading_numbers.OPENING_PRICE[year] * np.exp(steps))


def _lay_levels(
    planner: CasePlanner,
    rng: np.random.Generator,
    asset: int,
    days: list[date],
    way: int,
    spans: list[int],
    beyond: list[float],
    edge: float,
    sign: float,
) -> None:
    """Levels of every day: there, outside, inside in between, and back."""
    levels = planner.plan.trading.levels
    first, last = edge * (1 + sign * beyond[0]), edge * (1 + sign * beyond[-1])
    for number in range(way):
        levels[days[number], asset] = first, (number + 1) / (way + 1)
        levels[days[len(days) - 1 - number], asset] = last, (number + 1) / (way + 1)
    place = way
    for number, (span, far) in enumerate(zip(spans, beyond, strict=True)):
        for day in days[place : place + span]:
            levels[day, asset] = edge * (1 + sign * far * float(rng.uniform(0.85, 1.15))), 1.0
        place += span
        if number + 1 < len(spans):
            inside = edge * (1 - sign * uniform(rng, _INSIDE))
            for day in days[place : place + _BETWEEN]:
                levels[day, asset] = inside, 1.0
            place += _BETWEEN
    dampen(planner, asset, days)
    keep_trading(planner, rng, asset, days, (2, 3), _PULSE)


def _note(planner: CasePlanner, severity: str | None, asset: int, days: list[date], is_high: bool) -> None:
    subjects = [instrument_of(planner, asset), "cn"]
    word = "above" if is_high else "below"
    window = planner.day_window(days[0], days[-1])
    if severity is None:
        text = f"{word} the corridor for {len(days)} trading days, and back in time"
        planner.note_lookalike("price_corridor", text, subjects, window)
        return
    text = f"{word} the corridor for {len(days)} trading days in a row"
    planner.open_case("price_corridor", severity, text, subjects, window, day_keys(planner, asset, days))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Excursions that end before the corridor's number of days is full."""
    left = lookalikes(planner, rng) // 2 + 1
    while left > 0:
        placed = _as_many_as_fit(planner, rng, [None] * min(_TOGETHER, left), is_case=False)
        if not placed:
            return
        left -= placed


KIND = Kind("price_corridor", arrange, resemble, "excursions that end before the corridor's days are full")
