"""Spoofing: a large order not meant to be executed, a trade on the other side, then withdrawal."""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.manipulation.bait import Bait, set_baits
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows
from pipelines.simulator.cases.market_parts import TRADERS, lookalike_count, parts, pick_accounts, whole
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide, tonnes
from pipelines.simulator.cases.planner import CasePlanner

# Size against the genuine order and lifetimes after the fact pattern of prosecuted cases (10 to 50 times,
# seconds to a minute); the faint ones lie below it.
_BAITS = {
    "faint": Bait((1, 2), (3, 4), (0.01, 0.03), (4, 8), (1, 1), (1, 1), (40, 180), (15, 80)),
    "plain": Bait((2, 3), (4, 7), (0.01, 0.03), (9, 18), (1, 1), (1, 1), (12, 50), (4, 15)),
    "blatant": Bait((2, 4), (8, 14), (0.01, 0.025), (20, 45), (1, 2), (1, 3), (4, 20), (1, 4)),
}


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One account a case; the blatant ones do it again and again over some days."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _BAITS[part.severity].days) for part in drawn]
    for part, days in zip(drawn, windows(planner, rng, lengths), strict=True):
        account = pick_accounts(planner, rng, days[0], planner.with_role(*TRADERS, "treasury"), 1)[0]
        asset = take_instrument(planner, rng, days, thin=0.15, least=200.0)
        text = f"large orders withdrawn after trades on the other side, on {len(days)} days"
        tag = planner.open_case("spoofing", part.severity, text, planner.account_ids([account]))
        set_baits(planner, rng, tag, days, asset, account, _BAITS[part.severity])


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One who works a large order: finds no taker, withdraws it and comes again at another price."""
    count = lookalike_count(planner, rng)
    for days in windows(planner, rng, [whole(rng, (1, 3)) for _ in range(count)]):
        account = pick_accounts(planner, rng, days[0], planner.with_role("fund", "broker", "treasury"), 1)[0]
        asset = take_instrument(planner, rng, days, thin=0.15)
        side = "buy" if rng.random() < 0.5 else "sell"
        largest = 0
        for day in days:
            quantity = tonnes(rng, float(rng.uniform(0.08, 0.3)) * usual_volume(planner, day, asset), 30)
            largest = max(largest, quantity)
            second, ticks = float(rng.uniform(200, 3_000)), -whole(rng, (5, 40))
            while second < SESSION_END - 600:
                patience = float(rng.uniform(300, 2_400))
                order(planner, 0, day, asset, account, side, second, quantity, "own", ticks, patience)
                second += patience + float(rng.uniform(5, 90))
                ticks = min(ticks + whole(rng, (3, 15)), 1)
        if side == "sell":
            provide(planner, rng, account, asset, largest * len(days), days[0])
        text = "works a large order: withdraws it again and again and comes closer"
        window = planner.day_window(days[0], days[-1])
        planner.note_lookalike("spoofing", text, planner.account_ids([account]), window)


KIND = Kind("spoofing", arrange, resemble, "one who works a large order and market makers who requote")
