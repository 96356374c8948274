"""Concentration: one party holds and trades a dominant share of an instrument for some weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import (
    is_outstanding,
    take_instrument,
    traded,
    usual_volume,
    windows,
)
from pipelines.simulator.cases.market_parts import (
    long_standing,
    lookalike_count,
    parts,
    pick_accounts,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_risk.episode import instrument_of
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.trading import Campaign


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Accounts, trading days, a day's purchases in days of usual trading, and the stock from before in
    days of usual trading.
    """

    accounts: tuple[int, int]
    days: tuple[int, int]
    taken: tuple[float, float]
    held: tuple[float, float]


_SHAPES = {
    "faint": _Shape((1, 1), (15, 25), (0.3, 0.5), (5.0, 10.0)),
    "plain": _Shape((1, 2), (18, 32), (0.8, 1.3), (15.0, 40.0)),
    "blatant": _Shape((2, 3), (20, 40), (2.0, 3.5), (60.0, 120.0)),
}
_RUSH = 10  # month
_WARM_UP = 15  # trading days
_MOST_HELD = 600_000  # t an account; more would break the position limit, which is another matter


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One party a case, in thin instruments."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _SHAPES[part.severity].days) for part in drawn]
    for part, drawn_days in zip(drawn, windows(planner, rng, lengths), strict=True):
        days = _before_the_rush(planner, rng, drawn_days)
        shape = _SHAPES[part.severity]
        count = whole(rng, shape.accounts)
        party = long_standing(planner, rng, days, count, part.relation if count > 1 else "strangers")
        count = len(party.accounts)
        main = planner.main_asset(days[0])
        thin = [one for one in traded(planner, days[0]) if one not in (main, planner.main_asset(days[-1]))]
        asset = take_instrument(planner, rng, days, thin=1.0, among=thin)
        usual = float(np.mean([usual_volume(planner, day, asset) for day in days]))
        words = f"{count} accounts {party.words}" if count > 1 else "one account"
        text = f"{words} with most of an instrument's purchases over {len(days)} trading days"
        subjects = [*planner.account_ids(party.accounts), instrument_of(planner, asset)]
        tag = planner.open_case("concentration", part.severity, text, subjects)
        taken, held = uniform(rng, shape.taken) * usual / count, uniform(rng, shape.held) * usual / count
        for account in party.accounts:
            daily = max(int(min(taken, _MOST_HELD / len(days))), 20)
            urgency = float(rng.uniform(0.6, 0.95))
            planner.plan.trading.campaigns.append(
                Campaign(account, asset, "buy", days[0], days[-1], daily, urgency, tag)
            )
            opened = planner.world.accounts.opened_on[account]
            if is_outstanding(planner, asset) and opened <= planner.timeline.opening_day:
                before = planner.plan.registry.opening.get((account, asset), 0)
                planner.plan.registry.opening[account, asset] = before + int(min(held, _MOST_HELD))
        planner.plan.trading.withhold(
            party.accounts, [day for day in planner.timeline.trading_days if day <= days[-1]]
        )


def _before_the_rush(planner: CasePlanner, rng: np.random.Generator, window: list[date]) -> list[date]:
    """The window, or one as long before the last quarter, in whose rush no single party would stand out."""
    if window[-1].month < _RUSH and window[0].year == window[-1].year:
        return window
    days, length, year = planner.timeline.trading_days, len(window), window[0].year
    able = [n for n in range(_WARM_UP, len(days) - length) if days[n].year == year]
    able = [n for n in able if days[n + length - 1].year == year and days[n + length - 1].month < _RUSH]
    start = able[int(rng.integers(len(able)))]
    return days[start : start + length]


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Treasuries of large groups, which buy for many members: their natural share, in the main instrument."""
    count = lookalike_count(planner, rng)
    treasuries = planner.with_role("treasury")
    for days in windows(planner, rng, [whole(rng, (20, 45)) for _ in range(count)]):
        treasury = pick_accounts(planner, rng, days[0], treasuries, 1)[0]
        asset = planner.main_asset(days[0])
        daily = max(int(float(rng.uniform(0.05, 0.12)) * usual_volume(planner, days[0], asset)), 20)
        urgency = float(rng.uniform(0.3, 0.6))
        planner.plan.trading.campaigns.append(
            Campaign(treasury, asset, "buy", days[0], days[-1], daily, urgency)
        )
        text = "a large group's natural share"
        subjects = [*planner.account_ids([treasury]), instrument_of(planner, asset)]
        planner.note_lookalike("concentration", text, subjects, planner.day_window(days[0], days[-1]))


KIND = Kind("concentration", arrange, resemble, "a large group's natural share")
