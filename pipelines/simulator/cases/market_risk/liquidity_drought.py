"""Liquidity droughts: for a week or two an instrument has far fewer orders than usual, not near a holiday."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from functools import lru_cache, partial

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import place_episode, share_of
from pipelines.simulator.cases.market_parts import uniform, whole
from pipelines.simulator.cases.market_risk.episode import day_keys, instrument_of, lookalikes, severities
from pipelines.simulator.cases.planner import CasePlanner

# Severity: share of the usual orders that still come, trading days.
_SHAPES: dict[str, tuple[tuple[float, float], tuple[int, int]]] = {
    "faint": ((0.22, 0.38), (6, 9)),
    "plain": ((0.08, 0.16), (6, 10)),
    "blatant": ((0.01, 0.05), (7, 11)),
}
_LULL = (0.25, 0.5)
_IN_THE_MAIN = 0.2  # share of the droughts that may come over the main instrument
_MAIN_FROM = 0.5  # share of the market's trading that only the main instrument has
_NEAR_A_HOLIDAY = 4  # days
_LEAST_SHARE = 0.1  # of the market's trading: in what hardly trades nobody would see a drought
_BUSY_FROM = 9  # month from which the rush hides a drought


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Droughts in what usually trades, away from the rush before the deadline."""
    for severity in severities(planner, rng):
        level, length = _SHAPES[severity]
        count = whole(rng, length)
        most = 1.0 if rng.random() < _IN_THE_MAIN else _MAIN_FROM
        placed = place_episode(planner, rng, count, 1.0, partial(_visible, planner, most))
        placed = placed or place_episode(planner, rng, count, 1.0, partial(_visible, planner, 1.0))
        if placed is None:
            continue
        asset, days = placed
        left = uniform(rng, level)
        for day in days:
            planner.plan.trading.activity[day, asset] = left * float(rng.uniform(0.8, 1.2))
        text = f"about {left:.0%} of the usual orders for {len(days)} trading days"
        window, affected = planner.day_window(days[0], days[-1]), day_keys(planner, asset, days)
        subjects = [instrument_of(planner, asset), "cn"]
        planner.open_case("liquidity_drought", severity, text, subjects, window, affected)


def _visible(planner: CasePlanner, most: float, asset: int, days: list[date]) -> bool:
    shares = [share_of(planner, day, asset) for day in (days[0], days[-1])]
    is_calm = days[-1].month < _BUSY_FROM
    is_visible = min(shares) >= _LEAST_SHARE and max(shares) <= most
    return is_calm and is_visible and not any(_is_near_holiday(day) for day in days)


@lru_cache(maxsize=2_000)
def _is_near_holiday(day: date) -> bool:
    """Whether the exchange is closed for three working days or more within a few days."""
    around = [day + timedelta(days=n) for n in range(-_NEAR_A_HOLIDAY, _NEAR_A_HOLIDAY + 1)]
    return sum(one.weekday() < 5 and not calendar.is_trading_day(one) for one in around) >= 3


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Lulls of a few days around the long holidays."""
    trading = planner.timeline.trading_days
    edges = [(before, after) for before, after in itertools.pairwise(trading) if (after - before).days >= 5]
    for number in range(lookalikes(planner, rng)):
        if not edges:
            return
        before, after = edges[number % len(edges)]
        chosen = [day for day in trading if before - timedelta(days=3) <= day <= after + timedelta(days=1)]
        listed = [a for a in range(len(planner.timeline.assets)) if _is_listed(planner, a, chosen[0])]
        free = [asset for asset in listed if planner.reserved_days.is_calm(asset, chosen)]
        if not free:
            continue
        asset = free[int(rng.integers(len(free)))]
        planner.reserved_days.reserve_alone(asset, chosen)
        left = uniform(rng, _LULL)
        for day in chosen:
            planner.plan.trading.activity[day, asset] = left
        window = planner.day_window(chosen[0], chosen[-1])
        text = "a lull around a long holiday"
        planner.note_lookalike("liquidity_drought", text, [instrument_of(planner, asset), "cn"], window)


def _is_listed(planner: CasePlanner, asset: int, day: date) -> bool:
    listed = planner.timeline.assets[asset].listed_from
    return listed is not None and listed <= day and planner.timeline.assets[asset].instrument_id is not None


KIND = Kind("liquidity_drought", arrange, resemble, "lulls around the long holidays")
