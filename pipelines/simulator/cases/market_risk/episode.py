"""What market-wide episodes share: days of an instrument, ordinary trade on them, and the case's keys."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.market_days import usual_volume
from pipelines.simulator.cases.market_parts import lookalike_count, whole
from pipelines.simulator.cases.market_stock import SESSION_END, Act, carry_out
from pipelines.simulator.cases.stage import Stage

_MOST_A_YEAR, _MOST_LOOKALIKES = 12, 6
_OUT_OF_LINE = 0.15  # of the usual orders
_RUSH_FROM = 10  # month from which a thin instrument hardly weighs anyway
_HANDS = 4  # buyers and as many sellers that see to trade in an episode


def severities(stage: Stage, rng: np.random.Generator) -> list[str]:
    """A severity for every episode of a kind: fewer than cases of other kinds where the span is short.

    An instrument has only so many days, and episodes must not touch each other.
    """
    return stage.severities(rng)[: _MOST_A_YEAR * len(stage.timeline.years)]


def lookalikes(stage: Stage, rng: np.random.Generator) -> int:
    """How many look-alikes of an episode to set."""
    return min(lookalike_count(stage, rng), _MOST_LOOKALIKES * len(stage.timeline.years))


def instrument_of(stage: Stage, asset: int) -> str:
    """Published id of an instrument."""
    return str(stage.timeline.assets[asset].instrument_id)


def day_keys(stage: Stage, asset: int, days: list[date]) -> dict[str, list[list[str | int]]]:
    """Keys of the exchange's daily figures of an instrument on these days."""
    instrument = instrument_of(stage, asset)
    return {"market_days": [[day.isoformat(), instrument] for day in days]}


def hands(stage: Stage, rng: np.random.Generator, day: date) -> tuple[list[int], list[int]]:
    """Ordinary sellers and buyers for an episode; they may have parts elsewhere too."""
    opened = stage.world.accounts.opened_on
    firms = [
        a for a in stage.with_role("fund", "treasury", "broker") if opened[a] < stage.timeline.opening_day
    ]
    people = [a for a in stage.with_role("individual") if opened[a] < day]
    mixed = [firms[n] for n in rng.permutation(len(firms)).tolist()]
    sellers, others = mixed[:_HANDS], [*mixed[_HANDS:], *people]
    buyers = [others[n] for n in rng.permutation(len(others))[:_HANDS].tolist()]
    return sellers, buyers or sellers[:1]


def keep_trading(
    stage: Stage,
    rng: np.random.Generator,
    asset: int,
    days: list[date],
    times: tuple[int, int] = (1, 3),
    size: tuple[float, float] = (0.05, 0.2),
) -> None:
    """Some arranged trades at the going price a day, so that a thin instrument has a price at all."""
    sellers, buyers = hands(stage, rng, days[0])
    acts = []
    for day in days:
        usual = usual_volume(stage, day, asset)
        for _ in range(whole(rng, times)):
            quantity = max(int(float(rng.uniform(*size)) * usual), 10)
            second = float(rng.uniform(100, SESSION_END - 700))
            acts.append(Act(day, second, int(rng.choice(sellers)), int(rng.choice(buyers)), quantity))
    carry_out(stage, rng, 0, asset, acts, (10.0, 300.0))


def dampen(stage: Stage, asset: int, days: list[date]) -> None:
    """Few trade an allowance at a price that is out of line, so it weighs little in the whole market's."""
    if stage.timeline.assets[asset].is_allowance:
        for day in days:
            if day.month < _RUSH_FROM:
                stage.plan.trading.activity[day, asset] = _OUT_OF_LINE


def add_news(stage: Stage, day: date, asset: int, size: float) -> None:
    """Shift what an asset is worth by a log amount from that day on."""
    stage.plan.trading.news[day, asset] = stage.plan.trading.news.get((day, asset), 0.0) + size
