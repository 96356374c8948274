"""What is agreed before the sessions of a day: blocks, meetings in the book, and what emitters want there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator import law
from pipelines.simulator.plan import TradingPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.trading import kernel, lastcall
from pipelines.simulator.trading.arranged import Arranged
from pipelines.simulator.trading.blocks import Block, BlockMarket
from pipelines.simulator.trading.compliance import Compliance, Wants
from pipelines.simulator.trading.course import Course
from pipelines.simulator.trading.lastcall import Meeting
from pipelines.simulator.trading.situation import Morning
from pipelines.simulator.trading.traders import Traders
from pipelines.simulator.world import World

# All numbers here are own: traits and habits that make the market look plausible.
_SELLERS_SHARE = 0.10  # of a day's listed volume that one long emitter offers at most, about
_BUYERS_SHARE = 0.12
_URGENCY = (0.25, 0.60, 12.0)  # share of emitters' slices that take: always, near the deadline, days


@dataclass
class Agreed:
    """One day's agreements; `urgency` is the share of emitters' orders that take what stands."""

    urgency: float
    blocks: list[Block]
    wants: list[Wants] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)


class Agreements:
    """Brings emitters, middlemen and makers together, day after day."""

    def __init__(
        self, world: World, course: Course, traders: Traders, arranged: Arranged, plan: TradingPlan,
        streams: Streams,
    ) -> None:  # fmt: skip
        """Draw the emitters' and the middlemen's traits."""
        self._course, self._traders, self._arranged, self._plan = course, traders, arranged, plan
        self.compliance = Compliance(world, streams.of("trading", "compliance"))
        self._blocks = BlockMarket(world, self.compliance, streams.of("trading", "blocks"))
        self._holders = world.accounts.with_role("owner", "fund", "broker", "treasury", "individual")
        self._is_allowance = np.array([asset.is_allowance for asset in course.timeline.assets])

    def begin_year(self, now: Morning, rng: np.random.Generator) -> None:
        """Draw when emitters act, and from which need on a block is taken: the book must bear the others."""
        self.compliance.begin_year(self._course.seasons[now.day.year], rng)
        need = np.sort(-now.position[self.compliance.duty_bound & (now.position < 0)])
        listed = (1 - calibration.BLOCK_SHARE) * self._course.volume(now.day.year)
        fits = int(np.searchsorted(np.cumsum(need), calibration.SMALL_NEEDS_SHARE * listed))
        threshold = float(need[fits]) if fits < len(need) else law.block_from()
        least = 0.3 * law.block_from()
        self.compliance.block_from = int(np.clip(threshold, least, law.block_from()))

    def agree(self, now: Morning, weights: np.ndarray, rng: np.random.Generator) -> Agreed:
        """Everything that is agreed on a day; `weights` is each asset's part of the orders."""
        spare = self.compliance.spare(now)
        place = self._course.place(now.day)
        allowances = [asset for asset in now.traded if self._is_allowance[asset]]
        assets = range(len(self._is_allowance))
        alive = np.array([min(self._plan.activity.get((now.day, a), 1.0), 1.0) for a in assets])
        done = self._arranged.blocks(now, self._blocks, spare, rng)
        buyers = self.compliance.buyers(now, place, rng)
        done += self._blocks.trade(
            now,
            buyers,
            spare,
            self._course.blocks(now.day),
            sum(one.quantity for one in done),
            allowances,
            alive,
            rng,
        )
        always, late, days = _URGENCY
        agreed = Agreed(always + late * float(np.exp(-now.left / days)), done)
        supply = self._blocks.supply(now, spare)
        for asset in allowances:
            likes = self._traders.likes * weights[asset] * (rng.random() < alive[asset])
            agreed.meetings += lastcall.stocking(now, supply, asset, self._traders.makers, likes, rng)
        still = (now.position[buyers[0]] < 0) & (rng.random(len(buyers[0])) < alive[now.main])
        who, wanted = buyers[0][still], buyers[1][still]
        if now.left <= calibration.LAST_CALL_SESSIONS:
            agreed.meetings += lastcall.last_call(now, supply, allowances, who, rng)
        self._in_the_book(now, place, who, wanted, spare, weights, rng, agreed)
        return agreed

    def _in_the_book(
        self, now: Morning, place: int, who: np.ndarray, wanted: np.ndarray, spare: np.ndarray,
        weights: np.ndarray, rng: np.random.Generator, agreed: Agreed,
    ) -> None:  # fmt: skip
        """What emitters mean to do in the book; long ones offer as much as is sought and a little more."""
        listed, size = self._course.listed(now.day), self._course.size(now.day)
        wanted = np.minimum(wanted, -now.position[who]).clip(0)
        if now.left > calibration.LAST_CALL_SESSIONS:
            most = max(_BUYERS_SHARE * listed, 2 * size) * rng.lognormal(0, 0.6, len(who))
            wanted = np.minimum(wanted, np.ceil(most))
        choose = self.compliance.choose_asset
        lively = weights * self._is_allowance
        agreed.wants.append(choose(now, who, wanted, kernel.BUY, lively, rng))
        sellers, offered = self.compliance.sellers(now, place, spare)
        most = _SELLERS_SHARE * listed * rng.lognormal(0, 0.6, len(sellers))
        offered = np.minimum(offered, np.ceil(most))
        sought = float(wanted.sum()) + calibration.OFFERED_SHARE * listed
        offered = np.floor(offered * min(1.0, sought / max(float(offered.sum()), 1.0)))
        agreed.wants.append(choose(now, sellers, offered, kernel.SELL, lively, rng))
        for credit in np.flatnonzero(~self._is_allowance & (weights > 0)).tolist():
            if self.compliance.credits_pay(now, credit):
                alive = min(self._plan.activity.get((now.day, credit), 1.0), 1.0)
                chance = self._course.credit_hazard(now.day) * alive
                agreed.meetings += lastcall.credit_deals(now, credit, self._holders, chance, rng)
            agreed.wants += self.compliance.credit_wants(now, credit, self._course.credits(now.day), rng)
