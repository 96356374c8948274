"""Lawful acts that look like something else. They are part of every market and carry no label.

Sister companies trade once at the market's price and keep what they bought; groups and well-wishers give
allowances away, courts and mergers move them (kind `other`); a plant whose laboratory fell out reports
the default carbon content, which costs it; an overhaul lowers a unit's heat rate for good; some hand in
on the very last day. (Makers, who buy and sell all day and end where they began, belong to
`trading.agents`.)
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.stage import Stage, after

_LAST_MOMENT = 39.55  # days after the following month has begun: the fortieth day's early afternoon


def arrange_lookalikes(stage: Stage, rng: np.random.Generator) -> None:
    """Write all of them into the plan."""
    _sisters_trade_once(stage, rng)
    _gifts(stage, rng)
    _default_carbon(stage, rng)
    _overhauls(stage, rng)
    _last_moment(stage, rng)


def _sisters_trade_once(stage: Stage, rng: np.random.Generator) -> None:
    for _ in range(3):
        sides = stage.cast.sisters(rng)
        day = stage.days_from(rng, date(2024, 8, 1), date(2024, 11, 29), 1)[0]
        quantity = int(rng.integers(40, 300)) * 100
        stage.deal(None, day, sides, quantity, float(rng.uniform(300, 12_500)))


def _gifts(stage: Stage, rng: np.random.Generator) -> None:
    accounts = stage.world.accounts
    for _ in range(3):
        giver, taker = _pair_of_one_group(stage, rng)
        day = stage.days_from(rng, date(2024, 8, 1), date(2025, 10, 31), 1)[0]
        quantity = int(rng.integers(10, 60)) * 100
        stage.movement(None, day, (giver, taker), quantity, float(rng.uniform(9, 17)) * 3600, "gift")
    for _ in range(4):
        taker = stage.cast.accounts(rng, accounts.with_role("individual").tolist(), 1)[0]
        giver = int(rng.choice(stage.power))
        first = after(accounts.opened_on[taker], 5)
        day = stage.days_from(rng, max(first, date(2024, 8, 1)), date(2025, 11, 28), 1)[0]
        kind = str(rng.choice(["gift", "other"]))
        quantity = int(rng.integers(2, 30)) * 100
        stage.movement(None, day, (giver, taker), quantity, float(rng.uniform(9, 17)) * 3600, kind)
    for _ in range(12):
        giver, taker = rng.choice(stage.power, 2, replace=False).tolist()
        day = stage.days_from(rng, date(2024, 8, 1), date(2024, 12, 10), 1)[0]
        quantity = int(rng.integers(1_000, 30_000))
        stage.movement(None, day, (giver, taker), quantity, float(rng.uniform(9, 17)) * 3600, "other")


def _pair_of_one_group(stage: Stage, rng: np.random.Generator) -> tuple[int, int]:
    families = stage.world.sisters()
    family = families[int(rng.integers(len(families)))]
    first, second = rng.choice(family, 2, replace=False).tolist()
    return int(first), int(second)


def _default_carbon(stage: Stage, rng: np.random.Generator) -> None:
    for _ in range(2):
        unit = stage.cast.unit(rng, stage.world.fleet.is_analysed)
        first = int(rng.integers(2, 28))
        stage.plan.default_carbon[first : first + int(rng.integers(2, 4)), unit] = True


def _overhauls(stage: Stage, rng: np.random.Generator) -> None:
    for _ in range(2):
        unit = stage.cast.unit(rng, stage.world.fleet.is_analysed)
        stage.plan.efficiency[int(rng.integers(8, 28)) :, unit] = float(rng.uniform(0.955, 0.975))


def _last_moment(stage: Stage, rng: np.random.Generator) -> None:
    units = np.flatnonzero(stage.world.fleet.is_power)
    for unit in rng.choice(units, 8, replace=False).tolist():
        stage.plan.month_filed_after[unit, int(rng.integers(3, 34))] = _LAST_MOMENT
    for entity in rng.choice(stage.power, 4, replace=False).tolist():
        year = int(rng.integers(2023, 2025))
        stage.plan.year_filed_on[entity, year] = date(year + 1, 3, 31)
