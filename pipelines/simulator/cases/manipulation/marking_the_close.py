"""Marking the close: trades in the last minutes that move the closing price, to the trader's advantage.

The close is the day's average price (rule B-05), so it takes much of a day's quantity at the end to move it.
Who marks upwards holds a position that is valued at the close; who marks downwards buys on the following
days.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, traded, usual_volume, windows
from pipelines.simulator.cases.market_parts import (
    TRADERS,
    lookalike_count,
    parts,
    pick_accounts,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import SESSION_END, order, provide, tonnes
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.trading import Campaign


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days from first to last, closes that are marked, size of one in days of usual trading, orders a
    close, seconds before the end, how far in cents an order reaches into the book, and how far from the
    best price (share of it) others have orders standing there.
    """

    span: tuple[int, int]
    closes: tuple[int, int]
    size: tuple[float, float]
    orders: tuple[int, int]
    before_end: tuple[float, float]
    reach: tuple[int, int]
    standing: tuple[float, float]


_SHAPES = {
    "faint": _Shape((5, 12), (2, 2), (0.12, 0.25), (2, 4), (400.0, 900.0), (40, 150), (0.004, 0.012)),
    "plain": _Shape((5, 12), (3, 4), (0.4, 0.8), (4, 7), (250.0, 700.0), (80, 220), (0.008, 0.02)),
    "blatant": _Shape((5, 10), (4, 6), (0.8, 1.5), (7, 12), (90.0, 400.0), (160, 420), (0.015, 0.04)),
}
_UPWARDS = 0.7
_THIN = 0.75
_ABOUT = 8_000  # cents, what an allowance costs
_HELD = (1.5, 3.0)  # stock of one who marks upwards, in marked quantities


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One account a case, more often in thin instruments."""
    drawn = parts(planner, rng)
    lengths = [whole(rng, _SHAPES[part.severity].span) for part in drawn]
    for part, days in zip(drawn, windows(planner, rng, lengths), strict=True):
        shape = _SHAPES[part.severity]
        account = pick_accounts(planner, rng, days[0], planner.with_role(*TRADERS, "treasury"), 1)[0]
        asset = take_instrument(planner, rng, days, thin=_THIN, least=60.0)
        side = "buy" if rng.random() < _UPWARDS else "sell"
        marked = _marked_days(rng, days, whole(rng, shape.closes))
        text = f"{len(marked)} closes moved by its own {side} orders in the last minutes"
        tag = planner.open_case("marking_the_close", part.severity, text, planner.account_ids([account]))
        total = 0
        for day in marked:
            _others_stand(planner, rng, day, asset, account, "sell" if side == "buy" else "buy", shape)
            total += _mark(planner, rng, tag, day, asset, account, side, shape)
        if side == "buy":
            provide(planner, rng, account, asset, int(total * uniform(rng, _HELD) / len(marked)), days[0])
        else:
            provide(planner, rng, account, asset, total, days[0])
            _gather_afterwards(planner, account, asset, marked[-1], total)


def _marked_days(rng: np.random.Generator, days: list[date], count: int) -> list[date]:
    """Some of the days, the last of a month first of all, and the last one."""
    month_ends = [day for day, after in itertools.pairwise(days) if day.month != after.month]
    others = [day for day in days[:-1] if day not in month_ends]
    chosen = [*month_ends, days[-1]]
    chosen += [others[n] for n in rng.permutation(len(others)).tolist()]
    return sorted(chosen[: max(count, 1)])


def _mark(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    account: int,
    side: str,
    shape: _Shape,
) -> int:
    size = uniform(rng, shape.size) * usual_volume(planner, day, asset)
    count = whole(rng, shape.orders)
    seconds = np.sort(SESSION_END - rng.uniform(3.0, uniform(rng, shape.before_end), count))
    total = 0
    for second, part in zip(seconds.tolist(), rng.dirichlet(np.full(count, 8.0)).tolist(), strict=True):
        quantity = max(int(size * part), 20)
        order(planner, tag, day, asset, account, side, second, quantity, "other", whole(rng, shape.reach))
        total += quantity
    return total


def _others_stand(
    planner: CasePlanner,
    rng: np.random.Generator,
    day: date,
    asset: int,
    marker: int,
    side: str,
    shape: _Shape,
) -> None:
    """Somebody's patient orders away from the market in the last hour, as they stand on many days."""
    holders = [account for account in planner.with_role("fund", "treasury", "broker") if account != marker]
    holder = int(rng.choice(holders))
    usual = usual_volume(planner, day, asset)
    total = 0
    for _ in range(whole(rng, (4, 7))):
        quantity = max(int(float(rng.uniform(0.08, 0.3)) * usual), 20)
        ticks = -round(uniform(rng, shape.standing) * _ABOUT)
        second = SESSION_END - float(rng.uniform(1_000, 4_000))
        order(planner, 0, day, asset, holder, side, second, quantity, "own", ticks)
        total += quantity
    if side == "sell":
        provide(planner, rng, holder, asset, total, day)


def _gather_afterwards(planner: CasePlanner, account: int, asset: int, last: date, total: int) -> None:
    after = [day for day in planner.timeline.trading_days if day > last][:4]
    if after:
        planner.plan.trading.campaigns.append(
            Campaign(account, asset, "buy", after[0], after[-1], max(total // len(after), 1), 0.3)
        )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Funds that rebalance a little before the close of a month's last day, at the prices there are."""
    count = lookalike_count(planner, rng)
    month_ends = [
        day
        for day, after in zip(planner.timeline.trading_days, planner.timeline.trading_days[1:], strict=False)
        if day.month != after.month
    ][1:]
    for days in windows(planner, rng, [whole(rng, (30, 70)) for _ in range(count)]):
        account = pick_accounts(planner, rng, days[0], planner.with_role("fund"), 1)[0]
        chosen = [day for day in month_ends if days[0] <= day <= days[-1]] or [days[-1]]
        asset = take_instrument(planner, rng, chosen, thin=0.3, among=traded(planner, days[0]))
        sold = 0
        for day in chosen:
            side = "buy" if rng.random() < 0.5 else "sell"
            quantity = tonnes(rng, float(rng.uniform(0.02, 0.1)) * usual_volume(planner, day, asset))
            second = SESSION_END - float(rng.uniform(60, 900))
            order(planner, 0, day, asset, account, side, second, quantity, "other", whole(rng, (0, 5)))
            sold += quantity if side == "sell" else 0
        provide(planner, rng, account, asset, sold, chosen[0])
        text = "a fund that rebalances a little at month ends"
        window = planner.day_window(chosen[0], chosen[-1])
        planner.note_lookalike("marking_the_close", text, planner.account_ids([account]), window)


KIND = Kind(
    "marking_the_close", arrange, resemble, "funds that rebalance a little before the close of month ends"
)
