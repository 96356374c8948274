"""Circular trades: allowances go round three or more accounts and come back within days.

T+1 makes every traded leg wait for the next trading day; plain registry transfers may follow within
hours, also across midnight. Faint circles are slow, and each leg passes on a little less.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows, yearly_volume
from pipelines.simulator.cases.market_parts import (
    lookalike_count,
    parts,
    pick_party,
    scheduled,
    strangers,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import Act, carry_out, provide, tonnes
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import Movement


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Members, rounds, trading days a leg, size in days of usual trading, share lost a leg, and hours
    between two legs that are transfers.
    """

    members: tuple[int, int]
    rounds: tuple[int, int]
    leg_days: tuple[int, int]
    size: tuple[float, float]
    loss: tuple[float, float]
    hours: tuple[float, float]


_SHAPES = {
    "faint": _Shape((3, 3), (1, 1), (2, 3), (0.15, 0.4), (0.015, 0.05), (15.0, 50.0)),
    "plain": _Shape((3, 4), (1, 1), (1, 2), (0.5, 1.2), (0.0, 0.01), (5.0, 20.0)),
    "blatant": _Shape((4, 6), (1, 2), (1, 1), (1.5, 3.0), (0.0, 0.0), (0.6, 6.0)),
}
_TRANSFERRED = 0.35  # share of the circles that go by plain transfers
_LEAST_USUAL = 250.0  # t a day
_MOST_OF_YEAR = 0.004  # all legs together, of the volume of a year
_MOST_DAYS = 13


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Circles of relatives and of strangers, by trade and by transfer."""
    drawn = parts(planner, rng)
    shapes = [_SHAPES[part.severity] for part in drawn]
    members = [whole(rng, shape.members) for shape in shapes]
    rounds = [whole(rng, shape.rounds) for shape in shapes]
    gaps = [whole(rng, shape.leg_days) for shape in shapes]
    lengths = [
        min((count * times - 1) * gap + 1, _MOST_DAYS)
        for count, times, gap in zip(members, rounds, gaps, strict=True)
    ]
    for part, days in scheduled(planner, rng, drawn, lengths):
        shape, count = shapes[part.number], members[part.number]
        legs, gap = count * rounds[part.number], gaps[part.number]
        party = pick_party(planner, rng, days, count, part.relation)
        asset = take_instrument(planner, rng, days, least=_LEAST_USUAL)
        most = _MOST_OF_YEAR * yearly_volume(planner, days[0].year) / legs
        wanted = uniform(rng, shape.size) * usual_volume(planner, days[0], asset)
        size = tonnes(rng, min(wanted, most), 60)
        by_transfer = bool(rng.random() < _TRANSFERRED)
        text = f"{size} t round {count} accounts {party.words}, {legs} legs " + (
            "of plain transfers" if by_transfer else f"a trade every {gap} trading days"
        )
        tag = planner.open_case("circular_trade", part.severity, text, planner.account_ids(party.accounts))
        planner.plan.trading.keep_quiet(party.accounts, days)
        loss = uniform(rng, shape.loss)
        if by_transfer:
            _by_transfer(planner, rng, tag, days[0], asset, party.accounts, legs, size, loss, shape)
        else:
            places = [leg * gap for leg in range(legs) if leg * gap < len(days)]
            acts = _acts(rng, [days[place] for place in places], party.accounts, size, loss)
            carry_out(planner, rng, tag, asset, acts, (2.0, 40.0))


def _acts(rng: np.random.Generator, days: list[date], ring: list[int], size: int, loss: float) -> list[Act]:
    acts = []
    for leg, day in enumerate(days):
        seller, buyer = ring[leg % len(ring)], ring[(leg + 1) % len(ring)]
        acts.append(Act(day, float(rng.uniform(300, 12_500)), seller, buyer, size))
        size = max(int(size * (1 - loss)), 1)
    return acts


def _by_transfer(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    ring: list[int],
    legs: int,
    size: int,
    loss: float,
    shape: _Shape,
) -> None:
    """Legs by `other` transfers, hours apart and through the night where it comes so."""
    provide(planner, rng, ring[0], asset, size, day)
    hour = float(rng.uniform(9.0, 21.0))
    for leg in range(legs):
        on = day + timedelta(days=int(hour // 24))
        giver, taker = ring[leg % len(ring)], ring[(leg + 1) % len(ring)]
        planner.plan.registry.movements.append(
            Movement(on, (hour % 24) * 3600, asset, giver, taker, size, "other", tag)
        )
        size = max(int(size * (1 - loss)), 1)
        hour += uniform(rng, shape.hours)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Chains of sales among three or four that never come back to the first."""
    count = lookalike_count(planner, rng)
    lengths = [whole(rng, (4, 9)) for _ in range(count)]
    for days in windows(planner, rng, lengths):
        chain = strangers(planner, rng, days[0], whole(rng, (3, 4)), with_emitters=False)
        asset = take_instrument(planner, rng, days, thin=0.1)
        size = tonnes(rng, float(rng.uniform(0.1, 0.5)) * usual_volume(planner, days[0], asset))
        acts = []
        places = np.linspace(0, len(days) - 1, len(chain) - 1).astype(int)
        for place, seller, buyer in zip(places.tolist(), chain[:-1], chain[1:], strict=True):
            acts.append(Act(days[place], float(rng.uniform(300, 12_500)), seller, buyer, size))
            size = tonnes(rng, size * float(rng.uniform(0.5, 0.95)))
        carry_out(planner, rng, 0, asset, acts, (20.0, 300.0))
        window = planner.day_window(days[0], days[-1])
        text = "sold on from hand to hand, and never back to the first"
        planner.note_lookalike("circular_trade", text, planner.account_ids(chain), window)


KIND = Kind("circular_trade", arrange, resemble, "sales from hand to hand that never come back")
