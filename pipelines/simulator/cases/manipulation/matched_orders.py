"""Matched orders: two accounts repeatedly enter opposite orders of similar price and size within seconds.

Unlike in a wash trade the allowances mostly move in one direction: the two simulate trading, or move money
from one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from pipelines.simulator.cases.market_stock import SESSION_END, Act, carry_out, tonnes
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days, meetings, size of one in days of usual trading, seconds apart, share that goes one
    way, and how much the sizes of one case differ.
    """

    days: tuple[int, int]
    meetings: tuple[int, int]
    size: tuple[float, float]
    pause: tuple[float, float]
    one_way: tuple[float, float]
    spread: float


_SHAPES = {
    "faint": _Shape((6, 14), (5, 7), (0.02, 0.06), (5.0, 22.0), (0.6, 0.9), 0.5),
    "plain": _Shape((4, 10), (9, 14), (0.05, 0.12), (1.5, 8.0), (0.7, 1.0), 0.25),
    "blatant": _Shape((3, 8), (18, 32), (0.08, 0.18), (0.2, 2.0), (0.8, 1.0), 0.08),
}


_MOST_OF_YEAR = 0.003  # of the volume of a year
_LEAST_USUAL = 250.0  # t a day


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Pairs of relatives and of strangers."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _SHAPES[part.severity].days) for part in drawn]
    for part, days in scheduled(planner, rng, drawn, lengths):
        shape = _SHAPES[part.severity]
        party = pick_party(planner, rng, days, 2, part.relation)
        asset = take_instrument(planner, rng, days, least=_LEAST_USUAL)
        meetings, one_way = whole(rng, shape.meetings), uniform(rng, shape.one_way)
        mean = uniform(rng, shape.size) * usual_volume(planner, days[0], asset)
        mean = min(mean, _MOST_OF_YEAR * yearly_volume(planner, days[0].year) / meetings)
        text = f"two accounts {party.words} meet {meetings} times by like orders within seconds"
        tag = planner.open_case("matched_orders", part.severity, text, planner.account_ids(party.accounts))
        if part.severity == "blatant":
            planner.plan.trading.keep_quiet(party.accounts, days)
        giver, taker = party.accounts
        acts = []
        for number in range(meetings):
            day = days[number * len(days) // meetings]
            quantity = tonnes(rng, mean * float(np.exp(rng.normal(0, shape.spread))), 30)
            sides = (giver, taker) if rng.random() < one_way else (taker, giver)
            acts.append(Act(day, float(rng.uniform(120, SESSION_END - 300)), *sides, quantity))
        carry_out(planner, rng, tag, asset, acts, shape.pause)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """A broker and a client who meet a few times over a month, minutes after the broker's call."""
    count = lookalike_count(planner, rng)
    lengths = [whole(rng, (12, 24)) for _ in range(count)]
    for days in windows(planner, rng, lengths):
        client = strangers(planner, rng, days[0], 1, with_emitters=False)[0]
        brokers = [a for a in planner.with_role("broker", "maker") if a != client]
        broker = int(rng.choice(brokers))
        asset = take_instrument(planner, rng, days, thin=0.1)
        mean = float(rng.uniform(0.02, 0.15)) * usual_volume(planner, days[0], asset)
        chosen = sorted(rng.permutation(len(days))[: whole(rng, (2, 4))].tolist())
        acts = [
            Act(
                days[place],
                float(rng.uniform(300, SESSION_END - 1_500)),
                broker,
                client,
                tonnes(rng, mean * float(np.exp(rng.normal(0, 0.6)))),
            )
            for place in chosen
        ]
        carry_out(planner, rng, 0, asset, acts, (60.0, 900.0))
        window = planner.day_window(days[0], days[-1])
        text = "a broker serves one client a few times, minutes after the call"
        planner.note_lookalike("matched_orders", text, planner.account_ids([broker, client]), window)


KIND = Kind("matched_orders", arrange, resemble, "a broker who serves one client a few times")
