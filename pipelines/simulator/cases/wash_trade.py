"""Wash trades: allowances go out and come back, so that there is turnover and no change of position.

Two forms. Sister companies, or a group's company and its trading arm, are one controller on both
sides. Rings are accounts of nobody in particular whose deals with each other cancel out; the faint
ring goes on trading with others meanwhile and comes back only nearly to where it was.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np

from pipelines.simulator.cases.stage import Stage

# Severity: out-and-back pairs, tonnes a deal, trading days.
_SISTERS = {"faint": (2, 3_000, 12), "plain": (5, 8_000, 10), "blatant": (14, 20_000, 8)}
# Severity: accounts, pairs, tonnes, trading days, share of a deal that stays out.
_RINGS = {
    "faint": (2, 4, 1_200, 12, 0.03),
    "plain": (3, 9, 1_500, 9, 0.0),
    "blatant": (5, 24, 1_800, 10, 0.0),
}
_SISTERS_FROM, _SISTERS_UNTIL = date(2024, 8, 5), date(2024, 10, 25)
_VINTAGE = 2023  # traders have held it longest
_RINGS_FROM, _RINGS_UNTIL = date(2025, 3, 3), date(2025, 7, 25)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case of each form and severity."""
    for severity, (pairs, tonnes, length) in _SISTERS.items():
        sides = stage.cast.sisters(rng)
        text = f"one controller on both sides, {pairs} times out and back within {length} trading days"
        tag = stage.open_case("wash_trade", severity, text, stage.account_ids(list(sides)))
        days = stage.days_from(rng, _SISTERS_FROM, _SISTERS_UNTIL, length)
        stage.plan.keep_quiet(list(sides), days)
        _out_and_back(stage, rng, tag, days, [sides] * pairs, tonnes, 0.0)
    for severity, (count, pairs, tonnes, length, kept) in _RINGS.items():
        ring = stage.cast.accounts(rng, stage.traders, count)
        text = f"{count} accounts of undeclared relation whose {2 * pairs} deals with each other cancel out"
        tag = stage.open_case("wash_trade", severity, text, stage.account_ids(ring))
        days = stage.days_from(rng, _RINGS_FROM, _RINGS_UNTIL, length)
        if severity != "faint":
            stage.plan.keep_quiet(ring, days)
        chosen = [rng.choice(ring, 2, replace=False).tolist() for _ in range(pairs - count + 1)]
        links = [*pairwise(ring), *chosen]
        _out_and_back(stage, rng, tag, days, [(int(a), int(b)) for a, b in links], tonnes, kept)


def _out_and_back(
    stage: Stage,
    rng: np.random.Generator,
    tag: int,
    days: list[date],
    links: list[tuple[int, int]],
    tonnes: int,
    kept: float,
) -> None:
    """Each link deals one way, and the other way on the same or a later day."""
    for seller, buyer in links:
        out, back = sorted(rng.integers(0, len(days), 2).tolist())
        quantity = int(tonnes * rng.uniform(0.7, 1.3))
        first, second = sorted(rng.uniform(300, 12_500, 2).tolist())
        stage.deal(tag, days[out], (seller, buyer), quantity, first, vintage=_VINTAGE)
        stage.deal(
            tag, days[back], (buyer, seller), int(quantity * (1 - kept)), second + 600, vintage=_VINTAGE
        )
