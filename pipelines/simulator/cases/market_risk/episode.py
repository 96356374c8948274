"""What market-wide episodes share: days of an instrument, ordinary trade on them, and the case's keys."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.market_days import usual_volume
from pipelines.simulator.cases.market_parts import lookalike_count, whole
from pipelines.simulator.cases.market_stock import SESSION_END, Act, carry_out
from pipelines.simulator.cases.planner import CasePlanner

_MOST_A_YEAR, _MOST_LOOKALIKES = 12, 6
_OUT_OF_LINE = 0.15  # of the usual orders
_RUSH_FROM = 10  # month from which a thin instrument hardly weighs anyway
_HANDS = 4  # buyers and as many sellers that see to trade in an episode


def severities(planner: CasePlanner, rng: np.random.Generator) -> list[str]:
    """A severity for every episode of a kind: fewer than cases of other kinds where the span is short.

    The days of an instrument are limited, and episodes must not be adjacent.
    """
    return planner.severities(rng)[: _MOST_A_YEAR * len(planner.timeline.years)]


def lookalikes(planner: CasePlanner, rng: np.random.Generator) -> int:
    """How many look-alikes of an episode to set."""
    return min(lookalike_count(planner, rng), _MOST_LOOKALIKES * len(planner.timeline.years))


def instrument_of(planner: CasePlanner, asset: int) -> str:
    """Published id of an instrument."""
    return str(planner.timeline.assets[asset].instrument_id)


def day_keys(planner: CasePlanner, asset: int, days: list[date]) -> dict[str, list[list[str | int]]]:
    """Keys of the exchange's daily figures of an instrument on these days."""
    instrument = instrument_of(planner, asset)
    return {"market_days": [[day.isoformat(), instrument] for day in days]}


def hands(planner: CasePlanner, rng: np.random.Generator, day: date) -> tuple[list[int], list[int]]:
    """Ordinary sellers and buyers for an episode; they may have parts elsewhere too."""
    opened = planner.world.accounts.opened_on
    firms = [
        a for a in planner.with_role("fund", "treasury", "broker") if opened[a] < planner.timeline.opening_day
    ]
    people = [a for a in planner.with_role("individual") if opened[a] < day]
    mixed = [firms[n] for n in rng.permutation(len(firms)).tolist()]
    sellers, others = mixed[:_HANDS], [*mixed[_HANDS:], *people]
    buyers = [others[n] for n in rng.permutation(len(others))[:_HANDS].tolist()]
    return sellers, buyers or sellers[:1]


def keep_trading(
    planner: CasePlanner,
    rng: np.random.Generator,
    asset: int,
    days: list[date],
    times: tuple[int, int] = (1, 3),
    size: tuple[float, float] = (0.05, 0.2),
) -> None:
    """Some arranged trades at the going price a day, so that a thin instrument has a price at all."""
    sellers, buyers = hands(planner, rng, days[0])
    acts = []
    for day in days:
        usual = usual_volume(planner, day, asset)
        for _ in range(whole(rng, times)):
            quantity = max(int(float(rng.uniform(*size)) * usual), 10)
            second = float(rng.uniform(100, SESSION_END - 700))
            acts.append(Act(day, second, int(rng.choice(sellers)), int(rng.choice(buyers)), quantity))
    carry_out(planner, rng, 0, asset, acts, (10.0, 300.0))


def dampen(planner: CasePlanner, asset: int, days: list[date]) -> None:
    """Few trade an allowance at a price that is out of line, so it weighs little in the whole market's."""
    if planner.timeline.assets[asset].is_allowance:
        for day in days:
            if day.month < _RUSH_FROM:
                planner.plan.trading.activity[day, asset] = _OUT_OF_LINE


def add_news(planner: CasePlanner, day: date, asset: int, size: float) -> None:
    """Shift what an asset is worth by a log amount from that day on."""
    planner.plan.trading.news[day, asset] = planner.plan.trading.news.get((day, asset), 0.0) + size
