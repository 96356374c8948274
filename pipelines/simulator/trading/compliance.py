"""Who trades because a year has to be surrendered: short and long emitters, credit buyers, credit sellers.

Everybody decides beforehand on which days of the year to act, most of them late; on such a day a short one
buys its share of what is still lacking, and a long one offers a part of what it can spare. The nearer the
deadline, the more they take what others offer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator import law
from pipelines.simulator.trading import kernel
from pipelines.simulator.trading.agenda import Intents, session_times
from pipelines.simulator.trading.situation import Floor, Morning
from pipelines.simulator.trading.traders import rounded
from pipelines.simulator.world import World

# All numbers here are own: traits and habits that make the market look plausible.
_MOST_SLICES = 40
_YIELDING = 0.025  # log, beyond the public value that emitters go for a trade
_PRESSED = 10.0
_RETRY = 0.30  # chance a day that somebody acts whose own days are over


@dataclass
class Wants:
    """What emitters mean to do in the book on a day, one row a wish: account, asset, side and tonnes."""

    account: np.ndarray
    asset: np.ndarray
    side: np.ndarray
    quantity: np.ndarray


class Compliance:
    """Lasting traits of the emitters, and on which days of the current year each of them acts."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        """Draw the traits."""
        self._count = len(world.accounts)
        self.emitters = world.accounts.with_role("entity")
        self.owners = world.accounts.with_role("owner")
        self.duty_bound = np.zeros(self._count, dtype=bool)
        self.duty_bound[world.accounts.with_role("entity", "treasury")] = True
        self._thrift = rng.uniform(0.0, 0.55, self._count)
        self.block_from = law.block_from()
        self._buys = np.zeros((self._count, calibration.BUYING_TRANCHES), np.int64)
        self._sells = np.zeros((self._count, calibration.SELLING_TRANCHES), np.int64)

    def begin_year(self, seasons: np.ndarray, rng: np.random.Generator) -> None:
        """Draw everybody's days; `seasons` is the part of the year's volume by trading day."""
        for days in (self._buys, self._sells):
            drawn = rng.choice(len(seasons), days.shape, p=seasons / seasons.sum())
            used = rng.integers(1, days.shape[1] + 1, self._count)
            drawn[np.arange(days.shape[1]) >= used[:, None]] = len(seasons)
            days[:] = np.sort(drawn, axis=1)
        late = len(seasons) - 1 - rng.integers(calibration.LAST_CALL_SESSIONS, 60, self._count)
        self._buys[:, 0] = np.where(self._buys[:, 0] >= late, late, self._buys[:, 0])

    def buyers(self, now: Morning, place: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Short accounts that act today (the `place`-th trading day of the year), and how much each wants."""
        need = np.where(self.duty_bound, -now.position, 0).clip(0)
        acts = (self._buys == place).any(axis=1)
        left = (self._buys > place) & (self._buys < place + now.left)
        over = ~left.any(axis=1) & (self._buys[:, 0] < place) & (rng.random(self._count) < _RETRY)
        late = now.left <= calibration.LAST_CALL_SESSIONS
        who = np.flatnonzero((need > 0) & (acts | over | late) & ~now.away)
        share = 1.0 / (1 + left.sum(axis=1))
        return who, np.ceil(need[who] * np.where(late, 1.0, share[who])).astype(np.int64)

    def spare(self, now: Morning) -> np.ndarray:
        """What every long emitter is ready to sell, by account; more of it near the deadline."""
        thrift = self._thrift * min(1.0, 0.25 + now.left / 40)
        spare = np.where(self.duty_bound, now.position, 0).clip(0) * (1 - thrift)
        spare[now.away | now.keeps] = 0
        return spare

    def sellers(self, now: Morning, place: int, spare: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Long accounts that offer in the book today, and how much each."""
        acts = (self._sells == place).any(axis=1)
        who = np.flatnonzero((spare > 0) & acts)
        left = 1 + (self._sells > place).sum(axis=1)
        return who, np.floor(0.5 * spare[who] / left[who]).astype(np.int64)

    @staticmethod
    def credits_pay(now: Morning, credit: int) -> bool:
        """Whether it pays to surrender credits in place of allowances."""
        return now.closes[credit] < calibration.CREDIT_CEILING * now.closes[now.main]

    def credit_wants(self, now: Morning, credit: int, budget: float, rng: np.random.Generator) -> list[Wants]:
        """Credits: emitters buy while they are cheaper than allowances, owners sell `budget` (t) together."""
        out = []
        chance = min(40.0 * now.season, 0.5)
        if self.credits_pay(now, credit):
            who = np.flatnonzero((now.credit_need > 0) & ~now.away & (rng.random(self._count) < chance))
            if len(who):
                wanted = np.minimum(now.credit_need[who], np.ceil(budget * rng.lognormal(-1.5, 1, len(who))))
                out.append(self._wants(who, credit, kernel.BUY, wanted))
        able = self.owners[
            (now.sellable[self.owners, credit] > 0) & ~now.away[self.owners] & ~now.keeps[self.owners]
        ]
        able = able[rng.random(len(able)) < chance]
        if len(able):
            offered = np.minimum(
                now.sellable[able, credit], np.ceil(budget * rng.lognormal(-0.6, 1, len(able)))
            )
            offered = np.ceil(offered * min(1.0, budget / offered.sum()))
            out.append(self._wants(able, credit, kernel.SELL, offered))
        return out

    def act(
        self, floor: Floor, wants: list[Wants], urgency: float, rng: np.random.Generator, into: Intents
    ) -> int:
        """Enter the wishes for one instrument in slices over the session; returns how many orders that are.

        `urgency` is the share of the slices that take what stands on the other side at once.
        """
        entered = 0
        for group in wants:
            here = group.asset == floor.asset
            if not here.any():
                continue
            account, side, quantity = group.account[here], group.side[here], group.quantity[here]
            slices = np.ceil(quantity / (3.0 * floor.size)).clip(1, _MOST_SLICES).astype(np.int64)
            row = np.repeat(np.arange(len(account)), slices)
            count = len(row)
            second = session_times(rng, count)
            comes = rng.random(count) < floor.liveliness
            row, second = row[comes], second[comes]
            count = len(row)
            takes = rng.random(count) < urgency
            scatter = rng.uniform(0.6, 1.4, count)
            size = rounded(np.maximum(quantity[row] / slices[row] * scatter, 1), rng)
            small = quantity[row] <= 3.0 * floor.size
            size = np.where(small, quantity[row], np.minimum(size, quantity[row]))
            into.add(
                second,
                account[row],
                side[row],
                size.clip(1, kernel.LISTED_BELOW - 1),
                kernel.OPINION,
                np.where(takes, rng.integers(0, 12, count), rng.integers(-2, 5, count)),
                belief=100 * np.exp(floor.value + self._yields(side[row], urgency, rng)),
                conviction=1.0,
                noise=0.0,
                impatient=takes,
                until=np.where(takes, second + 20, second + np.exp(rng.normal(7.6, 0.9, count))),
            )
            entered += count
        return entered

    @staticmethod
    def _yields(side: np.ndarray, urgency: float, rng: np.random.Generator) -> np.ndarray:
        """How far beyond the public value each goes (log): sellers below, buyers above, the urgent more."""
        gives = np.abs(rng.normal(_YIELDING, 0.5 * _YIELDING, len(side)))
        return np.where(side == kernel.SELL, -gives, gives * (1 + _PRESSED * max(urgency - 0.4, 0.0)))

    def choose_asset(
        self, now: Morning, who: np.ndarray, quantity: np.ndarray, side: int, weights: np.ndarray,
        rng: np.random.Generator,
    ) -> Wants:  # fmt: skip
        """Which allowance each trades: buyers by how lively it is, sellers by what they have."""
        allowances = [a for a in now.traded if weights[a] > 0]
        if side == kernel.BUY:
            asset = rng.choice(allowances, len(who), p=weights[allowances] / weights[allowances].sum())
        else:
            sellable = now.sellable[who][:, allowances] * (0.3 + weights[allowances])
            asset = np.array(allowances)[np.argmax(sellable, axis=1)] if len(who) else np.zeros(0, np.int64)
            quantity = np.minimum(quantity, now.sellable[who, asset])
        keep = quantity > 0
        return self._wants(who[keep], asset[keep], side, quantity[keep])

    @staticmethod
    def _wants(who: np.ndarray, asset: np.ndarray | int, side: int, quantity: np.ndarray) -> Wants:
        return Wants(
            who,
            np.broadcast_to(np.asarray(asset, np.int64), who.shape),
            np.full(len(who), side),
            quantity.astype(np.int64),
        )
