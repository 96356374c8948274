"""Bid rigging: auction bids that are agreed beforehand, with one meant to win and the others as cover.

Prices differ by equal steps and quantities are similar; over several auctions the winner rotates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator import calibration_trading as trading_numbers
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import yearly_volume
from pipelines.simulator.cases.market_parts import (
    lookalike_count,
    parts,
    pick_accounts,
    pick_party,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import tonnes
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.trading import PlannedBid
from pipelines.simulator.trading.auctions import auction_days


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Bidders, auctions, price step from one bid to the next (share of the price), how irregular steps
    and quantities are (relative).
    """

    bidders: tuple[int, int]
    auctions: tuple[int, int]
    step: tuple[float, float]
    noise: tuple[float, float]
    quantity_noise: tuple[float, float]


_SHAPES = {
    "faint": _Shape((3, 4), (1, 2), (0.0035, 0.007), (0.3, 0.5), (0.10, 0.2)),
    "plain": _Shape((3, 5), (2, 3), (0.0015, 0.004), (0.12, 0.25), (0.03, 0.08)),
    "blatant": _Shape((4, 7), (2, 4), (0.0003, 0.0015), (0.0, 0.05), (0.0, 0.0)),
}
_WINNING = (-0.01, 0.02)  # the highest bid of a ring, from the reference price
_SIZE = (0.06, 0.25)  # a bid, as a share of what an auction usually offers
_ROUND = (0.5, 1.0)  # CNY to which a consultant's clients round


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Rings of relatives and of strangers, in one auction or several in a row."""
    auctions = auction_days(planner.timeline)
    for part in parts(planner, rng):
        shape = _SHAPES[part.severity]
        count = min(whole(rng, shape.auctions), len(auctions))
        first = int(rng.integers(0, len(auctions) - count + 1))
        days = auctions[first : first + count]
        party = pick_party(planner, rng, days, whole(rng, shape.bidders), part.relation, emitters=True)
        text = f"{len(party.accounts)} bidders {party.words} with agreed bids in {count} auctions"
        window = planner.day_window(days[0], days[-1])
        ids = planner.account_ids(party.accounts)
        tag = planner.open_case("bid_rigging", part.severity, text, ids, window)
        for place in range(count):
            _bid(planner, rng, tag, first + place, days[place], party.accounts, shape, place)


def _bid(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    auction: int,
    day: date,
    ring: list[int],
    shape: _Shape,
    turn: int,
) -> None:
    top, step = uniform(rng, _WINNING), uniform(rng, shape.step)
    noise, quantity_noise = uniform(rng, shape.noise), uniform(rng, shape.quantity_noise)
    size = tonnes(rng, uniform(rng, _SIZE) * _offer(planner, day), 200)
    for place in range(len(ring)):
        account = ring[(place + turn) % len(ring)]
        offset = top - step * place * (1 + noise * float(rng.normal()))
        quantity = max(int(size * (1 + quantity_noise * float(rng.normal()))), 100)
        planner.plan.trading.bids.append(PlannedBid(auction, account, offset, quantity, tag=tag))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Independent companies that one consultant advises: similar bids, at round prices."""
    auctions = auction_days(planner.timeline)
    consultants = np.asarray(planner.world.entities.consultant)
    for _ in range(lookalike_count(planner, rng)):
        number = int(rng.integers(len(auctions)))
        day = auctions[number]
        clients = _clients(planner, rng, consultants)
        bidders = pick_accounts(planner, rng, day, clients, min(whole(rng, (3, 4)), len(clients)))
        advice = float(rng.uniform(-0.015, 0.015))
        step = float(rng.choice(_ROUND))
        for account in bidders:
            size = uniform(rng, _SIZE) * _offer(planner, day) * float(np.exp(rng.normal(0, 0.5)))
            quantity = tonnes(rng, size, 200)
            offset = advice + float(rng.normal(0, 0.012))
            planner.plan.trading.bids.append(PlannedBid(number, account, offset, quantity, step=step))
        text = "independent bidders whom one consultant advises, at round prices"
        planner.note_lookalike(
            "bid_rigging", text, planner.account_ids(bidders), planner.day_window(day, day)
        )


def _offer(planner: CasePlanner, day: date) -> float:
    """About how many t an auction offers."""
    covered = yearly_volume(planner, day.year) / trading_numbers.VOLUME_SHARE[day.year]
    return covered * trading_numbers.AUCTION_SHARE


def _clients(planner: CasePlanner, rng: np.random.Generator, consultants: np.ndarray) -> list[int]:
    """Power companies of one consultant, or any where none has three."""
    power = np.array(planner.power)
    sizes = {one: int((consultants[power] == one).sum()) for one in set(consultants[power].tolist()) - {-1}}
    able = sorted(one for one, size in sizes.items() if size >= 3)
    if not able:
        return power.tolist()
    chosen = able[int(rng.integers(len(able)))]
    return power[consultants[power] == chosen].tolist()


KIND = Kind(
    "bid_rigging", arrange, resemble, "independent bidders advised by one consultant, at round prices"
)
