"""How much trading a year brings: its volume from the emissions covered, its orders from the scale.

Volume follows the compliance season. How many orders come and how large they are is kept near the figures of
the scale by a slow correction; prices are not corrected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.instruments import Asset
from pipelines.simulator.scales import Scale
from pipelines.simulator.timeline import Timeline

# All numbers here are own: traits and habits that make the market look plausible.
_WINDOW = 10  # trading days between corrections
_STEP = (0.7, 1.4)
_BOUNDS = (0.15, 6.0)
_ORDERS, _TAKERS, _SIZE = range(3)


@dataclass
class Course:
    """Expected trading by day.

    `covered` is what has to be surrendered (t) by compliance year, `planned` what is arranged to be traded in
    the book (t) by trading year: it leaves the less to everybody else. `moods` draws how lively each day is
    beside its month; without it all days of a month are alike.
    """

    scale: Scale
    timeline: Timeline
    covered: dict[int, float]
    planned: dict[int, float] = field(default_factory=dict)
    moods: np.random.Generator | None = None
    _pace: np.ndarray = field(default_factory=lambda: np.ones(3))
    _seen: np.ndarray = field(default_factory=lambda: np.zeros((2, 3)))
    _days_seen: int = 0

    def __post_init__(self) -> None:
        """Spread each year over its trading days."""
        self.seasons: dict[int, np.ndarray] = {}
        self._place: dict[date, tuple[int, int]] = {}
        for year in self.timeline.years:
            days = [day for day in self.timeline.trading_days if day.year == year]
            month = np.array([day.month for day in days])
            mood = np.ones(len(days))
            if self.moods is not None:
                mood = self.moods.lognormal(0, calibration.DAY_SPREAD, len(days))
            share = np.array(
                [
                    calibration.MONTH_SHARE[m] * one / mood[month == m].sum()
                    for m, one in zip(month, mood, strict=True)
                ]
            )
            self.seasons[year] = share / share.sum()
            self._place.update({day: (year, n) for n, day in enumerate(days)})

    def place(self, day: date) -> int:
        """Which trading day of its year it is, from 0."""
        return self._place[day][1]

    def season(self, day: date) -> float:
        """The day's part of its year's volume."""
        year, place = self._place[day]
        return float(self.seasons[year][place])

    def volume(self, year: int) -> float:
        """Expected volume of a trading year, t."""
        return calibration.VOLUME_SHARE[year] * self.covered[year - 1]

    def blocks(self, day: date) -> float:
        """Expected volume of blocks on a day, t."""
        return calibration.BLOCK_SHARE * self.volume(day.year) * self.season(day)

    def listed(self, day: date) -> float:
        """Expected listed volume on a day beside what is arranged, t."""
        volume = self.volume(day.year)
        most = (1 - calibration.BLOCK_SHARE) * volume - self.planned.get(day.year, 0.0)
        return max(most, calibration.LEAST_LISTED_SHARE * volume) * self.season(day)

    def credits(self, day: date) -> float:
        """Expected volume of credits on a day, t."""
        return calibration.CREDIT_VOLUME_SHARE * self.covered[day.year - 1] * self.season(day)

    def credit_hazard(self, day: date) -> float:
        """Chance that somebody who needs credits buys them today rather than on a later day in time."""
        year, place = self._place[day]
        rest = self.seasons[year][place : len(self.seasons[year]) - calibration.CREDIT_LAST_SESSIONS]
        return float(rest[0] / rest.sum()) if len(rest) else 0.0

    def orders(self, day: date) -> float:
        """How many orders come to the book on a day, takers included."""
        return self._events(day) / calibration.EVENTS_PER_ORDER * float(self._pace[_ORDERS])

    def takers(self, day: date) -> float:
        """How many of them take what stands."""
        return self._trades(day) / calibration.TRADES_PER_TAKER * float(self._pace[_TAKERS])

    def size(self, day: date) -> float:
        """A usual order on a day, t."""
        return float(max(1.4 * self.listed(day) / self._trades(day) * self._pace[_SIZE], 1.0))

    def weights(self, day: date, assets: tuple[Asset, ...]) -> np.ndarray:
        """The part of the orders that goes to each listed asset, 0 for others; a new vintage draws slowly."""
        out = np.zeros(len(assets))
        listed = [
            n for n, a in enumerate(assets) if a.instrument_id and a.listed_from and a.listed_from <= day
        ]
        vintages = [n for n in listed if assets[n].is_allowance][::-1]
        for rank, asset in enumerate(vintages):
            out[asset] = calibration.INSTRUMENT_WEIGHTS[min(rank, len(calibration.INSTRUMENT_WEIGHTS) - 1)]
        if len(vintages) > 1:
            newest, before = vintages[:2]
            age = (day - (assets[newest].listed_from or day)).days
            ripe = min((age + 3) / calibration.NEW_LISTING_DAYS, 1.0)
            swap = (out[newest] - out[before]) * (1 - ripe)
            out[newest] -= swap
            out[before] += swap
        for asset in listed:
            if not assets[asset].is_allowance:
                out[asset] = calibration.CREDIT_WEIGHT
        return out / out.sum()

    def note(self, day: date, brought: np.ndarray) -> None:
        """Take in a day's events, trades and listed tonnes beside what was arranged; correct the pace."""
        self._seen += [[self._events(day), self._trades(day), self.listed(day)], brought]
        self._days_seen += 1
        if self._days_seen == _WINDOW:
            wanted, found = self._seen
            step = (wanted / np.maximum(found, 1)) ** 0.6
            self._pace = (self._pace * step.clip(*_STEP)).clip(*_BOUNDS)
            self._seen[:] = 0
            self._days_seen = 0

    def _count_share(self, day: date) -> float:
        year, place = self._place[day]
        share = self.seasons[year] ** calibration.COUNT_EXPONENT
        return float(share[place] / share.sum())

    def _events(self, day: date) -> float:
        return self.scale.order_events_per_year * self._count_share(day)

    def _trades(self, day: date) -> float:
        return self.scale.listed_trades_per_year * self._count_share(day)
