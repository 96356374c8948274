"""Deals that two sides find outside the book: blocks, inventories, and the last purchases of a year.

Most of the market's volume is agreed like this (rule J-18 and its neighbours): a short emitter looks
for a long one. Near the deadline everybody who is still short does, until all have what they need.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.plan import Deal
from pipelines.simulator.trading.agents import Agents
from pipelines.simulator.world import World

_LOT = 1_000
_STOCKING_DAYS = 60
_WORTH_A_BLOCK = 50_000  # t; who needs that much often takes a whole block and banks the rest
_RUSH_FROM = 8  # December day from which short emitters look for sellers
_LAST_CALL = 22  # December day from which everybody does, and takes a block if that is what there is


class Broker:
    """Finds sellers for buyers."""

    def __init__(self, world: World, agents: Agents, rng: np.random.Generator) -> None:
        """Draw when each trader stocks up, counted in trading days from an instrument's listing."""
        self._agents = agents
        self._power = world.entities.sector == "power"
        self._stockers = world.accounts.with_role("trader", "arm", "maker")
        self._stocking_day = rng.integers(0, _STOCKING_DAYS, len(world.accounts))

    def deals(
        self,
        day: date,
        vintage: int,
        age: int,
        position: np.ndarray,
        room: np.ndarray,
        quiet: np.ndarray,
        rng: np.random.Generator,
    ) -> list[Deal]:
        """Deals of the day; `age` is how many trading days the instrument has been listed."""
        spare = np.zeros(len(position))
        count = len(self._power)
        spare[:count] = np.where(self._power, np.minimum(position[:count], room[:count]), 0)
        spare[quiet] = 0
        spare = spare.clip(0, None)
        out: list[Deal] = []
        for account in self._stockers.tolist():
            if age == self._stocking_day[account]:
                wanted = int(self._agents.inventory[account]) // 2 // _LOT * _LOT
                out += self._buy(day, vintage, account, wanted, spare, rng)
        for account in self._seekers(day, position, quiet, rng):
            wanted = int(-position[account])
            if wanted >= _WORTH_A_BLOCK and rng.random() < 0.6:
                wanted = max(wanted, calibration.LISTED_BELOW)
            out += self._buy(day, vintage, account, wanted, spare, rng)
        return out

    def _seekers(
        self, day: date, position: np.ndarray, quiet: np.ndarray, rng: np.random.Generator
    ) -> list[int]:
        season = calibration.SEASON[day.month]
        draw = rng.random(len(self._power))
        chance = 0.03 * season
        if day.month == 12 and day.day >= _RUSH_FROM:
            chance = 1.0 if day.day >= _LAST_CALL else 0.2
        wants = (position[: len(self._power)] < 0) & ~quiet[: len(self._power)] & (draw < chance)
        return rng.permutation(np.flatnonzero(wants)).tolist()

    def _buy(
        self, day: date, vintage: int, buyer: int, wanted: int, spare: np.ndarray, rng: np.random.Generator
    ) -> list[Deal]:
        """Up to three deals with those who can spare most; blocks where enough is wanted and there."""
        out = []
        last_call = day.month == 12 and day.day >= _LAST_CALL + 4
        for _ in range(3):
            if wanted <= 0:
                break
            seller = self._seller(spare, buyer, rng)
            quantity = int(min(wanted, spare[seller]))
            if seller == buyer or quantity <= 0:
                break
            if last_call and quantity < calibration.LISTED_BELOW <= spare[seller]:
                quantity = calibration.LISTED_BELOW
            is_block = quantity >= calibration.LISTED_BELOW
            mean, spread = calibration.BLOCK_DISCOUNT
            half = calendar.HALF_SESSION
            second = rng.uniform(half + 60, 2 * half - 600) if is_block else rng.uniform(60, 2 * half - 900)
            out.append(
                Deal(
                    day=day,
                    vintage=vintage,
                    seller=seller,
                    buyer=buyer,
                    quantity=quantity,
                    second=float(second),
                    mode="block" if is_block else "listed",
                    discount=float(np.clip(rng.normal(mean, spread), -0.01, 0.07)),
                )
            )
            spare[seller] -= quantity
            wanted -= quantity
        return out

    def _seller(self, spare: np.ndarray, buyer: int, rng: np.random.Generator) -> int:
        able = spare.copy()
        able[buyer] = 0
        ranked = np.argsort(-able, kind="stable")[:8]
        weight = able[ranked]
        if weight.sum() <= 0:
            return buyer
        return int(rng.choice(ranked, p=weight / weight.sum()))
