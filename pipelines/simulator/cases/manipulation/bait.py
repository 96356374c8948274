"""What spoofing and layering share: orders not meant to be executed, and a trade on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.market_days import usual_volume
from pipelines.simulator.cases.market_parts import uniform, whole
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide
from pipelines.simulator.cases.planner import CasePlanner

_LONGEST = 900.0  # seconds that a cycle takes at most


@dataclass(frozen=True)
class Bait:
    """Ranges of one severity.

    `days` and `cycles` a day; `genuine` the order that is meant, in days of usual trading; `ratio` all
    baits together over it; `levels` how many prices the baits stand at, `step` cents between them; `wait`
    seconds until the genuine order comes, `after` seconds until the baits go.
    """

    days: tuple[int, int]
    cycles: tuple[int, int]
    genuine: tuple[float, float]
    ratio: tuple[float, float]
    levels: tuple[int, int]
    step: tuple[int, int]
    wait: tuple[float, float]
    after: tuple[float, float]


def set_baits(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    days: list[date],
    asset: int,
    account: int,
    bait: Bait,
) -> None:
    """Cycles of baits and genuine orders of one account on these days, all on the same side of the market."""
    bait_side, side = ("buy", "sell") if rng.random() < 0.5 else ("sell", "buy")
    ratio, held, baited = uniform(rng, bait.ratio), 0, 0
    for day in days:
        cycles = whole(rng, bait.cycles)
        usual = usual_volume(planner, day, asset)
        edges = np.linspace(200, SESSION_END - _LONGEST - 200, cycles + 1)
        for start in rng.uniform(edges[:-1], edges[1:]).tolist():
            quantity = max(int(uniform(rng, bait.genuine) * usual), 25)
            wait, after = uniform(rng, bait.wait), uniform(rng, bait.after)
            amount = _lay(
                planner, rng, tag, day, asset, account, bait_side, start, quantity * ratio, wait + after, bait
            )
            order(
                planner, tag, day, asset, account, side, start + wait, quantity, "other",
                ticks=whole(rng, (0, 6)), lifetime=float(rng.uniform(0.3, 0.9)) * after + 0.2,
            )  # fmt: skip
            held += quantity if side == "sell" else 0
            baited = max(baited, amount if bait_side == "sell" else 0)
    provide(planner, rng, account, asset, held + baited, days[0])


def _lay(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    account: int,
    side: str,
    start: float,
    quantity: float,
    lifetime: float,
    bait: Bait,
) -> int:
    """Enter the baits, the nearest a little behind the best price of their side; returns their sum."""
    levels = whole(rng, bait.levels)
    parts = rng.dirichlet(np.full(levels, 25.0)) * quantity
    ticks, second, total = -whole(rng, (2, 8)), start, 0
    for part in parts.tolist():
        size = min(max(int(part), 10), 99_999)
        left = lifetime - (second - start) + float(rng.uniform(0, 0.8))
        order(planner, tag, day, asset, account, side, second, size, "own", ticks=ticks, lifetime=left)
        total += size
        ticks -= whole(rng, bait.step)
        second += float(rng.uniform(0.3, 2.0))
    return total
