"""Circular trades: allowances go round three or more unrelated accounts and come back within days.

T+1 makes every leg wait for the next trading day. One form uses plain registry transfers instead of trades.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.stage import Stage


@dataclass(frozen=True)
class _Shape:
    severity: str
    members: int
    rounds: int
    tonnes: int
    days_a_leg: int
    loss: float
    by: str


_SHAPES = (
    _Shape("faint", 3, 1, 6_000, 3, 0.02, "listed"),
    _Shape("plain", 3, 1, 24_000, 2, 0.0, "listed"),
    _Shape("plain", 4, 1, 15_000, 1, 0.0, "other"),
    _Shape("blatant", 4, 2, 130_000, 1, 0.0, "block"),
)
_PERIODS = ((date(2024, 8, 12), date(2024, 9, 3)), (date(2025, 6, 12), date(2025, 7, 10)))


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case a shape; its members belong to different groups."""
    for number, shape in enumerate(_SHAPES):
        ring = _strangers(stage, rng, shape.members)
        text = (
            f"{shape.tonnes} t round {shape.members} accounts, {shape.rounds} times, "
            f"a leg every {shape.days_a_leg} trading days"
        )
        tag = stage.open_case("circular_trade", shape.severity, text, stage.account_ids(ring))
        legs = shape.members * shape.rounds
        first, last = _PERIODS[number % len(_PERIODS)]
        days = stage.days_from(rng, first, last, (legs - 1) * shape.days_a_leg + 1)
        stage.plan.keep_quiet(ring, days)
        quantity = shape.tonnes + int(rng.integers(0, 900))
        for leg in range(legs):
            sides = ring[leg % len(ring)], ring[(leg + 1) % len(ring)]
            _leg(stage, rng, tag, days[leg * shape.days_a_leg], sides, quantity, shape.by)
            quantity = int(quantity * (1 - shape.loss))


def _leg(
    stage: Stage,
    rng: np.random.Generator,
    tag: int,
    day: date,
    sides: tuple[int, int],
    quantity: int,
    by: str,
) -> None:
    if by == "other":
        stage.movement(tag, day, sides, quantity, float(rng.uniform(9, 17)) * 3600, "other")
    elif by == "block":
        stage.deal(tag, day, sides, quantity, float(rng.uniform(7_300, 13_500)), discount=0.02)
    else:
        stage.deal(tag, day, sides, quantity, float(rng.uniform(300, 12_500)))


def _strangers(stage: Stage, rng: np.random.Generator, count: int) -> list[int]:
    """Free power companies, no two of one group."""
    group = stage.world.entities.group
    chosen: list[int] = []
    for _ in range(count):
        groups = {int(group[c]) for c in chosen}
        among = [e for e in stage.power if group[e] < 0 or int(group[e]) not in groups]
        chosen += stage.cast.accounts(rng, among, 1)
    return chosen
