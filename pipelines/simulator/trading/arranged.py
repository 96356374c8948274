"""What the plan arranges in the market, carried out by the same book as everything else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator.plan import TradingPlan
from pipelines.simulator.plan.trading import Campaign, Deal, PlannedOrder
from pipelines.simulator.trading import kernel
from pipelines.simulator.trading.agenda import NEVER, Intents, session_times
from pipelines.simulator.trading.blocks import Block, BlockMarket, block_price, block_times
from pipelines.simulator.trading.situation import Morning

_RULES = {
    "own": kernel.OWN_BEST,
    "other": kernel.OTHER_BEST,
    "last": kernel.LAST_TRADE,
    "close": kernel.LAST_CLOSE,
    "fixed": kernel.FIXED,
}
_SIDES = {"buy": kernel.BUY, "sell": kernel.SELL}
_FUNDS = 10**15  # cents; whoever plans something has the money for it
_SESSIONS_A_DAY = 5 / 7
_FILLED = 0.4  # of what campaigns enter, about
_PAUSE = (0.3, 4.0)
_MOST = kernel.LISTED_BELOW - 1
_LAST_SECOND = calendar.SESSION_SECONDS - 2

Dated = TypeVar("Dated", Deal, PlannedOrder)


@dataclass(frozen=True)
class _Slice:
    """A campaign's quantity for one day."""

    campaign: Campaign
    quantity: int


class Arranged:
    """The plan by day and asset."""

    def __init__(self, plan: TradingPlan) -> None:
        """Sort deals, orders and campaigns."""
        self._deals = _by_day(plan.deals)
        self._orders = _by_day(plan.orders)
        self._campaigns = sorted(plan.campaigns, key=lambda one: one.first)
        self._today: list[_Slice] = []

    def listed_volume(self, assets: set[int]) -> dict[int, float]:
        """About how much of these assets is arranged to be traded in the book, t by year."""
        out: dict[int, float] = defaultdict(float)
        for day, deals in self._deals.items():
            out[day.year] += sum(
                one.quantity for one in deals if one.mode == "listed" and one.asset in assets
            )
        for it in self._campaigns:
            if it.daily_quantity < law.block_from() and it.asset in assets:
                days = _SESSIONS_A_DAY * ((it.last - it.first).days + 1)
                out[it.first.year] += _FILLED * it.daily_quantity * days
        return dict(out)

    def met_in_book(self, day: date, asset: int) -> int:
        """How much of an asset is to change hands in the book by arranged deals on a day, t."""
        return sum(
            one.quantity for one in self._deals.get(day, []) if one.mode == "listed" and one.asset == asset
        )

    def wake(self, now: Morning, rng: np.random.Generator) -> None:
        """Draw what campaigns do today, and let everybody with a plan bring the money."""
        self._today = []
        for one in self._campaigns:
            if one.first <= now.day <= one.last and one.asset in now.traded:
                quantity = int(one.daily_quantity * rng.uniform(0.75, 1.25))
                self._today.append(_Slice(one, max(quantity, 1)))
        buyers = [one.buyer for one in self._deals.get(now.day, [])]
        buyers += [one.account for one in self._orders.get(now.day, []) if one.side == "buy"]
        buyers += [one.campaign.account for one in self._today]
        now.purse[buyers] = np.maximum(now.purse[buyers], _FUNDS)

    def blocks(
        self, now: Morning, market: BlockMarket, spare: np.ndarray, rng: np.random.Generator
    ) -> list[Block]:
        """The day's arranged blocks, then those that campaigns seek; `now.sellable` is changed."""
        out = []
        for deal in self._deals.get(now.day, []):
            if deal.mode != "block" or deal.asset not in now.traded:
                continue
            quantity = int(min(deal.quantity, now.sellable[deal.seller, deal.asset]))
            if quantity < law.block_from():
                continue
            now.sellable[deal.seller, deal.asset] -= quantity
            now.position[deal.seller] -= quantity
            now.position[deal.buyer] += quantity
            first, second = block_times(rng)
            earliest = max(deal.second, calendar.HALF_SESSION + 1)
            second = earliest + (deal.pause if deal.pause is not None else second - first)
            first, second = min(earliest, _LAST_SECOND - 1), min(second, _LAST_SECOND)
            price = block_price(now.closes[deal.asset], deal.discount)
            posts = bool(rng.random() < 0.7)
            out.append(
                Block(deal.asset, deal.seller, deal.buyer, quantity, price, first, second, posts, deal.tag)
            )
        for one in self._today:
            it = one.campaign
            if one.quantity >= law.block_from():
                out += market.sought(
                    now, it.account, it.asset, it.side == "buy", one.quantity, spare, rng, it.tag
                )
        return out

    def reserved(self, day: date, asset: int, accounts: int) -> np.ndarray:
        """What plans sell in the book that day, by account, t."""
        out = np.zeros(accounts, np.int64)
        for deal in self._deals.get(day, []):
            if deal.mode == "listed" and deal.asset == asset:
                out[deal.seller] += deal.quantity
        for order in self._orders.get(day, []):
            if order.side == "sell" and order.asset == asset:
                out[order.account] += order.quantity
        for one in self._today:
            if one.campaign.side == "sell" and one.campaign.asset == asset:
                out[one.campaign.account] += one.quantity
        return out

    def enter(self, day: date, asset: int, size: float, rng: np.random.Generator, into: Intents) -> None:
        """The session's arranged deals, orders and campaign slices; `size` is a usual order, t."""
        for deal in self._deals.get(day, []):
            if deal.mode == "listed" and deal.asset == asset:
                self._listed_deal(deal, rng, into)
        for order in self._orders.get(day, []):
            if order.asset == asset:
                self._order(order, into)
        for one in self._today:
            if one.campaign.asset == asset and one.quantity < law.block_from():
                self._slices(one, size, rng, into)

    def _listed_deal(self, deal: Deal, rng: np.random.Generator, into: Intents) -> None:
        pause = float(rng.uniform(*_PAUSE)) if deal.pause is None else deal.pause
        seller_posts = bool(rng.random() < 0.5)
        poster, partner = (deal.seller, deal.buyer) if seller_posts else (deal.buyer, deal.seller)
        parts = -(-deal.quantity // _MOST)
        for part in range(parts):
            into.deal(
                min(deal.second + part * (pause + 20.0), _LAST_SECOND - pause - 1),
                poster,
                partner,
                kernel.SELL if seller_posts else kernel.BUY,
                deal.quantity // parts,
                pause,
                noise=float(rng.normal(0, 0.0008)),
                tag=deal.tag,
                planned=1,
            )

    @staticmethod
    def _order(order: PlannedOrder, into: Intents) -> None:
        until = NEVER if order.lifetime_seconds is None else order.second + order.lifetime_seconds
        into.add(
            np.array([min(order.second, _LAST_SECOND)]),
            order.account,
            _SIDES[order.side],
            order.quantity,
            _RULES[order.rule],
            order.ticks,
            until=until,
            tag=order.tag,
            planned=1,
        )

    @staticmethod
    def _slices(one: _Slice, size: float, rng: np.random.Generator, into: Intents) -> None:
        it = one.campaign
        count = int(np.clip(round(one.quantity / (5 * size)), 2, 24))
        parts = rng.multinomial(one.quantity, rng.dirichlet(np.full(count, 4.0)))
        parts = parts[parts > 0].clip(1, _MOST)
        count = len(parts)
        second = np.sort(session_times(rng, count))
        takes = rng.random(count) < it.urgency
        into.add(
            second,
            it.account,
            _SIDES[it.side],
            parts,
            np.where(takes, kernel.OTHER_BEST, kernel.OWN_BEST),
            np.where(takes, rng.integers(0, 4 + round(40 * it.urgency), count), rng.integers(-3, 3, count)),
            until=second + np.where(takes, rng.uniform(60, 1500, count), rng.uniform(600, 5000, count)),
            tag=it.tag,
            planned=1,
        )


def _by_day(plans: Sequence[Dated]) -> dict[date, list[Dated]]:
    out: dict[date, list[Dated]] = defaultdict(list)
    for one in plans:
        out[one.day].append(one)
    return out
