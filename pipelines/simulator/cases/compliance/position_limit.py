"""Holdings above the position limit, gathered in a few weeks by block deals or plain transfers.

Look-alikes: a holder just under the limit, and an emitter whose allocation alone is larger than it.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.cases.compliance.duties import emitters, take
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import Movement
from pipelines.simulator.plan.trading import Deal

# What is held at the height, as a multiple of the limit.
_HELD = {"faint": (1.02, 1.1), "plain": (1.2, 1.7), "blatant": (2.0, 3.6)}
_BEFORE = (0.80, 0.93)
_JUST_UNDER = (0.94, 0.99)
_LOT = (100_000, 480_000)
_WEEKS_DAYS = 15


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        account = _holder(planner, rng)
        asset = _asset(planner)
        before = float(rng.uniform(*_BEFORE))
        held = float(rng.uniform(*_HELD[severity]))
        _add(planner, account, asset, int(law.holding_limit() * before))
        days = _days(planner, rng)
        tag = planner.open_case(
            KIND.name,
            severity,
            f"holdings gathered to about {held:.2f} times the limit",
            planner.account_ids([account]),
            (
                planner.day_window(days[0], days[0])[0],
                planner.day_window(days[-1], planner.timeline.last_day)[1],
            ),
        )
        _gather(planner, rng, tag, account, asset, round(law.holding_limit() * (held - before)), days)
        _sit_still(planner, account)


def _sit_still(planner: CasePlanner, account: int) -> None:
    """Neither sell nor buy of its own accord, so that it holds what is arranged."""
    days = planner.timeline.trading_days
    planner.plan.trading.withhold([account], days)
    planner.plan.trading.keep_quiet([account], days)


def _holder(planner: CasePlanner, rng: np.random.Generator) -> int:
    """A fund or a broker that was there from the beginning."""
    opened = planner.world.accounts.opened_on
    able = [
        a for a in planner.with_role("fund", "broker") if _was_open(opened[a], planner.timeline.opening_day)
    ]
    account = take(planner, rng, able, _parts(planner))
    for pool in _parts(planner):
        planner.participants.take(rng, pool, [account], 1)
    return account


def _parts(planner: CasePlanner) -> tuple[str, ...]:
    """The pools of parts in the market, whose trades would add to what is held."""
    return ("market", *(f"market {year} {half}" for year in planner.timeline.years for half in (1, 2)))


def _was_open(opened: date | None, day: date) -> bool:
    return opened is None or opened < day


def _asset(planner: CasePlanner) -> int:
    """The newest vintage of those that are outstanding when the span begins."""
    first = planner.timeline.compliance_years[0]
    return max(
        column
        for column, asset in enumerate(planner.timeline.assets)
        if asset.is_allowance and asset.vintage is not None and asset.vintage < first
    )


def _days(planner: CasePlanner, rng: np.random.Generator) -> list[date]:
    days = planner.timeline.trading_days
    return planner.days_from(rng, days[20], days[-_WEEKS_DAYS - 25], _WEEKS_DAYS)


def _add(planner: CasePlanner, account: int, asset: int, quantity: int) -> None:
    opening = planner.plan.registry.opening
    opening[account, asset] = opening.get((account, asset), 0) + quantity


def _gather(
    planner: CasePlanner,
    rng: np.random.Generator,
    tag: int,
    account: int,
    asset: int,
    wanted: int,
    days: list[date],
) -> None:
    """Lots from several emitters, which hold them from before and keep them until then."""
    sources = planner.participants.free("market", planner.power)
    lots = [int(rng.integers(*_LOT)) for _ in range(max(round(wanted / np.mean(_LOT)), 1))]
    scale = wanted / sum(lots)
    for lot in lots:
        source = int(rng.choice(sources))
        quantity = max(int(lot * scale), 1)
        day = days[int(rng.integers(len(days)))]
        _add(planner, source, asset, quantity)
        planner.plan.trading.withhold([source], [d for d in planner.timeline.trading_days if d <= day])
        if quantity >= _LOT[0] and rng.random() < 0.7:
            discount = float(rng.uniform(0.005, 0.045))
            second = float(rng.uniform(7_500, 13_500))
            planner.plan.trading.deals.append(
                Deal(day, asset, source, account, quantity, second, "block", discount, tag=tag)
            )
        else:
            second = float(rng.uniform(9.2, 16.0)) * 3600
            planner.plan.registry.movements.append(
                Movement(day, second, asset, source, account, quantity, "other", tag)
            )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for number in range(planner.scale.cases_per_kind):
        if number % 2:
            entity = take(planner, rng, emitters(planner), ("market",))
            planner.participants.take(rng, "market", [entity], 1)
            _add(planner, entity, _asset(planner), int(law.holding_limit() * rng.uniform(0.5, 0.8)))
            planner.plan.trading.withhold([entity], planner.timeline.trading_days)
            account, text = (
                entity,
                "an emitter's holdings of more than the limit, within its allocation and the limit",
            )
        else:
            account = _holder(planner, rng)
            _add(planner, account, _asset(planner), int(law.holding_limit() * rng.uniform(*_JUST_UNDER)))
            _sit_still(planner, account)
            text = "holdings just under the limit"
        window = planner.day_window(planner.timeline.opening_day, planner.timeline.last_day)
        planner.note_lookalike(KIND.name, text, planner.account_ids([account]), window)


KIND = Kind(
    "position_limit", _arrange, _resemble, "just under the limit, or above it by a large allocation alone"
)
