"""Periods of volatility far above the usual: nervous speculators, alternating good and bad news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import place_episode
from pipelines.simulator.cases.market_parts import uniform, whole
from pipelines.simulator.cases.market_risk.episode import (
    add_news,
    day_keys,
    instrument_of,
    keep_trading,
    lookalikes,
    severities,
)
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days, how much more unrest, and the size of a day's news (log).
    """

    days: tuple[int, int]
    unrest: tuple[float, float]
    news: tuple[float, float]


_SHAPES = {
    "faint": _Shape((7, 10), (2.0, 3.0), (0.03, 0.038)),
    "plain": _Shape((7, 11), (3.5, 5.5), (0.05, 0.062)),
    "blatant": _Shape((6, 11), (6.0, 9.0), (0.072, 0.09)),
}
_MOST = 0.092  # a day's news, inside the limit


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Spells of one to two weeks, most in thin instruments."""
    for severity in severities(planner, rng):
        shape = _SHAPES[severity]
        placed = place_episode(planner, rng, whole(rng, shape.days), 0.05, credit_share=0.45)
        if placed is None:
            continue
        asset, days = placed
        _stir(planner, rng, asset, days, uniform(rng, shape.unrest), uniform(rng, shape.news))
        text = f"{len(days)} trading days of prices that go up and down far more than before"
        window, affected = planner.day_window(days[0], days[-1]), day_keys(planner, asset, days)
        subjects = [instrument_of(planner, asset), "cn"]
        planner.open_case("volatility_regime", severity, text, subjects, window, affected)


def _stir(
    planner: CasePlanner, rng: np.random.Generator, asset: int, days: list[date], unrest: float, size: float
) -> None:
    """News whose sizes scatter and whose signs mostly change, with a sum of about zero."""
    signs = np.where(rng.random(len(days)) < 0.25, 1.0, -1.0).cumprod()
    news = signs * size * rng.uniform(0.6, 1.4, len(days))
    news = (news - news.mean()).clip(-_MOST, _MOST)
    for day, one in zip(days, news.tolist(), strict=True):
        add_news(planner, day, asset, one)
        planner.plan.trading.unrest[day, asset] = unrest
    keep_trading(planner, rng, asset, days, (3, 6))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One day of large movement on news, and calm again."""
    for _ in range(lookalikes(planner, rng)):
        placed = place_episode(planner, rng, 2, 0.1, credit_share=0.3)
        if placed is None:
            continue
        asset, days = placed
        sign = 1.0 if rng.random() < 0.5 else -1.0
        add_news(planner, days[0], asset, sign * float(rng.uniform(0.045, 0.08)))
        planner.plan.trading.unrest[days[0], asset] = float(rng.uniform(1.5, 3.0))
        keep_trading(planner, rng, asset, days)
        text = "one day of large movement on news"
        window = planner.day_window(days[0], days[0])
        planner.note_lookalike("volatility_regime", text, [instrument_of(planner, asset), "cn"], window)


KIND = Kind("volatility_regime", arrange, resemble, "one day of large movement on news")
