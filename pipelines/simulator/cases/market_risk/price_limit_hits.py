"""Runs of closes at the daily limit: news changes the value faster than the price may follow.

The value comes back afterwards, day by day inside the limits, so that a run leaves no other price level.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import place_episode, share_of, usual_volume
from pipelines.simulator.cases.market_parts import whole
from pipelines.simulator.cases.market_risk.episode import (
    add_news,
    dampen,
    day_keys,
    hands,
    instrument_of,
    keep_trading,
    lookalikes,
    severities,
)
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Closes at the limit in a row.
    """

    length: tuple[int, int]


_SHAPES = {"faint": _Shape((2, 2)), "plain": _Shape((3, 4)), "blatant": _Shape((5, 6))}
_UP, _DOWN = float(np.log(1.1)), float(np.log(0.9))
_BEYOND = (0.08, 0.13)  # how far the value lies beyond the limit each day
_IN_CREDITS = {"faint": 0.4, "plain": 0.7, "blatant": 1.0}
_THIN = 0.12  # of the market's listed trading
_BUSY_FROM = 8  # month
_WAY_BACK = 0.075  # a day
_FAR = 100_000  # cents: beyond any limit, so that the order is held to it


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Runs up and down, most in thin instruments."""
    for severity in severities(planner, rng):
        length = whole(rng, _SHAPES[severity].length)
        span = length + _days_back(length)
        share = _IN_CREDITS[severity]
        placed = place_episode(planner, rng, span, 0.0, partial(_is_thin, planner, True), share)
        placed = placed or place_episode(planner, rng, span, 0.0, partial(_is_thin, planner, False), 1.0)
        placed = placed or place_episode(planner, rng, span)
        if placed is None:
            continue
        asset, days = placed
        up = bool(rng.random() < 0.55)
        _run(planner, rng, asset, days, length, up)
        text = f"{length} closes in a row at the {'upper' if up else 'lower'} limit"
        window = planner.day_window(days[0], days[length - 1])
        affected = day_keys(planner, asset, days[:length])
        subjects = [instrument_of(planner, asset), "cn"]
        planner.open_case("price_limit_hits", severity, text, subjects, window, affected)


def _is_thin(planner: CasePlanner, in_autumn: bool, asset: int, days: list[date]) -> bool:
    """Whether it is a thin instrument, and (where wanted) of a season in which it hardly weighs."""
    is_thin = max(share_of(planner, day, asset) for day in (days[0], days[-1])) < _THIN
    return is_thin and (not in_autumn or days[0].month >= _BUSY_FROM)


def _days_back(length: int) -> int:
    return int(np.ceil((length * _UP + _BEYOND[1]) / _WAY_BACK)) + 1


def _run(
    planner: CasePlanner, rng: np.random.Generator, asset: int, days: list[date], length: int, up: bool
) -> None:
    """News before each day of the run, orders at the limit from both sides, and the way back."""
    step, sign = (_UP, 1.0) if up else (_DOWN, -1.0)
    beyond = sign * float(rng.uniform(*_BEYOND))
    total = 0.0
    for number, day in enumerate(days[:length]):
        news = step + (beyond if number == 0 else 0.0)
        add_news(planner, day, asset, news)
        total += news
        _at_the_limit(planner, rng, asset, day, up)
    dampen(planner, asset, days[1:])
    back = days[length:]
    for day in back:
        add_news(planner, day, asset, -total / len(back))
    keep_trading(planner, rng, asset, back)


def _at_the_limit(planner: CasePlanner, rng: np.random.Generator, asset: int, day: date, up: bool) -> None:
    """One side waits at the limit from the first second on; a few of the other side give in."""
    sellers, buyers = hands(planner, rng, day)
    usual = usual_volume(planner, day, asset)
    waiting, giving = ("buy", "sell") if up else ("sell", "buy")
    queue = max(int(float(rng.uniform(3.0, 5.0)) * usual), 1_500)
    waiter = buyers[0] if up else sellers[0]
    order(planner, 0, day, asset, waiter, waiting, 1.0, queue, "close", _FAR)
    given = 0
    others = sellers if up else buyers
    for second in np.sort(rng.uniform(20, SESSION_END - 60, whole(rng, (2, 5)))).tolist():
        quantity = max(int(float(rng.uniform(0.03, 0.12)) * usual), 20)
        account = int(rng.choice(others))
        order(planner, 0, day, asset, account, giving, second, quantity, "close", -_FAR, lifetime=None)
        if giving == "sell":
            provide(planner, rng, account, asset, quantity, day)
        given += quantity
    if waiting == "sell":
        provide(planner, rng, waiter, asset, queue, day)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One close at the limit after news, and the next day trading goes on inside the limits."""
    for _ in range(lookalikes(planner, rng)):
        placed = place_episode(planner, rng, 5, 0.05, credit_share=0.3)
        if placed is None:
            continue
        asset, days = placed
        up = bool(rng.random() < 0.5)
        news = (_UP if up else _DOWN) * float(rng.uniform(1.02, 1.15))
        add_news(planner, days[0], asset, news)
        _at_the_limit(planner, rng, asset, days[0], up)
        keep_trading(planner, rng, asset, days[1:])
        kept = float(rng.uniform(0.0, 0.6)) * news
        for day in days[1:]:
            add_news(planner, day, asset, -(news - kept) / len(days[1:]))
        text = "one close at the limit after news"
        window = planner.day_window(days[0], days[0])
        planner.note_lookalike("price_limit_hits", text, [instrument_of(planner, asset), "cn"], window)


KIND = Kind("price_limit_hits", arrange, resemble, "one close at the limit after news")
