"""Pass-through: allowances passed through a chain of young or dormant accounts within hours, then sold.

The first hop leaves an account that may have been broken into; the last of the chain sells on the market
as soon as it can. Several chains run through midnight.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows
from pipelines.simulator.cases.market_parts import (
    emitters_may_sell,
    lookalike_count,
    parts,
    pick_accounts,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide, tonnes
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import Movement


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Accounts in the chain, hours between legs, size in days of usual trading, and the part that
    every leg leaves behind.
    """

    accounts: tuple[int, int]
    hours: tuple[float, float]
    size: tuple[float, float]
    left: tuple[float, float]


_SHAPES = {
    "faint": _Shape((2, 3), (3.0, 8.0), (0.08, 0.25), (0.02, 0.12)),
    "plain": _Shape((3, 4), (0.6, 2.0), (0.3, 0.9), (0.0, 0.03)),
    "blatant": _Shape((4, 6), (0.04, 0.3), (1.2, 3.0), (0.0, 0.0)),
}
_DORMANT = 0.3  # share of the chains that run through accounts that have long done nothing
_YOUNG_DAYS = 45
_THROUGH_MIDNIGHT = 0.45


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Chains spread over the span, through young accounts and through dormant ones."""
    drawn = parts(planner, rng)
    for part, days in zip(drawn, windows(planner, rng, [3] * len(drawn)), strict=True):
        shape = _SHAPES[part.severity]
        count = whole(rng, shape.accounts)
        is_dormant = bool(rng.random() < _DORMANT)
        chain = _dormant(planner, rng, days[0], count) if is_dormant else _young(planner, rng, days[0], count)
        asset = take_instrument(planner, rng, days, thin=0.3)
        size = tonnes(rng, uniform(rng, shape.size) * usual_volume(planner, days[0], asset), 60)
        word = "dormant" if is_dormant else "young"
        text = f"{size} t through {count} {word} accounts within hours, then sold"
        tag = planner.open_case("pass_through", part.severity, text, planner.account_ids(chain))
        roles = ("fund", "treasury", "broker")
        sources = (
            planner.power if emitters_may_sell(planner, days[0], days[-1]) else planner.with_role(*roles)
        )
        source = pick_accounts(planner, rng, days[0], [a for a in sources if a not in chain], 1)[0]
        provide(planner, rng, source, asset, size, days[0])
        end, left = _rush(planner, rng, tag, days[0], asset, [source, *chain], size, shape)
        _sell(planner, rng, tag, end, asset, chain[-1], left)


def _young(planner: CasePlanner, rng: np.random.Generator, day: date, count: int) -> list[int]:
    """Private accounts opened in the weeks before, or the youngest there are."""
    opened = planner.world.accounts.opened_on
    able = [a for a in planner.with_role("individual") if opened[a] + timedelta(days=2) <= day]
    recent = [a for a in able if opened[a] + timedelta(days=_YOUNG_DAYS) >= day]
    if len(recent) < count:
        recent = sorted(able, key=lambda account: opened[account], reverse=True)[: 2 * count]
    chosen = pick_accounts(planner, rng, day, recent, count)
    return sorted(chosen, key=lambda account: opened[account])


def _dormant(planner: CasePlanner, rng: np.random.Generator, day: date, count: int) -> list[int]:
    """Private accounts that have been there from before and do nothing until that day."""
    opened = planner.world.accounts.opened_on
    old = [a for a in planner.with_role("individual", "fund") if opened[a] < planner.timeline.opening_day]
    unused = planner.participants.free("dormant", old)
    chosen = pick_accounts(planner, rng, day, unused if len(unused) >= count else old, count)
    free = [account for account in chosen if planner.participants.is_free("dormant", account)]
    planner.participants.take(rng, "dormant", free, len(free))
    planner.plan.trading.keep_quiet(chosen, [one for one in planner.timeline.trading_days if one <= day])
    return chosen


def _rush(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    path: list[int],
    size: int,
    shape: _Shape,
) -> tuple[date, int]:
    """Book the legs; returns the day of the last one and what arrives."""
    legs = len(path) - 1
    gap = uniform(rng, shape.hours)
    hour = float(rng.uniform(8.5, 22.5))
    if rng.random() < _THROUGH_MIDNIGHT:
        hour = max(24.0 - gap * float(rng.uniform(0.3, legs - 0.6)), 8.0)
    kind = str(rng.choice(["other", "gift", "internal"], p=[0.6, 0.25, 0.15]))
    left = uniform(rng, shape.left)
    on = day
    for giver, taker in itertools.pairwise(path):
        on = day + timedelta(days=int(hour // 24))
        planner.plan.registry.movements.append(
            Movement(on, (hour % 24) * 3600, asset, giver, taker, size, kind, tag)
        )
        size = max(int(size * (1 - left)), 1)
        hour += gap * float(rng.uniform(0.75, 1.25))
    return on, max(int(size / (1 - left)), 1)


def _sell(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    after: date,
    asset: int,
    account: int,
    quantity: int,
) -> None:
    """Sell from the next trading day on, in several orders into what is bid."""
    days = [one for one in planner.timeline.trading_days if one > after][: whole(rng, (1, 2))]
    for number, day in enumerate(days):
        count = whole(rng, (2, 6))
        seconds = np.sort(rng.uniform(30, SESSION_END / 2, count)).tolist()
        part = quantity / len(days) if number == 0 else quantity
        for second, share in zip(seconds, rng.dirichlet(np.full(count, 5.0)).tolist(), strict=True):
            reach = whole(rng, (5, 80))
            order(planner, tag, day, asset, account, "sell", second, part * share, "other", reach)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Brokers who hand on within a day what a client transferred, and treasuries that hand on to a member."""
    count = lookalike_count(planner, rng)
    accounts = planner.world.accounts
    for number, days in enumerate(windows(planner, rng, [2] * count)):
        able = emitters_may_sell(planner, days[0], days[-1])
        givers = planner.power if able else planner.with_role("fund", "treasury")
        giver = pick_accounts(planner, rng, days[0], givers, 1)[0]
        middle = int(rng.choice([a for a in planner.with_role("broker", "treasury") if a != giver]))
        takers = [
            a for a in planner.power if accounts.controller[a] == accounts.controller[middle] and a != giver
        ]
        taker = int(rng.choice(takers or [a for a in planner.power if a != giver]))
        asset = take_instrument(planner, rng, days, thin=0.2)
        size = tonnes(rng, float(rng.uniform(0.1, 1.0)) * usual_volume(planner, days[0], asset), 50)
        provide(planner, rng, giver, asset, size, days[0])
        hour = float(rng.uniform(9.0, 12.0))
        kind = "internal" if takers else "other"
        for pair in ((giver, middle), (middle, taker)):
            planner.plan.registry.movements.append(Movement(days[0], hour * 3600, asset, *pair, size, kind))
            hour += float(rng.uniform(1.0, 5.0))
        text = "handed on within a day " + ("by a treasury" if number % 2 else "by an established broker")
        window = planner.day_window(days[0], days[0])
        planner.note_lookalike("pass_through", text, planner.account_ids([giver, middle, taker]), window)


KIND = Kind("pass_through", arrange, resemble, "brokers and treasuries that hand on within a day")
