"""Who trades for profit: speculators with views of their own, and market makers.

Speculators (funds, group treasuries, brokers, consortia, individuals) compare the price with their valuation,
with the trend or with a random view; who holds more than intended values it less, so that what was bought in
blocks is offered in the book. Makers quote both sides all day and replace their quotes again and again.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.trading import kernel
from pipelines.simulator.trading.agenda import NEVER, Intents, session_times
from pipelines.simulator.trading.situation import Floor
from pipelines.simulator.world import World

# All numbers here are own: traits and habits that make the market look plausible.
_SHARES = {"fund": 0.50, "treasury": 0.10, "broker": 0.10, "consortium": 0.02, "individual": 0.28}
_SIZES = {"fund": 1.3, "treasury": 2.2, "broker": 2.2, "consortium": 0.8, "individual": 0.35}
_STOCK = {
    "fund": 0.45,
    "treasury": 0.22,
    "broker": 0.18,
    "consortium": 0.01,
    "individual": 0.02,
    "maker": 0.12,
}
_STOCK_OF_VOLUME = 0.30  # what traders like to hold together, of the year's volume
_STAYS = 0.22  # share of patient orders that stand until the end
_AMENDED = 0.16
_SMALL_NEWS = 0.015


class Traders:
    """Lasting traits of those who trade for profit."""

    def __init__(self, world: World, yearly_volume: float, rng: np.random.Generator) -> None:
        """Draw the traits; `yearly_volume` (t) scales what they like to hold."""
        count = len(world.accounts)
        self.likes = np.zeros(count)
        shares = np.zeros(count)
        self._sizes = np.zeros(count)
        for role, part in _STOCK.items():
            members = world.accounts.with_role(role)
            drawn = rng.lognormal(0, 0.7, len(members))
            if len(members):
                self.likes[members] = part * _STOCK_OF_VOLUME * yearly_volume * drawn / drawn.sum()
        self.likes = np.minimum(self.likes, 0.7 * law.holding_limit())
        for role, part in _SHARES.items():
            members = world.accounts.with_role(role)
            drawn = rng.lognormal(0, 0.8, len(members))
            if len(members):
                shares[members] = part * drawn / drawn.sum()
                self._sizes[members] = _SIZES[role] * rng.lognormal(0, 0.3, len(members))
        self._members = np.flatnonzero(shares > 0)
        self._cumulated = np.cumsum(shares[self._members]) / shares.sum()
        self._conviction = rng.uniform(0.2, 0.8, count)
        self._following = rng.uniform(0.2, 1.6, count) * np.where(rng.random(count) < 0.2, -0.5, 1.0)
        self.makers = world.accounts.with_role("maker")
        self._width = rng.uniform(0.6, 1.6, count)

    def crowding(self, held: np.ndarray) -> np.ndarray:
        """By account, how much less (log) is thought of what one has too much of already."""
        fullness = np.zeros(len(held))
        some = self.likes > 0
        fullness[some] = (held[some] / self.likes[some] - 1).clip(-1, 2)
        return calibration.INVENTORY_AVERSION * fullness

    def speculate(self, floor: Floor, private: np.ndarray, rng: np.random.Generator, into: Intents) -> None:
        """Orders of the speculators; `private` is each account's view against the public value (log)."""
        excited = floor.unrest**0.5
        takers = rng.poisson(max(floor.takers * excited, 0))
        patient = rng.poisson(max(floor.orders * (1 - calibration.MAKER_SHARE) * excited, 0))
        count = takers + patient
        if not count:
            return
        picked = np.searchsorted(self._cumulated, rng.random(count), side="right").clip(
            0, len(self._members) - 1
        )
        account = self._members[picked]
        second = session_times(rng, count)
        follows = rng.random(count) < floor.chartists
        belief = 100 * np.exp(floor.value + private[account])
        doubt = floor.doubt * np.where(rng.random(count) < 0.08, 2.5, 1.0)
        impatient = np.arange(count) < takers
        cents = floor.close / 10_000  # ticks are meant for a price of 100 CNY
        behind = np.exp(rng.normal(1.9, 1.15, count)) * cents * (floor.doubt / 0.006) ** 0.5
        behind[rng.random(count) < 0.30] = -1
        beyond = np.exp(rng.normal(2.6, 0.9, count)) * cents
        stays = rng.random(count) < _STAYS
        life = np.exp(rng.normal(6.2, 1.3, count))
        amended = rng.random(count) < _AMENDED
        size = self._sizes[account] * np.exp(rng.normal(-0.5, calibration.SIZE_SPREAD, count)) * floor.size
        into.add(
            second,
            account,
            kernel.EITHER,
            rounded(size, rng),
            kernel.OPINION,
            np.where(impatient, beyond, behind).clip(-1, 900),
            belief=belief,
            conviction=np.where(follows, 0.06, self._conviction[account]),
            trend=np.where(follows, self._following[account], 0.0),
            noise=rng.normal(floor.mood, doubt, count),
            impatient=impatient,
            until=np.where(stays & ~impatient, NEVER, second + np.where(impatient, 0.3 * life, life)),
            amend_at=np.where(amended, second + 0.5 * life * rng.random(count), NEVER),
            amend_ticks=np.where(rng.random(count) < 0.25, 0, rng.integers(-6, 13, count)),
        )

    def quote(self, floor: Floor, held: np.ndarray, rng: np.random.Generator, into: Intents) -> None:
        """Two-sided quotes of the makers, each replaced by the next; `held` is what everybody holds (t)."""
        pairs = floor.orders * calibration.MAKER_SHARE / 2 / max(len(self.makers), 1)
        rounds = np.maximum(rng.poisson(pairs, len(self.makers)), 2)
        rounds *= rng.random(len(self.makers)) < floor.liveliness
        account, rounds_of = np.repeat(self.makers, rounds), np.repeat(rounds, rounds)
        count = len(account)
        if not count:
            return
        end = calendar.SESSION_SECONDS
        # Places within each maker's day: a first quote at once, the others spread with scatter.
        place = np.arange(count) - np.repeat(np.cumsum(rounds) - rounds, rounds)
        gap = end / rounds_of
        start = (place + np.where(place == 0, 0.02, rng.uniform(0.0, 0.9, count))) * gap
        later = np.append(start[1:], end)
        until = np.where(place == rounds_of - 1, end - rng.uniform(1, 400, count), later - 0.02)
        likes = np.maximum(self.likes[account], 1.0)
        skew = -(held[account] / likes - 1).clip(-1, 2) * 2.5 * floor.close / 10_000
        width = self._width[account] * floor.close / 10_000 * (6 + 2600 * floor.doubt)
        # Small news leaves a maker's first quotes near the last close; large news moves them at once.
        gap = floor.value - np.log(floor.close / 100)
        belief = floor.close * np.exp(gap - 0.2 * np.clip(gap, -_SMALL_NEWS, _SMALL_NEWS))
        for side in (kernel.BUY, kernel.SELL):
            into.add(
                start + (0.01 if side == kernel.SELL else 0.0),
                account,
                side,
                rounded(1.6 * np.exp(rng.normal(-0.3, 0.8, count)) * floor.size, rng),
                kernel.QUOTE,
                np.maximum(width * rng.uniform(0.7, 1.3, count), 1),
                belief=belief * np.exp(rng.normal(0, 0.002, count)),
                conviction=0.2,
                trend=8.0 * floor.close / 10_000,
                noise=skew,
                until=until,
            )


def rounded(size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whole tonnes as people enter them: mostly round, from 1 t to the most a listed order may have."""
    whole = np.maximum(size, 1.0)
    step = np.where(whole >= 2_000, 500, np.where(whole >= 200, 100, np.where(whole >= 20, 10, 1)))
    figure = np.where(rng.random(len(whole)) < 0.7, np.round(whole / step) * step, np.round(whole))
    return figure.clip(1, kernel.LISTED_BELOW - 1)
