"""How players come by what they sell, and how arranged trades and orders are written into the plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator import calibration_registry as registry_numbers
from pipelines.simulator.cases.market_days import is_outstanding, trading_day_before, within
from pipelines.simulator.cases.market_parts import FIRST_SURRENDERS, can_sell_allocated, pick_accounts, whole
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.trading import Deal, PlannedOrder

SESSION_END = calendar.SESSION_SECONDS - 1.0
_LARGEST = 99_999  # a single listed order is smaller than 100,000 t, a block at least that [B-02, B-03]
_USUAL_DISCOUNT = (0.03, 0.015)  # mean and spread of a block's [J-13, J-13b]
_FEED_DAYS = 12
_AFTER_BOOKING = 4  # days
_ALLOCATED_PER_MW = 2_200  # t of preliminary allocation and year, low guess (own): what surely can be sold


class Act(NamedTuple):
    """One trade that is agreed: who sells how much to whom on which day, `second` into the session."""

    day: date
    second: float
    seller: int
    buyer: int
    quantity: int


def carry_out(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    asset: int,
    acts: list[Act],
    pauses: tuple[float, float],
) -> None:
    """Provide everybody with what the acts take beyond what they bring, and write them into the plan."""
    for account, quantity in sorted(stock_for(acts).items()):
        first = min(act.day for act in acts)
        provide(planner, rng, account, asset, quantity, first)
    for act in acts:
        pause = float(rng.uniform(*pauses))
        trade(planner, rng, tag, act.day, asset, (act.seller, act.buyer), act.quantity, act.second, pause)


def stock_for(acts: list[Act]) -> dict[int, int]:
    """What each seller must hold at first: under T+1 [B-08] a day's purchases are not sold that day."""
    needed: dict[int, int] = {}
    net: dict[int, int] = {}
    for day in sorted({act.day for act in acts}):
        today = [act for act in acts if act.day == day]
        for seller in {act.seller for act in today}:
            sold = sum(act.quantity for act in today if act.seller == seller)
            needed[seller] = max(needed.get(seller, 0), sold - net.get(seller, 0))
        for act in today:
            net[act.seller] = net.get(act.seller, 0) - act.quantity
            net[act.buyer] = net.get(act.buyer, 0) + act.quantity
    return needed


def provide(
    planner: CasePlanner, rng: np.random.Generator, account: int, asset: int, quantity: int, day: date
) -> None:
    """See to it that an account can sell so much of an instrument from that day on.

    What was outstanding before the span it has held since then and keeps until that day, unless it is an
    emitter that has surrendered in between; of a vintage allocated within the span a power company holds
    its own allocation, others buy beforehand.
    """
    if quantity <= 0:
        return
    if is_outstanding(planner, asset) and _keeps_until(planner, account, day):
        _endow(planner, account, asset, quantity, day)
    elif not _is_allocated(planner, account, asset, quantity, day):
        _buy_beforehand(planner, rng, account, asset, quantity, day)


def _keeps_until(planner: CasePlanner, account: int, day: date) -> bool:
    """Whether what an account holds when the record opens can still be there on that day."""
    is_open = planner.world.accounts.opened_on[account] <= planner.timeline.opening_day
    surrenders = account < planner.world.key_emitters
    return is_open and (not surrenders or day <= date(planner.timeline.years[0], *FIRST_SURRENDERS))


def _endow(planner: CasePlanner, account: int, asset: int, quantity: int, until: date) -> None:
    """Let an account hold so much more from the opening of the record until that day."""
    opening = planner.plan.registry.opening
    opening[account, asset] = opening.get((account, asset), 0) + quantity
    _keep(planner, account, planner.timeline.first_day, until)


def _is_allocated(planner: CasePlanner, account: int, asset: int, quantity: int, day: date) -> bool:
    if account >= planner.world.key_emitters or planner.world.entities.sector[account] != "power":
        return False
    if asset != planner.main_asset(day) or not can_sell_allocated(planner, day):
        return False
    return quantity <= 0.5 * int(allocated(planner)[account])


def allocated(planner: CasePlanner) -> np.ndarray:
    """About what each power company is allocated beforehand in a year, at least, in t (by entity, int64)."""
    world = planner.world
    capacity = np.where(world.fleet.is_power, world.fleet.capacity, 0.0)
    of_entity = np.bincount(world.fleet.entity, weights=capacity, minlength=len(world.entities))
    return (_ALLOCATED_PER_MW * of_entity).astype(np.int64)


def _buy_beforehand(
    planner: CasePlanner, rng: np.random.Generator, account: int, asset: int, quantity: int, day: date
) -> None:
    """Buy in the days before: from somebody with an old stock, or of a new vintage from who was allocated it.

    Who opens an account after the allocated ones have surrendered buys from a trader who bought in time.
    """
    spare = int(quantity * rng.uniform(1.02, 1.2))
    last = trading_day_before(planner, day)
    earliest = planner.world.accounts.opened_on[account] + timedelta(days=1)
    old_hands = [a for a in planner.with_role("fund", "broker", "treasury") if a != account]
    if is_outstanding(planner, asset):
        seller = pick_accounts(planner, rng, planner.timeline.first_day, old_hands, 1)[0]
        _endow(planner, seller, asset, spare, last)
    else:
        booked = registry_numbers.PRELIMINARY_BOOKED[planner.timeline.assets[asset].vintage or 0]
        sold_until = date(booked.year, *FIRST_SURRENDERS)
        earliest = max(earliest, booked + timedelta(days=_AFTER_BOOKING))
        if earliest > sold_until:
            seller = pick_accounts(planner, rng, planner.timeline.first_day, old_hands, 1)[0]
            _buy_beforehand(planner, rng, seller, asset, spare, last)
        else:
            last = min(last, sold_until)
            rich = allocated(planner) >= 2 * spare
            able = [entity for entity in planner.power if rich[entity] and entity != account]
            seller = int(rng.choice(able or planner.power))
    first = min(max(last - timedelta(days=_FEED_DAYS), earliest), last)
    count = 1 if spare > _LARGEST else whole(rng, (1, 3))
    days = within(planner, rng, count, first, last) or [last]
    for number, one in enumerate(days):
        amount = spare // len(days) + (spare % len(days) if number == 0 else 0)
        trade(planner, rng, 0, one, asset, (seller, account), amount, float(rng.uniform(600, 13_000)))
    _keep(planner, account, days[0], day)


def _keep(planner: CasePlanner, account: int, first: date, until: date) -> None:
    """The account sells none of its own accord until that day."""
    planner.plan.trading.withhold([account], [d for d in planner.timeline.trading_days if first <= d < until])


def trade(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    day: date,
    asset: int,
    sides: tuple[int, int],
    quantity: int,
    second: float,
    pause: float | None = None,
) -> None:
    """An arranged trade of seller and buyer: listed, or from 100,000 t a block at a usual discount."""
    is_block = quantity > _LARGEST
    half = calendar.HALF_SESSION
    if is_block:
        second = half + (second % half) * 0.95 + 60
    mean, spread = _USUAL_DISCOUNT
    planner.plan.trading.deals.append(
        Deal(
            day=day,
            asset=asset,
            seller=sides[0],
            buyer=sides[1],
            quantity=quantity,
            second=min(second, SESSION_END - 200),
            mode="block" if is_block else "listed",
            discount=float(np.clip(rng.normal(mean, spread), 0.0, 0.07)) if is_block else 0.0,
            pause=None if is_block else pause,
            tag=tag,
        )
    )


def order(
    planner: CasePlanner,
    tag: int,
    day: date,
    asset: int,
    account: int,
    side: str,
    second: float,
    quantity: float,
    rule: str = "own",
    ticks: float = 0,
    lifetime: float | None = None,
) -> None:
    """One order of an account; the quantity is held to what a single listed order may be."""
    planner.plan.trading.orders.append(
        PlannedOrder(
            day=day,
            asset=asset,
            account=account,
            side=side,
            second=float(min(max(second, 1.0), SESSION_END)),
            quantity=int(min(max(quantity, 1), _LARGEST)),
            rule=rule,
            ticks=round(ticks),
            lifetime_seconds=lifetime,
            tag=tag,
        )
    )


def tonnes(rng: np.random.Generator, quantity: float, least: int = 20) -> int:
    """A quantity as people write it: mostly round, sometimes odd."""
    whole = max(int(quantity), least)
    draw = rng.random()
    if whole >= 2_000 and draw < 0.7:
        return whole // 100 * 100
    if whole >= 100 and draw < 0.7:
        return whole // 10 * 10
    return whole
