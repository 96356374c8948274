"""Carries out arranged trades, orders and campaigns on given rows, at the day's prices, settled and counted.

Prices are the market's of that day, so that high, low and close stay what they were; an arranged
block has the discount that was arranged.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import polars as pl

from pipelines.simulator import calendar, law
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.correspondence import SourceAsset
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.plan.trading import Campaign, Deal, PlannedOrder, TradingPlan

_CENT = Decimal("0.01")
_SETTLED_AFTER = 16.6 * 3600
_LIMITS = {"listed": Decimal("0.10"), "block": Decimal("0.30")}


class _Quote(NamedTuple):
    """A day's prices of an instrument."""

    previous: Decimal
    usual: Decimal


def carry_out(context: Context, plan: TradingPlan) -> None:
    """Everything of the plan that trades, in order of time."""
    acts: list[tuple[date, float, Deal | PlannedOrder]] = [
        (deal.day, deal.second, deal) for deal in plan.deals
    ]
    acts += [(order.day, order.second, order) for order in plan.orders]
    for campaign in plan.campaigns:
        acts += [(deal.day, deal.second, deal) for deal in _days_of(context, campaign)]
    done = 0
    for _, _, act in sorted(acts, key=lambda item: item[:2]):
        done += _deal(context, act) if isinstance(act, Deal) else _order(context, act)
    if acts and not done:
        raise UnplantableError("none of the chosen accounts holds what would be traded on these days")


def _days_of(context: Context, campaign: Campaign) -> list[Deal]:
    """A campaign as a trade on each day, with somebody who usually trades on the other side."""
    days = [d for d in context.match.timeline.trading_days if campaign.first <= d <= campaign.last]
    deals = []
    for day in days:
        other = context.counterparty(campaign.account)
        seller, buyer = (campaign.account, other) if campaign.side == "sell" else (other, campaign.account)
        quantity = max(int(campaign.daily_quantity * context.rng.uniform(0.7, 1.3)), 1)
        mode = "block" if quantity >= law.block_from() else "listed"
        second = float(context.rng.uniform(calendar.HALF_SESSION + 60, calendar.SESSION_SECONDS - 300))
        discount = 0.02 if mode == "block" else 0.0
        deals.append(Deal(day, campaign.asset, seller, buyer, quantity, second, mode, discount))
    return deals


def _asset(context: Context, column: int) -> SourceAsset:
    asset = context.match.assets.get(column)
    if asset is None:
        raise UnplantableError("the source has no instrument that stands for the one arranged")
    return asset


def _deal(context: Context, deal: Deal) -> int:
    """Plant one trade with its orders and settlement; returns 1, or 0 where the seller lacks the stock."""
    asset = _asset(context, deal.asset)
    seller, buyer = context.account(deal.seller), context.account(deal.buyer)
    if not context.copy.has("trades"):
        moment = context.match.moment(context.match.day(deal.day), _local_second(deal.second))
        return int(context.transfer(moment, seller, buyer, asset, deal.quantity, "other") > 0)
    day = context.match.trading_day(deal.day)
    if day is None or asset.instrument_id is None:
        return 0
    quote = _quote(context, day, asset)
    if quote is None:
        return 0
    settled = context.match.moment(day, _SETTLED_AFTER + deal.second / 20)
    opening = context.match.moment(day, 0.0)
    quantity = min(deal.quantity, context.holdings.spare(seller, asset, opening))
    if quantity <= 0:
        return 0
    price = quote.usual
    if deal.mode == "block":
        least, most = quote.previous * (1 - _LIMITS["block"]), quote.previous * (1 + _LIMITS["block"])
        price = min(max(quote.previous * (1 - Decimal(str(deal.discount))), least), most)
        price = price.quantize(_CENT, ROUND_HALF_UP)
    moment = context.match.moment(day, _local_second(deal.second))
    pause = deal.pause if deal.pause is not None else float(context.rng.uniform(5, 90))
    taken = min(moment + timedelta(seconds=pause), context.match.moment(day, 15 * 3600 - 1))
    turns = [("sell", seller), ("buy", buyer)]
    if context.rng.random() < 0.5:
        turns.reverse()
    orders = {
        side: _new_order(context, when, account, asset, side, deal.mode, price, quantity)
        for when, (side, account) in zip((moment, taken), turns, strict=True)
    }
    second = turns[1][0] if _names_aggressors(context, deal.mode) else None
    _trade(context, day, taken, settled, asset, deal.mode, price, quantity, (seller, buyer), orders, second)
    return 1


def _names_aggressors(context: Context, mode: str) -> bool:
    """Whether the source states who came second in trades of a mode, or else in any."""
    if mode not in context.names_aggressors:
        # What is planted follows the source, so that the first answer holds for the whole copy.
        known = context.copy.rows("trades", pl.col("mode") == mode)["aggressor"]
        if known.is_empty():
            known = context.copy.rows("trades")["aggressor"]
        context.names_aggressors[mode] = known.is_not_null().any()
    return context.names_aggressors[mode]


def _trade(
    context: Context,
    day: date,
    moment: datetime,
    settled: datetime,
    asset: SourceAsset,
    mode: str,
    price: Decimal,
    quantity: int,
    sides: tuple[str, str],
    orders: dict[str, str | None],
    aggressor: str | None,
) -> None:
    seller, buyer = sides
    trade_id = context.numbers.fresh("trades", context.numbers.near("trades", moment))
    context.copy.add(
        "trades",
        pl.DataFrame(
            {
                "trade_id": [trade_id],
                "ts": [moment],
                "instrument_id": [asset.instrument_id],
                "mode": [mode],
                "price": [price],
                "quantity": [quantity],
                "buy_account_id": [buyer],
                "sell_account_id": [seller],
                "buy_order_id": [orders["buy"]],
                "sell_order_id": [orders["sell"]],
                "aggressor": [aggressor],
            }
        ),
    )
    context.transfer(settled, seller, buyer, asset, quantity, "trade_settlement", trade_id)
    _count(context, day, asset, mode, price, quantity)


def _count(context: Context, day: date, asset: SourceAsset, mode: str, price: Decimal, quantity: int) -> None:
    """Add the trade to the exchange's figures of that day."""
    where = (pl.col("date") == day) & (pl.col("instrument_id") == asset.instrument_id)
    row = context.copy.rows("market_days", where)
    if not row.height:
        return
    volume, value = f"{mode}_volume", f"{mode}_value"
    fresh = row.with_columns(
        (pl.col(volume).fill_null(0) + quantity).alias(volume),
        (pl.col(value).fill_null(0) + pl.lit(price * quantity)).alias(value),
    )
    changed = [volume, value]
    if mode == "listed":
        fresh = fresh.with_columns(
            pl.max_horizontal("high", pl.lit(price)).alias("high"),
            pl.min_horizontal("low", pl.lit(price)).alias("low"),
            pl.coalesce("open", pl.lit(price)).alias("open"),
        )
        changed += ["high", "low", "open"]
    context.copy.change("market_days", fresh, *changed)


def _order(context: Context, order: PlannedOrder) -> int:
    """Plant an order that waits and is withdrawn; one that takes becomes a trade at the day's price."""
    asset = _asset(context, order.asset)
    if order.rule == "other":
        other, own = context.counterparty(order.account), order.account
        seller, buyer = (own, other) if order.side == "sell" else (other, own)
        return _deal(context, Deal(order.day, order.asset, seller, buyer, order.quantity, order.second))
    day = context.match.trading_day(order.day)
    quote = _quote(context, day, asset) if day is not None and asset.instrument_id is not None else None
    if day is None or quote is None or not context.copy.has("orders"):
        return 0
    account = context.account(order.account)
    price = quote.usual
    if order.rule == "fixed":
        price = Decimal(order.ticks) * _CENT
    else:
        start = quote.previous if order.rule == "close" else quote.usual
        sign = 1 if order.side == "buy" else -1
        away = 1 if order.rule == "own" else 0
        price = start + sign * (order.ticks - away) * _CENT
    low, high = quote.previous * (1 - _LIMITS["listed"]), quote.previous * (1 + _LIMITS["listed"])
    price = min(max(price, low), high).quantize(_CENT, ROUND_HALF_UP)
    quantity = order.quantity
    if order.side == "sell":
        quantity = min(quantity, context.holdings.spare(account, asset, context.match.moment(day, 0.0)))
    if quantity <= 0:
        return 0
    moment = context.match.moment(day, _local_second(order.second))
    order_id = _new_order(context, moment, account, asset, order.side, "listed", price, quantity)
    close = context.match.moment(day, 15 * 3600)
    ends = close if order.lifetime_seconds is None else moment + timedelta(seconds=order.lifetime_seconds)
    event = "expire" if ends >= close else "cancel"
    _event(context, min(ends, close), event, order_id, account, asset, order.side, "listed", price, 0)
    return 1


def _new_order(
    context: Context,
    moment: datetime,
    account: str,
    asset: SourceAsset,
    side: str,
    mode: str,
    price: Decimal,
    quantity: int,
) -> str | None:
    if not context.copy.has("orders"):
        return None
    order_id = context.numbers.fresh("orders", context.numbers.near("orders", moment, "order_id"), "order_id")
    _event(context, moment, "new", order_id, account, asset, side, mode, price, quantity)
    return order_id


def _event(
    context: Context,
    moment: datetime,
    event: str,
    order_id: str | None,
    account: str,
    asset: SourceAsset,
    side: str,
    mode: str,
    price: Decimal,
    quantity: int,
) -> None:
    context.copy.add(
        "orders",
        pl.DataFrame(
            {
                "event_id": [context.numbers.fresh("orders", context.numbers.near("orders", moment))],
                "order_id": [order_id],
                "ts": [moment],
                "event": [event],
                "account_id": [account],
                "instrument_id": [asset.instrument_id],
                "side": [side],
                "mode": [mode],
                "price": [price],
                "quantity": [quantity],
            }
        ),
    )


def _quote(context: Context, day: date, asset: SourceAsset) -> _Quote | None:
    """Previous close, and the price at which a listed trade leaves the day's close as it is."""
    where = (pl.col("date") == day) & (pl.col("instrument_id") == asset.instrument_id)
    row = context.copy.rows("market_days", where)
    if row.height and (row["close"][0] is not None or row["previous_close"][0] is not None):
        previous = row["previous_close"][0] or row["close"][0]
        return _Quote(previous, row["close"][0] or previous)
    start = context.match.moment(day, 0.0)
    same = (pl.col("instrument_id") == asset.instrument_id) & pl.col("price").is_not_null()
    before = context.copy.rows("trades", same & (pl.col("ts") < start)).sort("ts")
    today = context.copy.rows(
        "trades", same & (pl.col("ts") >= start) & (pl.col("ts") < start + timedelta(days=1))
    )
    if not before.height and not today.height:
        return None
    last = before["price"][-1] if before.height else today["price"][0]
    return _Quote(last, today["price"][0] if today.height else last)


def _local_second(second: float) -> float:
    """Seconds after midnight of a moment so many seconds into trading."""
    if second < calendar.HALF_SESSION:
        return calendar.MORNING_OPEN + second
    return calendar.AFTERNOON_OPEN + second - calendar.HALF_SESSION
