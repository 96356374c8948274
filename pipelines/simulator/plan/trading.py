"""Arrangements in the market: deals, single orders, campaigns, bids, news, and who stays away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Deal:
    """Two accounts that mean to trade with each other.

    A listed deal is posted inside the spread and taken `pause` seconds later by an order at the same
    price; somebody else may be faster, and what was missed is tried again later that day. A block deal
    is agreed at `discount` below the previous close (negative: above it).
    """

    day: date
    asset: int
    seller: int
    buyer: int
    quantity: int
    second: float
    mode: str = "listed"
    discount: float = 0.0
    pause: float | None = None
    tag: int = 0


@dataclass(frozen=True)
class PlannedOrder:
    """One order that somebody enters for a purpose, priced when it is entered.

    `rule` says from where the price is counted, `ticks` how many cents towards the other side (negative:
    away from it): `own` the best price of its own side, `other` the best of the other side, `last` the
    last trade, `close` the previous close, `fixed` the absolute price `ticks`. Prices are held within the
    day's limits. The order is withdrawn after `lifetime_seconds` if any of it is left (None: it expires
    with the session).
    """

    day: date
    asset: int
    account: int
    side: str
    second: float
    quantity: int
    rule: str = "own"
    ticks: int = 0
    lifetime_seconds: float | None = None
    tag: int = 0


@dataclass(frozen=True)
class Campaign:
    """An account that buys or sells day after day beyond its own need.

    It enters about `daily_quantity` on every trading day from `first` to `last`, `urgency` from 0
    (waits at its own side's best price) to 1 (takes what the other side offers). Quantities of 100,000 t
    and more a day are sought as blocks.
    """

    account: int
    asset: int
    side: str
    first: date
    last: date
    daily_quantity: int
    urgency: float = 0.5
    tag: int = 0


@dataclass(frozen=True)
class PlannedBid:
    """A bid in the auction of that number (counted from the first), relative to the reference price.

    The price is rounded to a multiple of `step` CNY.
    """

    auction: int
    account: int
    price_offset: float
    quantity: int
    step: float = 0.01
    tag: int = 0


@dataclass
class TradingPlan:
    """What is arranged in the market.

    Days and assets are keys of four modulations: `news` shifts what everybody thinks an asset is worth
    (log), for good; `unrest` multiplies how much and how erratically speculators trade; `activity`
    multiplies how many orders come at all; `tilt` shifts the balance of speculators towards buying
    (positive) or selling, from -1 to 1. `quiet` accounts do no ordinary trading on a day; `withheld`
    accounts sell nothing of their own accord on a day, but go on buying.

    `levels` (level in CNY/t, weight from 0 to 1) draws what everybody thinks an asset is worth on that day
    towards a level: worth = level**weight * usual worth**(1 - weight). It lasts for that day only.
    """

    deals: list[Deal] = field(default_factory=list)
    orders: list[PlannedOrder] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    bids: list[PlannedBid] = field(default_factory=list)
    news: dict[tuple[date, int], float] = field(default_factory=lambda: defaultdict(float))
    unrest: dict[tuple[date, int], float] = field(default_factory=dict)
    activity: dict[tuple[date, int], float] = field(default_factory=dict)
    tilt: dict[tuple[date, int], float] = field(default_factory=dict)
    levels: dict[tuple[date, int], tuple[float, float]] = field(default_factory=dict)
    quiet: dict[date, set[int]] = field(default_factory=lambda: defaultdict(set))
    withheld: dict[date, set[int]] = field(default_factory=lambda: defaultdict(set))

    def keep_quiet(self, accounts: list[int], days: list[date]) -> None:
        """These accounts do no ordinary trading on these days."""
        for day in days:
            self.quiet[day].update(accounts)

    def withhold(self, accounts: list[int], days: list[date]) -> None:
        """These accounts sell nothing of their own accord on these days."""
        for day in days:
            self.withheld[day].update(accounts)
