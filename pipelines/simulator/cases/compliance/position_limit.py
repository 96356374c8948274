"""Holdings above the position limit, gathered in a few weeks by block deals or plain transfers.

Look-alikes: a holder just under the limit, and an emitter whose allocation alone is larger than it.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.compliance.duties import HOLDING_LIMIT, emitters, take
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.plan.registering import Movement
from pipelines.simulator.plan.trading import Deal

# What is held at the height, as a multiple of the limit.
_HELD = {"faint": (1.02, 1.1), "plain": (1.2, 1.7), "blatant": (2.0, 3.6)}
_BEFORE = (0.80, 0.93)
_JUST_UNDER = (0.94, 0.99)
_LOT = (100_000, 480_000)
_WEEKS_DAYS = 15


def _arrange(stage: Stage, rng: np.random.Generator) -> None:
    for severity in stage.severities(rng):
        account = _holder(stage, rng)
        asset = _asset(stage)
        before = float(rng.uniform(*_BEFORE))
        held = float(rng.uniform(*_HELD[severity]))
        _add(stage, account, asset, int(HOLDING_LIMIT * before))
        days = _days(stage, rng)
        tag = stage.open_case(
            KIND.name,
            severity,
            f"holdings gathered to about {held:.2f} times the limit",
            stage.account_ids([account]),
            (stage.day_window(days[0], days[0])[0], stage.day_window(days[-1], stage.timeline.last_day)[1]),
        )
        _gather(stage, rng, tag, account, asset, round(HOLDING_LIMIT * (held - before)), days)
        _sit_still(stage, account)


def _sit_still(stage: Stage, account: int) -> None:
    """Neither sell nor buy of its own accord, so that it holds what is arranged."""
    days = stage.timeline.trading_days
    stage.plan.trading.withhold([account], days)
    stage.plan.trading.keep_quiet([account], days)


def _holder(stage: Stage, rng: np.random.Generator) -> int:
    """A fund or a broker that was there from the beginning."""
    opened = stage.world.accounts.opened_on
    able = [a for a in stage.with_role("fund", "broker") if _was_open(opened[a], stage.timeline.opening_day)]
    account = take(stage, rng, able, _parts(stage))
    for pool in _parts(stage):
        stage.cast.take(rng, pool, [account], 1)
    return account


def _parts(stage: Stage) -> tuple[str, ...]:
    """The pools of parts in the market, whose trades would add to what is held."""
    return ("market", *(f"market {year} {half}" for year in stage.timeline.years for half in (1, 2)))


def _was_open(opened: date | None, day: date) -> bool:
    return opened is None or opened < day


def _asset(stage: Stage) -> int:
    """The newest vintage of those that are outstanding when the span begins."""
    first = stage.timeline.compliance_years[0]
    return max(
        column
        for column, asset in enumerate(stage.timeline.assets)
        if asset.is_allowance and asset.vintage is not None and asset.vintage < first
    )


def _days(stage: Stage, rng: np.random.Generator) -> list[date]:
    days = stage.timeline.trading_days
    return stage.days_from(rng, days[20], days[-_WEEKS_DAYS - 25], _WEEKS_DAYS)


def _add(stage: Stage, account: int, asset: int, quantity: int) -> None:
    opening = stage.plan.registry.opening
    opening[account, asset] = opening.get((account, asset), 0) + quantity


def _gather(
    stage: Stage, rng: np.random.Generator, tag: int, account: int, asset: int, wanted: int, days: list[date]
) -> None:
    """Lots from several emitters, which hold them from before and keep them until then."""
    sources = stage.cast.free("market", stage.power)
    lots = [int(rng.integers(*_LOT)) for _ in range(max(round(wanted / np.mean(_LOT)), 1))]
    scale = wanted / sum(lots)
    for lot in lots:
        source = int(rng.choice(sources))
        quantity = max(int(lot * scale), 1)
        day = days[int(rng.integers(len(days)))]
        _add(stage, source, asset, quantity)
        stage.plan.trading.withhold([source], [d for d in stage.timeline.trading_days if d <= day])
        if quantity >= _LOT[0] and rng.random() < 0.7:
            discount = float(rng.uniform(0.005, 0.045))
            second = float(rng.uniform(7_500, 13_500))
            stage.plan.trading.deals.append(
                Deal(day, asset, source, account, quantity, second, "block", discount, tag=tag)
            )
        else:
            second = float(rng.uniform(9.2, 16.0)) * 3600
            stage.plan.registry.movements.append(
                Movement(day, second, asset, source, account, quantity, "other", tag)
            )


def _resemble(stage: Stage, rng: np.random.Generator) -> None:
    for number in range(stage.scale.cases_per_kind):
        if number % 2:
            entity = take(stage, rng, emitters(stage), ("market",))
            stage.cast.take(rng, "market", [entity], 1)
            _add(stage, entity, _asset(stage), int(HOLDING_LIMIT * rng.uniform(0.5, 0.8)))
            stage.plan.trading.withhold([entity], stage.timeline.trading_days)
            account, text = (
                entity,
                "an emitter's holdings of more than the limit, within its allocation and the limit",
            )
        else:
            account = _holder(stage, rng)
            _add(stage, account, _asset(stage), int(HOLDING_LIMIT * rng.uniform(*_JUST_UNDER)))
            _sit_still(stage, account)
            text = "holdings just under the limit"
        window = stage.day_window(stage.timeline.opening_day, stage.timeline.last_day)
        stage.note_lookalike(KIND.name, text, stage.account_ids([account]), window)


KIND = Kind(
    "position_limit", _arrange, _resemble, "just under the limit, or above it by a large allocation alone"
)
