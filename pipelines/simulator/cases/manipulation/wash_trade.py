"""Wash trades: allowances are sold and bought back, so that there is turnover and no change of position.

One controller (declared or not) is on both sides, or a ring of accounts of no known relation whose deals with
each other cancel out. In faint cases they trade with others meanwhile, and their positions return only
approximately.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows, yearly_volume
from pipelines.simulator.cases.market_parts import (
    lookalike_count,
    parts,
    pick_party,
    scheduled,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import SESSION_END, Act, carry_out, tonnes
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days, members of a ring of strangers, times out and back, the turnover of one direction
    in days of usual trading, the share that stays out, and seconds from an order to its
    counterpart.
    """

    days: tuple[int, int]
    ring: tuple[int, int]
    pairs: tuple[int, int]
    turnover: tuple[float, float]
    kept: tuple[float, float]
    pause: tuple[float, float]


_SHAPES = {
    "faint": _Shape((9, 16), (2, 3), (2, 4), (0.25, 0.6), (0.03, 0.09), (5.0, 45.0)),
    "plain": _Shape((6, 12), (2, 4), (5, 9), (0.8, 1.8), (0.0, 0.02), (3.0, 30.0)),
    "blatant": _Shape((4, 9), (3, 5), (12, 22), (2.2, 4.0), (0.0, 0.0), (1.0, 12.0)),
}
_LEAST_USUAL = 250.0  # t a day
_MOST_OF_YEAR = 0.002  # of the volume of a year, one way
_LEAST_BETWEEN = 45  # days between an honest sale and an honest purchase of the same two


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Cases of all relations: two relatives, or a ring of strangers."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _SHAPES[part.severity].days) for part in drawn]
    for part, days in scheduled(planner, rng, drawn, lengths):
        shape = _SHAPES[part.severity]
        count = whole(rng, shape.ring) if part.relation == "strangers" else 2
        party = pick_party(planner, rng, days, count, part.relation)
        asset = take_instrument(planner, rng, days, least=_LEAST_USUAL)
        pairs = max(whole(rng, shape.pairs), count)
        text = f"{count} accounts {party.words}, {pairs} times out and back within {len(days)} trading days"
        tag = planner.open_case("wash_trade", part.severity, text, planner.account_ids(party.accounts))
        if part.severity != "faint":
            planner.plan.trading.keep_quiet(party.accounts, days)
        links = [(int(a), int(b)) for a, b in pairwise(party.accounts)]
        while len(links) < pairs:
            first, second = rng.choice(party.accounts, 2, replace=False).tolist()
            links.append((int(first), int(second)))
        turnover = uniform(rng, shape.turnover) * usual_volume(planner, days[0], asset)
        turnover = min(turnover, _MOST_OF_YEAR * yearly_volume(planner, days[0].year))
        acts = _out_and_back(rng, days, links, turnover / pairs, uniform(rng, shape.kept))
        carry_out(planner, rng, tag, asset, acts, shape.pause)


def _out_and_back(
    rng: np.random.Generator, days: list[date], links: list[tuple[int, int]], mean: float, kept: float
) -> list[Act]:
    """Each link deals one way, and the other way later on the same or another day."""
    acts = []
    for seller, buyer in links:
        out, back = sorted(rng.integers(0, len(days), 2).tolist())
        quantity = tonnes(rng, mean * float(rng.uniform(0.6, 1.4)))
        early, late = sorted(rng.uniform(200, SESSION_END - 900, 2).tolist())
        returned = max(int(quantity * (1 - kept)), 1)
        acts.append(Act(days[out], early, seller, buyer, quantity))
        acts.append(Act(days[back], late + 600, buyer, seller, returned))
    return acts


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Sister companies that trade once at the market's price; two that trade back after months at another."""
    count = lookalike_count(planner, rng)
    for number, days in enumerate(windows(planner, rng, [1] * count)):
        party = pick_party(planner, rng, days, 2, "declared" if number % 2 else "undeclared")
        seller, buyer = party.accounts
        asset = take_instrument(planner, rng, days, thin=0.1)
        quantity = tonnes(rng, float(rng.uniform(0.1, 0.6)) * usual_volume(planner, days[0], asset))
        acts = [Act(days[0], float(rng.uniform(300, 12_500)), seller, buyer, quantity)]
        back = [
            day
            for day in planner.timeline.trading_days
            if days[0] + timedelta(days=_LEAST_BETWEEN) <= day <= days[0] + timedelta(days=3 * _LEAST_BETWEEN)
        ]
        if number % 3 == 2 and back:
            later = back[int(rng.integers(len(back)))]
            part = tonnes(rng, quantity * float(rng.uniform(0.3, 0.8)))
            acts.append(Act(later, float(rng.uniform(300, 12_500)), buyer, seller, part))
        carry_out(planner, rng, 0, asset, acts, (20.0, 400.0))
        text = f"accounts {party.words} trade once at the market's price" + (
            ", and back a part months later" if len(acts) > 1 else ""
        )
        window = planner.day_window(acts[0].day, acts[-1].day)
        planner.note_lookalike("wash_trade", text, planner.account_ids(party.accounts), window)


KIND = Kind("wash_trade", arrange, resemble, "sister companies that trade once at the market's price")
