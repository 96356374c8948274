"""Who enters orders of their own accord on a day, and which.

Emitters trade towards their position: short ones buy, long ones sell a part of what they can spare,
more of them the nearer the deadline. Traders buy and sell around an inventory that they like to hold,
makers quote both sides all day. Prices scatter around the day's value; some orders are amended or
cancelled before they trade.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.trading.book import BUY, SELL
from pipelines.simulator.trading.session import Intent, Terms
from pipelines.simulator.world import World

_EMITTER_MEDIAN = 2_500
_TRADER_MEDIAN = 900
_LIVELINESS = 0.22  # chance of a short emitter to be in the market on a day of full season
_TRADER_LIVELINESS = 0.50
_AMENDED, _CANCELLED = 0.08, 0.12


@dataclass(frozen=True)
class Situation:
    """What agents know on a day: positions, what they may sell, and who stays out."""

    terms: Terms
    position: np.ndarray
    room: np.ndarray
    quiet: np.ndarray
    weight: float


class Agents:
    """Lasting traits of the account holders: thrift of emitters, inventories of traders."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        """Draw the traits."""
        count = len(world.accounts)
        self._thrift = rng.uniform(0.0, 0.6, count)
        self.inventory = rng.integers(15_000, 90_000, count)
        self._emitters = np.flatnonzero(world.entities.sector == "power")
        self._traders = world.accounts.with_role("trader", "arm")
        self._makers = world.accounts.with_role("maker")

    def spare(self, position: np.ndarray) -> np.ndarray:
        """What long emitters are ready to sell, by account."""
        return np.maximum(position, 0) * (1 - self._thrift)

    def intents(self, now: Situation, rng: np.random.Generator) -> list[Intent]:
        """All orders that agents mean to enter on that day for that instrument."""
        return [*self._of_emitters(now, rng), *self._of_traders(now, rng), *self._of_makers(now, rng)]

    def _of_emitters(self, now: Situation, rng: np.random.Generator) -> list[Intent]:
        season = calibration.SEASON[now.terms.day.month]
        draw = rng.random(len(self._emitters))
        size = rng.lognormal(np.log(_EMITTER_MEDIAN), 0.9, len(self._emitters))
        spare = self.spare(now.position)
        out = []
        for place, account in enumerate(self._emitters.tolist()):
            position = int(now.position[account])
            if now.quiet[account] or position == 0:
                continue
            if position < 0 and draw[place] < _LIVELINESS * season * now.weight:
                out.append(self._intent(now, rng, account, BUY, min(size[place], -position), -0.002))
            elif position > 0 and draw[place] < 0.5 * _LIVELINESS * season * now.weight:
                most = min(size[place], 0.4 * spare[account], now.room[account])
                out.append(self._intent(now, rng, account, SELL, most, 0.002))
        return [intent for intent in out if intent.quantity > 0]

    def _of_traders(self, now: Situation, rng: np.random.Generator) -> list[Intent]:
        season = calibration.SEASON[now.terms.day.month]
        draw = rng.random((3, len(self._traders)))
        size = rng.lognormal(np.log(_TRADER_MEDIAN), 0.8, len(self._traders))
        out = []
        for place, account in enumerate(self._traders.tolist()):
            if now.quiet[account] or draw[0, place] > (_TRADER_LIVELINESS + 0.1 * season) * now.weight:
                continue
            held = int(now.room[account])
            wants_more = draw[1, place] < 1 - held / (2 * self.inventory[account])
            side = BUY if wants_more else SELL
            quantity = size[place] if wants_more else min(size[place], held)
            out.append(self._intent(now, rng, account, side, quantity, -0.001 if wants_more else 0.001))
        return [intent for intent in out if intent.quantity > 0]

    def _of_makers(self, now: Situation, rng: np.random.Generator) -> list[Intent]:
        out = []
        width = calendar.SESSION_SECONDS / 4
        for account in self._makers.tolist():
            for quarter in range(4):
                start = quarter * width + float(rng.uniform(5, 120))
                end = (quarter + 1) * width - float(rng.uniform(1, 60))
                middle = now.terms.value * 100 * float(np.exp(rng.normal(0, 0.001)))
                for side, sign in ((BUY, -1), (SELL, 1)):
                    quantity = int(rng.integers(3, 16)) * 100
                    price = now.terms.bounded(middle * (1 + sign * 0.004))
                    moved = now.terms.bounded(middle * (1 + sign * 0.0035))
                    if side == SELL:
                        quantity = min(quantity, int(now.room[account]) // 6)
                    if quantity > 0:
                        amend = ((start + end) / 2, moved)
                        out.append(Intent(start, account, side, price, quantity, amend, end))
        return out

    def _intent(
        self,
        now: Situation,
        rng: np.random.Generator,
        account: int,
        side: str,
        quantity: float,
        lean: float,
    ) -> Intent:
        second = float(rng.uniform(0, calendar.SESSION_SECONDS - 1))
        wanted = now.terms.value * 100 * float(np.exp(rng.normal(lean, 0.006)))
        fate, pause, shift = rng.random(), float(rng.uniform(30, 4000)), float(rng.normal(0, 0.003))
        amend = (second + pause, now.terms.bounded(wanted * (1 + shift))) if fate < _AMENDED else None
        cancel = second + pause if _AMENDED <= fate < _AMENDED + _CANCELLED else None
        whole = int(min(quantity, calibration.LISTED_BELOW - 1))
        rounded = whole // 100 * 100 if whole >= 500 else whole
        return Intent(second, account, side, now.terms.bounded(wanted), rounded, amend, cancel)
