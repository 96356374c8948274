"""One-way auctions: allowances from the reserve, announced days, sealed bids, one price for all who win.

The last auction of a year comes shortly before the deadline and offers what short emitters still lack, so
that everybody who means to comply can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.frames import money
from pipelines.simulator.plan.trading import PlannedBid
from pipelines.simulator.registry import Registry
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading.situation import Morning
from pipelines.simulator.world import World

_DELIVERY = 15.6 * 3600
_LOT = 1_000


def auction_days(timeline: Timeline) -> list[date]:
    """Days of all auctions of the span in time, eight a year [B-14]; their numbers are the places here."""
    days = []
    for year in timeline.years:
        for month, first in calibration.AUCTION_MONTHS_DAYS:
            days.append(next(day for day in timeline.trading_days if day >= date(year, month, first)))
    return days


@dataclass
class Auctions:
    """Holds the auctions and keeps what is published of them."""

    world: World
    registry: Registry
    timeline: Timeline
    planned: list[PlannedBid]
    _auctions: list[tuple[str, date, str | None, int, int, int | None, int]] = field(default_factory=list)
    _bids: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note the days."""
        self._days = {day: number for number, day in enumerate(auction_days(self.timeline))}
        accounts = self.world.accounts
        self._others = accounts.with_role("treasury", "fund", "broker")
        self._seller = self.world.official("auction")

    def is_held(self, day: date) -> bool:
        """Whether there is an auction that day."""
        return day in self._days

    def hold(self, now: Morning, covered: float, rng: np.random.Generator) -> None:
        """Offer, take bids, clear and deliver; positions and money in `now` are changed."""
        number = self._days[now.day]
        asset, reference = now.main, now.closes[now.main]
        is_last = now.day == max(day for day in self._days if day.year == now.day.year)
        short = np.where(now.position < 0, -now.position, 0)
        short[now.away] = 0
        usual = max(round(calibration.AUCTION_SHARE * covered / _LOT) * _LOT, 10 * _LOT)
        offered = int(usual + (np.ceil(1.02 * short.sum() / _LOT) * _LOT if is_last else 0))
        account, price, quantity, tag = self._book(now, number, short, is_last, usual, reference, rng)
        reserve = round(reference * calibration.RESERVE_PRICE)
        awarded, clearing = cleared(price, quantity, offered, reserve)
        sold = int(awarded.sum())
        identity = f"A-{now.day.year}-{1 + number % calibration.AUCTIONS_A_YEAR:02d}"
        name = self.timeline.assets[asset].instrument_id
        self._auctions.append((identity, now.day, name, offered, reserve, clearing, sold))
        order = rng.permutation(len(account))
        self._bids.append(
            pl.DataFrame(
                {
                    "auction_id": [identity] * len(account),
                    "account_id": [self.world.accounts.id[a] for a in account[order]],
                    "price": money(price[order]),
                    "quantity": quantity[order],
                    "awarded": awarded[order],
                    "tag": tag[order],
                }
            )
        )
        if sold:
            self._deliver(now, asset, account, awarded, clearing or reserve, tag)

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`auctions` and `auction_bids` (with `tag`)."""
        columns = list(zip(*self._auctions, strict=True)) or [()] * 7
        auctions = pl.DataFrame(
            {
                "auction_id": pl.Series(columns[0], dtype=pl.String),
                "date": pl.Series(columns[1], dtype=pl.Date),
                "instrument_id": pl.Series(columns[2], dtype=pl.String),
                "offered": pl.Series(columns[3], dtype=pl.Int64),
                "reserve_price": money(columns[4]),
                "clearing_price": pl.Series(columns[5], dtype=pl.Int64).cast(pl.Decimal(38, 2)) / 100,
                "sold": pl.Series(columns[6], dtype=pl.Int64),
            }
        )
        bids = pl.concat(self._bids)
        ids = [f"B-{number + 1:06d}" for number in range(bids.height)]
        return auctions, bids.with_columns(pl.Series("bid_id", ids))

    def _book(
        self, now: Morning, number: int, short: np.ndarray, is_last: bool, usual: int, reference: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
        """All bids: accounts, cents, tonnes, tags. In the last auction the short bid for all they lack."""
        needy = np.flatnonzero(short)
        if not is_last:
            needy = needy[rng.random(len(needy)) < 0.12]
        others = self._others[~now.away[self._others] & (now.limit[self._others] > 0)]
        others = others[rng.random(len(others)) < 0.16]
        worth = 100 * np.exp(now.values[now.main])
        eager = rng.uniform(1.0, 1.09, len(needy)) if is_last else rng.normal(0.995, 0.03, len(needy))
        dear = np.maximum(reference, worth if not is_last else 0) * eager
        cheap = worth * rng.normal(0.965, 0.03, len(others))
        amount = np.minimum(short[needy], (0.35 if not is_last else 1e9) * usual)
        stock = usual * rng.lognormal(-1.6, 0.7, len(others))
        free = (0.85 * now.limit[others] - now.holdings[others].sum(axis=1)).clip(0)
        stock = np.minimum(np.round(stock / 500 + 0.5) * 500, free)
        planned = [bid for bid in self.planned if bid.auction == number]
        account = np.concatenate([needy, others, [bid.account for bid in planned]]).astype(np.int64)
        steps = [max(round(100 * bid.step), 1) for bid in planned]
        set_prices = [
            round(reference * (1 + bid.price_offset) / step) * step
            for bid, step in zip(planned, steps, strict=True)
        ]
        price = np.concatenate([np.round(dear), np.round(cheap), set_prices]).astype(np.int64)
        quantity = np.concatenate([np.ceil(amount), stock, [bid.quantity for bid in planned]]).astype(
            np.int64
        )
        tag = np.zeros(len(account), np.int64)
        if planned:
            tag[-len(planned) :] = [bid.tag for bid in planned]
        keep = (quantity > 0) & (price > 0)
        return account[keep], price[keep], quantity[keep], tag[keep]

    def _deliver(
        self, now: Morning, asset: int, account: np.ndarray, awarded: np.ndarray, price: int, tag: np.ndarray
    ) -> None:
        won = np.flatnonzero(awarded)
        total = int(awarded.sum())
        self.registry.release_for_auction(now.day, asset, total)
        moments = calendar.local(now.day, _DELIVERY) + np.arange(len(won)) * 50_000
        count = len(won)
        self.registry.ledger.move_many(
            moments,
            np.full(count, self._seller),
            account[won],
            np.full(count, asset),
            awarded[won],
            "auction",
            tags=tag[won],
        )
        np.add.at(now.position, account[won], awarded[won])
        np.add.at(now.holdings, (account[won], np.full(count, asset)), awarded[won])
        np.subtract.at(now.purse, account[won], awarded[won] * price)


def cleared(
    price: np.ndarray, quantity: np.ndarray, offered: int, reserve: int
) -> tuple[np.ndarray, int | None]:
    """Uniform clearing: what each bid is awarded and the lowest winning price; None where nothing is sold.

    Higher prices come first; the bids at the clearing price share what is left in proportion.
    """
    awarded = np.zeros(len(price), np.int64)
    left, clearing = offered, None
    for level in np.unique(price[price >= reserve])[::-1]:
        if left <= 0:
            break
        here = np.flatnonzero(price == level)
        wanted = int(quantity[here].sum())
        if wanted <= left:
            awarded[here] = quantity[here]
        else:
            awarded[here] = quantity[here] * left // wanted
        left -= wanted
        clearing = int(level)
    return awarded, clearing
