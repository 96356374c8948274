"""Off-market blocks: large agreed trades far from the listed market without cause, inside the block limit.

Value is shifted from one party to another: between relatives, or to a stranger who returns it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import (
    moved_to_autumn,
    take_instrument,
    traded,
    usual_volume,
    windows,
)
from pipelines.simulator.cases.market_parts import (
    lookalike_count,
    parts,
    pick_accounts,
    pick_party,
    scheduled,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import allocated, provide
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.trading import Deal

_BLOCK = 100_000


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Distance from the previous close, blocks, and trading days from the first to the last.
    """

    distance: tuple[float, float]
    blocks: tuple[int, int]
    span: tuple[int, int]


_SHAPES = {
    "faint": _Shape((0.105, 0.15), (1, 1), (1, 1)),
    "plain": _Shape((0.165, 0.22), (1, 2), (1, 6)),
    "blatant": _Shape((0.24, 0.292), (1, 3), (2, 8)),
}
_IN_AUTUMN = 0.6  # share of the cases of earlier months that are moved to when blocks usually trade
_BELOW = 0.75  # share of the cases priced below the market
_LARGE_DISCOUNT = (0.055, 0.09)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Blocks between relatives and strangers, most below the market."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _SHAPES[part.severity].span) for part in drawn]
    for part, drawn_days in scheduled(planner, rng, drawn, lengths):
        days = moved_to_autumn(planner, rng, drawn_days, _IN_AUTUMN)
        shape = _SHAPES[part.severity]
        party = pick_party(planner, rng, days, 2, part.relation)
        seller, buyer = party.accounts
        asset = take_instrument(planner, rng, days, thin=0.35)
        sign = 1.0 if rng.random() < _BELOW else -1.0
        distance = sign * uniform(rng, shape.distance)
        count = min(whole(rng, shape.blocks), len(days), _affordable(planner))
        word = "below" if sign > 0 else "above"
        text = f"{count} blocks {abs(distance):.0%} {word} the previous close between accounts {party.words}"
        tag = planner.open_case("off_market_block", part.severity, text, planner.account_ids([seller, buyer]))
        total = 0
        for place in sorted(rng.permutation(len(days))[:count].tolist()):
            quantity = _quantity(planner, rng, asset, seller)
            near = distance * float(rng.uniform(0.94, 1.0))
            _block(planner, rng, tag, days[place], asset, seller, buyer, quantity, near)
            total += quantity
        provide(planner, rng, seller, asset, total, days[0])


def _affordable(planner: CasePlanner) -> int:
    """How many blocks a case may have so that they stay a small part of the market's volume."""
    return 1 if planner.world.key_emitters < 300 else 3


def _quantity(planner: CasePlanner, rng: np.random.Generator, asset: int, seller: int) -> int:
    most = 60 if planner.world.key_emitters < 300 else 250
    return _BLOCK + int(rng.integers(0, most)) * 1_000


def _block(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    seller: int,
    buyer: int,
    quantity: int,
    discount: float,
) -> None:
    second = calendar.HALF_SESSION + float(rng.uniform(100, calendar.HALF_SESSION - 400))
    planner.plan.trading.deals.append(
        Deal(day, asset, seller, buyer, quantity, second, mode="block", discount=discount, tag=tag)
    )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Very large blocks, which find a buyer only at a discount above the usual."""
    count = lookalike_count(planner, rng)
    for drawn_days in windows(planner, rng, [1] * count):
        days = moved_to_autumn(planner, rng, drawn_days)
        size = allocated(planner)
        sellers = sorted(planner.power, key=lambda entity: -int(size[entity]))
        seller = pick_accounts(planner, rng, days[0], sellers[: max(len(sellers) // 3, 4)], 1)[0]
        buyers = planner.with_role("fund", "treasury", "broker")
        buyer = pick_accounts(planner, rng, days[0], buyers, 1)[0]
        main = planner.main_asset(days[0])
        asset = take_instrument(planner, rng, days, thin=0.1, among=[main, *traded(planner, days[0])])
        usual = 4 * usual_volume(planner, days[0], asset)
        quantity = max(2 * _BLOCK, int(min(usual, 8 * _BLOCK)) // 1_000 * 1_000)
        provide(planner, rng, seller, asset, quantity, days[0])
        discount = uniform(rng, _LARGE_DISCOUNT)
        _block(planner, rng, 0, days[0], asset, seller, buyer, quantity, discount)
        text = f"a block of {quantity} t at a discount of {discount:.1%} for its size"
        window = planner.day_window(days[0], days[0])
        planner.note_lookalike("off_market_block", text, planner.account_ids([seller, buyer]), window)


KIND = Kind("off_market_block", arrange, resemble, "very large blocks at a discount for their size")
