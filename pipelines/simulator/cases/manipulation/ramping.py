"""Ramping: aggressive one-sided trades move the price, then opposite trades close the position.

What is bought is sold the next day at the earliest (T+1, rule B-08); a stock from before, or a run
downwards that is bought back, needs no such wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, usual_volume, windows
from pipelines.simulator.cases.market_parts import (
    TRADERS,
    lookalike_count,
    parts,
    pick_accounts,
    pick_party,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Days of the run and of the way out, size a day in days of usual trading, orders a day, seconds that
    they take, how far a day's orders carry the price from the previous close, the share that goes out
    again, and how much followers lean the same way.
    """

    run: tuple[int, int]
    out: tuple[int, int]
    size: tuple[float, float]
    orders: tuple[int, int]
    lasts: tuple[float, float]
    carry: tuple[float, float]
    back: tuple[float, float]
    followers: tuple[float, float]


_SHAPES = {
    "faint": _Shape(
        (1, 1), (2, 3), (0.3, 0.5), (8, 14), (3_000, 7_000), (0.006, 0.012), (0.7, 0.95), (0.0, 0.2)
    ),
    "plain": _Shape(
        (1, 2), (1, 2), (0.8, 1.5), (16, 28), (4_000, 8_500), (0.016, 0.03), (0.85, 1.0), (0.2, 0.4)
    ),
    "blatant": _Shape(
        (1, 2), (1, 2), (1.6, 2.8), (30, 55), (5_000, 9_000), (0.04, 0.07), (0.95, 1.0), (0.4, 0.7)
    ),
}
_ABOUT = 8_000  # cents, what an allowance costs
_THIN = 0.5
_TAKES = 0.6  # share of the orders of the run that just take what stands
_TAKES_ON_THE_WAY_OUT = 0.4
_LEAST_USUAL = 120.0  # t a day


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One account a case, or two that share the run."""
    drawn = parts(planner, rng)
    runs = [whole(rng, _SHAPES[part.severity].run) for part in drawn]
    outs = [whole(rng, _SHAPES[part.severity].out) for part in drawn]
    lengths = [run + out for run, out in zip(runs, outs, strict=True)]
    for part, days in zip(drawn, windows(planner, rng, lengths), strict=True):
        shape, run = _SHAPES[part.severity], runs[part.number]
        accounts = _accounts(planner, rng, days, part.relation)
        asset = take_instrument(planner, rng, days, thin=_THIN, least=_LEAST_USUAL)
        side, way_out = ("buy", "sell") if rng.random() < 0.65 else ("sell", "buy")
        text = f"aggressive {side} orders over {run} days carry the price, then the way out"
        tag = planner.open_case("ramping", part.severity, text, planner.account_ids(accounts))
        planner.plan.trading.keep_quiet(accounts, days)
        moved = dict.fromkeys(accounts, 0)
        for day in days[:run]:
            size = uniform(rng, shape.size) * usual_volume(planner, day, asset)
            lean = uniform(rng, shape.followers)
            planner.plan.trading.tilt[day, asset] = lean if side == "buy" else -lean
            _run(planner, rng, tag, day, asset, accounts, side, size, shape, moved)
        back = uniform(rng, shape.back)
        for day in days[run:]:
            for account in accounts:
                quantity = moved[account] * back / (len(days) - run)
                _leave(planner, rng, tag, day, asset, account, way_out, quantity)
        if side == "sell":
            for account in accounts:
                provide(planner, rng, account, asset, moved[account], days[0])


def _accounts(planner: CasePlanner, rng: np.random.Generator, days: list[date], relation: str) -> list[int]:
    if relation == "strangers":
        return pick_accounts(planner, rng, days[0], planner.with_role(*TRADERS), 1)
    return pick_party(planner, rng, days, 2, relation).accounts


def _run(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    accounts: list[int],
    side: str,
    size: float,
    shape: _Shape,
    moved: dict[int, int],
) -> None:
    """Orders in quick succession over one or two hours, each a little beyond the one before."""
    count = whole(rng, shape.orders)
    begin = float(rng.uniform(200, 3_500))
    seconds = np.sort(begin + rng.uniform(0, uniform(rng, shape.lasts), count))
    goal = uniform(rng, shape.carry) * _ABOUT
    shares = rng.dirichlet(np.full(count, 6.0))
    for place, (second, share) in enumerate(zip(seconds.tolist(), shares.tolist(), strict=True)):
        account = accounts[int(rng.integers(len(accounts)))]
        quantity = max(int(size * share), 5)
        ticks = goal * (place + 1) / count + float(rng.normal(0, 3))
        patience = float(rng.uniform(600, 2_400))
        if rng.random() < _TAKES:
            order(
                planner,
                tag,
                day,
                asset,
                account,
                side,
                second,
                quantity,
                "other",
                whole(rng, (1, 9)),
                patience,
            )
        else:
            order(planner, tag, day, asset, account, side, second, quantity, "close", ticks, patience)
        moved[account] += quantity


def _leave(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    account: int,
    side: str,
    quantity: float,
) -> None:
    """The way out over the day, mostly at the own side's best price so that the price holds."""
    count = max(4, min(24, int(quantity // 200)))
    for second in np.sort(rng.uniform(100, SESSION_END - 600, count)).tolist():
        takes = bool(rng.random() < _TAKES_ON_THE_WAY_OUT)
        rule, ticks = ("other", whole(rng, (0, 4))) if takes else ("own", whole(rng, (0, 3)))
        patience = float(rng.uniform(900, 5_000))
        order(planner, tag, day, asset, account, side, second, quantity / count, rule, ticks, patience)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """A company that needs much at once: it buys all day at what is asked, and keeps it."""
    count = lookalike_count(planner, rng)
    for days in windows(planner, rng, [whole(rng, (1, 2)) for _ in range(count)]):
        account = pick_accounts(planner, rng, days[0], planner.power, 1)[0]
        asset = take_instrument(planner, rng, days, thin=0.2)
        for day in days:
            size = float(rng.uniform(0.2, 0.7)) * usual_volume(planner, day, asset)
            seconds = np.sort(rng.uniform(100, SESSION_END - 200, whole(rng, (8, 20)))).tolist()
            for second in seconds:
                quantity = max(size / len(seconds), 20)
                order(planner, 0, day, asset, account, "buy", second, quantity, "other", whole(rng, (0, 10)))
        window = planner.day_window(days[0], days[-1])
        text = "a company in need buys all day and keeps it"
        planner.note_lookalike("ramping", text, planner.account_ids([account]), window)


KIND = Kind("ramping", arrange, resemble, "a company in need that buys all day and keeps it")
