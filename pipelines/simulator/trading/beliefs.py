"""Valuations of an allowance: public news, what is learned from trading, and individual views.

In logarithms of CNY/t. No price is given: valuations decide about orders, and prices result from matching.
After Chiarella and Iori (2002) and Lux and Marchesi (1999): part of the traders act on their valuation, part
follow the trend, more of them when prices have moved, and the more prices have moved, the less certain all of
them are. That is where clustered volatility and heavy tails come from.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.plan import TradingPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

# All numbers here are own: traits and habits that make the market look plausible.
_CHARTISTS = (0.15, 0.60)  # least and most of the speculators' orders that follow the trend
_MOST_FELT = 3.5  # times the usual volatility that anybody reacts to
_MOOD_KEPT = 0.75
_TILTED = 0.04  # log, what a full tilt adds to every outlook
_MOOD = 0.012
_NERVES = 0.85  # how far felt volatility makes news and moods larger


class Beliefs:
    """Public values by asset and private views by account, moved on once a trading day."""

    def __init__(self, timeline: Timeline, plan: TradingPlan, accounts: int, streams: Streams) -> None:
        """Before the first trading day."""
        self._assets = timeline.assets
        self._plan = plan
        rng = streams.of("trading", "beliefs")
        first = timeline.years[0]
        opening = np.log(calibration.OPENING_PRICE[first])
        self._policy = {when: step for when, step in calibration.POLICY_NEWS if when.year >= first}
        self._target = self._known = float(opening)
        self._minor = 0.0
        self._mood = 0.0
        self._learned = 0.0
        self._credit = 0.0
        self._shift = np.zeros(len(self._assets))
        self.private = rng.normal(0, calibration.PRIVATE_SPREAD, accounts)
        self.felt = np.full(len(self._assets), calibration.VOLATILITY)
        self.average = np.zeros(len(self._assets))

    def wake(self, day: date, rng: np.random.Generator) -> np.ndarray:
        """Take in what is known by that morning; the public value of every asset."""
        self._target += sum(step for when, step in self._policy.items() if when <= day)
        self._policy = {when: step for when, step in self._policy.items() if when > day}
        self._known += calibration.ABSORPTION * (self._target - self._known)
        main = self._main(day)
        excited = self._plan.unrest.get((day, main), 1.0)
        tails = calibration.MINOR_NEWS_TAILS
        news = calibration.MINOR_NEWS * float(rng.standard_t(tails)) / np.sqrt(tails / (tails - 2))
        nerves = float(self.felt[main] / calibration.VOLATILITY) ** _NERVES
        self._minor = (1 - calibration.MINOR_NEWS_FADES) * self._minor + news * nerves
        self._mood = _MOOD_KEPT * self._mood + _MOOD * nerves * float(rng.normal())
        self._learned *= 1 - calibration.FLOW_FORGOTTEN
        wander = calibration.CREDIT_SPREAD * np.sqrt(0.04)
        self._credit = 0.98 * self._credit + wander * float(rng.normal())
        fades = calibration.PRIVATE_FADES
        fresh = calibration.PRIVATE_SPREAD * np.sqrt(2 * fades)
        self.private = (1 - fades) * self.private + fresh * rng.standard_normal(len(self.private))
        level = self._known + self._minor + self._learned
        own = rng.normal(0, 0.0015, len(self._assets)) * excited
        values = np.array([level + self._spread(asset, day) for asset in range(len(self._assets))]) + own
        for asset in range(len(self._assets)):
            self._shift[asset] += self._plan.news.get((day, asset), 0.0)
            values[asset] += self._erratic(day, asset, rng)
            goal, weight = self._plan.levels.get((day, asset), (0.0, 0.0))
            if weight > 0:
                values[asset] += weight * (np.log(goal) - values[asset] - self._shift[asset])
        return values + self._shift

    def mood(self, day: date, asset: int) -> float:
        """What speculators lean to together that day, for no reason of value (log)."""
        return self._mood + _TILTED * self._plan.tilt.get((day, asset), 0.0)

    def doubt(self, day: date, asset: int) -> float:
        """How far single judgements scatter (log)."""
        return 0.45 * float(self.felt[asset]) * self._plan.unrest.get((day, asset), 1.0) ** 0.5

    def chartists(self, day: date, asset: int, close: float) -> float:
        """Share of the speculators' orders that follow the trend: the more the more prices have moved."""
        least, most = _CHARTISTS
        trend = abs(np.log(close / self.average[asset])) if self.average[asset] > 0 else 0.0
        moved = float(self.felt[asset]) / calibration.VOLATILITY - 1 + trend / (2 * calibration.VOLATILITY)
        moved += 0.5 * (self._plan.unrest.get((day, asset), 1.0) - 1)
        return float(least + (most - least) / (1 + np.exp(1.5 - 1.5 * moved)))

    def learn(self, asset: int, close_return: float, one_sided: float, is_main: bool) -> None:
        """Take in a day's return (log) and how one-sided its taking orders were (-1 to 1)."""
        weight = calibration.VOLATILITY_MEMORY
        moved = min(abs(close_return) * 1.25, _MOST_FELT * calibration.VOLATILITY)
        self.felt[asset] = (1 - weight) * self.felt[asset] + weight * max(moved, 0.3 * calibration.VOLATILITY)
        if is_main:
            self._learned += calibration.FLOW_LEARNED * one_sided

    def _erratic(self, day: date, asset: int, rng: np.random.Generator) -> float:
        """What rumours do on days of unrest: a shock that is gone the day after."""
        draw = float(rng.normal())
        unrest = self._plan.unrest.get((day, asset), 1.0)
        return draw * calibration.VOLATILITY * max(unrest - 1, 0.0) * 0.8

    def _main(self, day: date) -> int:
        listed = [
            n for n, a in enumerate(self._assets) if a.is_allowance and a.listed_from and a.listed_from <= day
        ]
        return listed[-1]

    def _spread(self, asset: int, day: date) -> float:
        it = self._assets[asset]
        if not it.is_allowance:
            return self._credit - calibration.CREDIT_DISCOUNT
        newest = self._assets[self._main(day)].vintage or 0
        return -calibration.VINTAGE_DISCOUNT * max(newest - (it.vintage or newest), 0)
