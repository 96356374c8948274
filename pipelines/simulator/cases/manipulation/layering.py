"""Layering: orders at several prices not meant to be executed, and a trade on the other side."""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.manipulation.bait import Bait, set_baits
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows
from pipelines.simulator.cases.market_parts import (
    TRADERS,
    lookalike_count,
    parts,
    pick_accounts,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import order, provide
from pipelines.simulator.cases.planner import CasePlanner

_BAITS = {
    "faint": Bait((1, 2), (2, 4), (0.01, 0.03), (3, 6), (3, 3), (4, 15), (60, 240), (15, 60)),
    "plain": Bait((2, 3), (4, 6), (0.01, 0.03), (7, 14), (3, 5), (2, 10), (15, 60), (4, 15)),
    "blatant": Bait((2, 4), (7, 12), (0.01, 0.025), (15, 35), (5, 7), (1, 5), (6, 20), (1, 4)),
}


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One account a case; three to seven levels that come and go together."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _BAITS[part.severity].days) for part in drawn]
    for part, days in zip(drawn, windows(planner, rng, lengths), strict=True):
        account = pick_accounts(planner, rng, days[0], planner.with_role(*TRADERS, "treasury"), 1)[0]
        asset = take_instrument(planner, rng, days, thin=0.15, least=200.0)
        text = (
            f"several levels of orders withdrawn together after trades on the other side, on {len(days)} days"
        )
        tag = planner.open_case("layering", part.severity, text, planner.account_ids([account]))
        set_baits(planner, rng, tag, days, asset, account, _BAITS[part.severity])


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """A holder who offers or bids on a ladder of prices all day and means every step of it."""
    count = lookalike_count(planner, rng)
    for days in windows(planner, rng, [whole(rng, (1, 4)) for _ in range(count)]):
        account = pick_accounts(planner, rng, days[0], planner.with_role("fund", "treasury", "broker"), 1)[0]
        asset = take_instrument(planner, rng, days, thin=0.15)
        side = "sell" if rng.random() < 0.6 else "buy"
        total = 0
        for day in days:
            usual, ticks = usual_volume(planner, day, asset), -whole(rng, (0, 5))
            second = float(rng.uniform(60, 2_500))
            for _ in range(whole(rng, (4, 7))):
                quantity = max(int(uniform(rng, (0.01, 0.05)) * usual), 20)
                order(planner, 0, day, asset, account, side, second, quantity, "own", ticks)
                total += quantity
                ticks -= whole(rng, (5, 40))
                second += float(rng.uniform(2, 40))
        if side == "sell":
            provide(planner, rng, account, asset, total, days[0])
        window = planner.day_window(days[0], days[-1])
        text = "a ladder of orders that stand all day"
        planner.note_lookalike("layering", text, planner.account_ids([account]), window)


KIND = Kind("layering", arrange, resemble, "a holder whose ladder of orders stands all day")
