"""Cornering: one party buys so much of an instrument near the deadline that others cannot obtain it.

It buys through nominees, keeps everything back until the last days, and sells some of it then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator import calibration_registry as registry_numbers
from pipelines.simulator import calibration_trading as trading_numbers
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import (
    is_outstanding,
    take_instrument,
    traded,
    usual_volume,
    within,
    yearly_volume,
)
from pipelines.simulator.cases.market_parts import (
    long_standing,
    lookalike_count,
    parts,
    uniform,
    whole,
)
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import Movement
from pipelines.simulator.plan.trading import Campaign


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Accounts, trading days of buying, share of an ordinary day's trading that they take, and the share of
    the instrument's outstanding surplus that they have gathered before.
    """

    accounts: tuple[int, int]
    days: tuple[int, int]
    taken: tuple[float, float]
    before: tuple[float, float]


_SHAPES = {
    "faint": _Shape((1, 2), (14, 22), (0.05, 0.09), (0.012, 0.025)),
    "plain": _Shape((2, 3), (18, 28), (0.12, 0.2), (0.04, 0.06)),
    "blatant": _Shape((4, 6), (22, 36), (0.25, 0.4), (0.09, 0.14)),
}
_MOST_EACH = 700_000  # t; more would break the position limit, which is another matter
_DEADLINE = (12, 31)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Cases before every deadline in turn, most in instruments of which there is little."""
    years = planner.timeline.years
    first_place = int(rng.integers(len(years)))
    for part in parts(planner, rng):
        shape = _SHAPES[part.severity]
        year = years[(part.number + first_place) % len(years)]
        days = _days(planner, rng, year, whole(rng, shape.days))
        party = long_standing(planner, rng, days, whole(rng, shape.accounts), part.relation)
        older = [one for one in traded(planner, days[0]) if _is_older(planner, one)]
        asset = take_instrument(planner, rng, days, thin=1.0, among=older)
        text = (
            f"{len(party.accounts)} accounts {party.words} gather an instrument before the deadline of {year}"
        )
        tag = planner.open_case("cornering", part.severity, text, planner.account_ids(party.accounts))
        _gather(planner, rng, tag, asset, days, party.accounts, shape)
        until = [day for day in planner.timeline.trading_days if days[0] <= day <= date(year, *_DEADLINE)]
        planner.plan.trading.withhold(party.accounts, until)
        if part.severity == "blatant":
            _squeeze(planner, rng, tag, asset, until[-3:], party.accounts, days)


def _is_older(planner: CasePlanner, asset: int) -> bool:
    """Whether it is an allowance of a year before the span, of which there is only what is left."""
    return planner.timeline.assets[asset].is_allowance and is_outstanding(planner, asset)


def _days(planner: CasePlanner, rng: np.random.Generator, year: int, length: int) -> list[date]:
    """Trading days of buying that end in the middle of December."""
    days = [day for day in planner.timeline.trading_days if day <= date(year, 12, 20)]
    last = len(days) - int(rng.integers(0, 9))
    return days[last - length : last]


def _gather(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    asset: int,
    days: list[date],
    accounts: list[int],
    shape: _Shape,
) -> None:
    daily = uniform(rng, shape.taken) * float(np.mean([usual_volume(planner, day, asset) for day in days]))
    stock = uniform(rng, shape.before) * _surplus(planner, asset)
    early = [day for day in planner.timeline.trading_days if day < days[0]]
    for account, part in zip(accounts, rng.dirichlet(np.full(len(accounts), 6.0)).tolist(), strict=True):
        start = int(rng.integers(0, max(len(days) // 4, 1)))
        quantity = max(int(daily * part), 30)
        urgency = float(rng.uniform(0.25, 0.55))
        planner.plan.trading.campaigns.append(
            Campaign(account, asset, "buy", days[start], days[-1], quantity, urgency, tag)
        )
        if planner.world.accounts.opened_on[account] <= planner.timeline.opening_day:
            held = min(int(stock * part), _MOST_EACH - quantity * len(days))
            before = planner.plan.registry.opening.get((account, asset), 0)
            planner.plan.registry.opening[account, asset] = before + max(held, 0)
            planner.plan.trading.withhold([account], early)


def _surplus(planner: CasePlanner, asset: int) -> float:
    """About how many t of an older vintage are left, from all that is covered in a year."""
    year = planner.timeline.years[0]
    covered = yearly_volume(planner, year) / trading_numbers.VOLUME_SHARE[year]
    vintages = [n for n, one in enumerate(planner.timeline.assets) if _is_older(planner, n)]
    share = registry_numbers.OLDER_VINTAGE_SHARE[vintages.index(asset)]
    return covered * registry_numbers.SURPLUS * share


def _squeeze(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    asset: int,
    last_days: list[date],
    accounts: list[int],
    days: list[date],
) -> None:
    """Sell a little of it to those who must buy in the last days."""
    for account in accounts[:2]:
        quantity = 0.3 * usual_volume(planner, days[-1], asset) * float(rng.uniform(0.5, 1.0))
        planner.plan.trading.campaigns.append(
            Campaign(account, asset, "sell", last_days[0], last_days[-1], max(int(quantity), 20), 0.3, tag)
        )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Group treasuries that buy before the deadline and distribute to the members in need."""
    accounts = planner.world.accounts
    families = {
        treasury: [e for e in planner.power if accounts.controller[e] == accounts.controller[treasury]]
        for treasury in planner.with_role("treasury")
    }
    treasuries = [treasury for treasury, members in families.items() if members]
    chosen = rng.permutation(len(treasuries))[: lookalike_count(planner, rng)].tolist()
    for number, place in enumerate(chosen):
        treasury, members = treasuries[place], families[treasuries[place]]
        year = planner.timeline.years[number % len(planner.timeline.years)]
        days = _days(planner, rng, year, whole(rng, (10, 20)))
        asset = planner.main_asset(days[0])
        daily = float(rng.uniform(0.03, 0.1)) * usual_volume(planner, days[0], asset)
        quantity = max(int(daily), 20)
        planner.plan.trading.campaigns.append(
            Campaign(treasury, asset, "buy", days[0], days[-1], quantity, float(rng.uniform(0.3, 0.7)))
        )
        handed = within(planner, rng, min(len(members), 3), days[-1], date(year, 12, 24))
        for day, member in zip(handed, members, strict=False):
            part = quantity * len(days) // (2 * len(handed))
            second = float(rng.uniform(9, 16.4)) * 3600
            planner.plan.registry.movements.append(
                Movement(day, second, asset, treasury, member, max(part, 1), "internal")
            )
        text = "a treasury buys before the deadline and distributes to its group's members"
        window = planner.day_window(days[0], handed[-1] if handed else days[-1])
        planner.note_lookalike("cornering", text, planner.account_ids([treasury]), window)


KIND = Kind("cornering", arrange, resemble, "treasuries that buy for their group and distribute")
