"""Blocks: large quantities agreed outside the book in the afternoon, where most of the volume changes hands.

A short emitter that needs a block looks for a long one, its own group's treasury first; treasuries, brokers,
funds and provident emitters buy from long ones, and middlemen sell to short ones late. The price is the
previous close less a discount that grows with the size and with the seller's urgency. Who needs nearly a
block takes a whole one and keeps the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.trading.compliance import Compliance
from pipelines.simulator.trading.figures import limits
from pipelines.simulator.trading.situation import Morning
from pipelines.simulator.world import World

# All numbers here are own: traits and habits that make the market look plausible.
_MIDDLEMEN = {"treasury": 1.2, "broker": 1.5, "fund": 0.4}
_MOST_A_DAY = 60
_MEDIAN_BLOCK = 210_000
_BLOCK_SPREAD = 0.65
_TRIES = 4
_COUNTED_DAYS = 15
_FAILURES = 12  # that end a day's search
_PROVIDENT = 0.25  # share of emitters that keep a stock for years to come
_PROVISION = (120_000, 450_000)
_PROVIDENCE = 0.25
_PRESSING_SIZE, _MOST_PRESSED = 150_000, 2.2
_ESTRANGED_DAYS = 90  # so long nobody sells back to whom it bought from


@dataclass(frozen=True)
class Block:
    """One agreed block: moments are seconds of the session, the price is in cents."""

    asset: int
    seller: int
    buyer: int
    quantity: int
    price: int
    first: float
    second: float
    seller_first: bool
    tag: int = 0


class BlockMarket:
    """Finds the two sides of blocks and keeps the volume of blocks near its course over the year."""

    def __init__(self, world: World, compliance: Compliance, rng: np.random.Generator) -> None:
        """Note who goes between, and which treasury belongs to whose group."""
        accounts = world.accounts
        self._compliance = compliance
        count = len(accounts)
        self._middle = np.zeros(count)
        for role, weight in _MIDDLEMEN.items():
            members = accounts.with_role(role)
            self._middle[members] = weight * rng.lognormal(0, 0.7, len(members))
        self._haste = rng.beta(0.7, 4.5, count)
        self._provision = np.zeros(count)
        emitters = compliance.emitters[rng.random(len(compliance.emitters)) < _PROVIDENT]
        self._provision[emitters] = rng.uniform(*_PROVISION, len(emitters))
        self._keenness = np.where(self._middle > 0, self._middle, _PROVIDENCE * (self._provision > 0))
        groups = {
            held: n for n in accounts.with_role("treasury").tolist() if (held := accounts.controller[n])
        }
        entities = world.entities
        self._treasury = np.full(count, -1)
        for account in range(world.key_emitters):
            owner = world.group_id(int(entities.group[account]))
            self._treasury[account] = groups.get(owner, -1) if owner else -1
        self._ahead = 0.0
        self._met: dict[tuple[int, int], int] = {}

    def trade(
        self, now: Morning, buyers: tuple[np.ndarray, np.ndarray], spare: np.ndarray, target: float,
        arranged: int, allowances: list[int], liveliness: np.ndarray, rng: np.random.Generator,
    ) -> list[Block]:  # fmt: skip
        """The day's blocks: those that short emitters need, then middlemen's up to the course of the year.

        Args:
            now: the morning; `sellable`, `purse` and `position` are changed by what is agreed.
            buyers: short accounts that act today and what they want (t).
            spare: what long emitters are ready to part with, by account (t); changed.
            target: the day's part of the year's volume of blocks (t).
            arranged: what of it is arranged already (t).
            allowances: assets that are traded.
            liveliness: by asset, how much of ordinary trading takes place today.
            rng: the day's stream.
        """
        alive = [a for a in allowances if rng.random() < liveliness[a]]
        out: list[Block] = []
        if not alive:
            return out
        self._ahead += target * float(np.mean(liveliness[allowances]))
        supply = self.supply(now, spare)
        order = rng.permutation(len(buyers[0]))
        for buyer, wanted in zip(buyers[0][order].tolist(), buyers[1][order].tolist(), strict=True):
            need = int(max(wanted, min(law.block_from(), -now.position[buyer])))
            if max(wanted, -now.position[buyer]) < self._compliance.block_from:
                continue
            for _ in range(_TRIES):
                if need <= 0 or len(out) > 10 * _MOST_A_DAY:
                    break
                found = self._buy(now, buyer, max(need, law.block_from()), supply, spare, alive, rng)
                if found is None:
                    break
                out.append(found)
                need -= found.quantity
        # What is arranged out of season is not taken off the season's volume.
        self._ahead -= min(arranged, _COUNTED_DAYS * target) + sum(block.quantity for block in out)
        failures = 0
        while self._ahead > law.block_from() and len(out) < _MOST_A_DAY and failures < _FAILURES:
            size = float(np.exp(rng.normal(np.log(_MEDIAN_BLOCK), _BLOCK_SPREAD)))
            found = self._between(now, int(size) // 1_000 * 1_000, supply, spare, alive, rng)
            if found is None:
                failures += 1
                continue
            out.append(found)
            self._ahead -= found.quantity
        self._ahead = min(self._ahead, 12 * max(target, law.block_from()))
        return out

    def sought(
        self, now: Morning, account: int, asset: int, is_buying: bool, quantity: int, spare: np.ndarray,
        rng: np.random.Generator, tag: int,
    ) -> list[Block]:  # fmt: skip
        """Blocks of one asset that a campaign seeks on a day, with up to three others."""
        out: list[Block] = []
        supply = self.supply(now, spare)
        for _ in range(3):
            if quantity < law.block_from():
                break
            if is_buying:
                found = self._buy(now, account, quantity, supply, spare, [asset], rng, tag)
            else:
                wanted = np.where(now.position < 0, -now.position, 0) + self._thirst(now)
                wanted[[account, *np.flatnonzero(now.away)]] = 0
                buyer = _drawn(wanted, rng)
                found = None
                if buyer >= 0:
                    found = self._agree(now, asset, account, buyer, quantity, spare, 0.3, rng, tag)
            if found is None:
                break
            out.append(found)
            quantity -= found.quantity
        return out

    def supply(self, now: Morning, spare: np.ndarray) -> np.ndarray:
        """What may be bought in blocks, by account: of long emitters, and the stock of middlemen."""
        stock = np.where(self._middle > 0, now.holdings.sum(axis=1), 0)
        stock[now.away | now.keeps | (now.position < 0)] = 0
        return np.maximum(spare, stock)

    def _thirst(self, now: Morning) -> np.ndarray:
        """How much middlemen and provident emitters would still take, by account."""
        held = now.holdings.sum(axis=1)
        ceiling = np.minimum(0.8 * law.holding_limit(), 0.8 * now.limit)
        thirst = np.where(self._middle > 0, (ceiling - held).clip(0), self._provision - now.position)
        thirst[self._provision + self._middle == 0] = 0
        thirst[now.away | (thirst < law.block_from())] = 0
        return thirst

    def _buy(
        self, now: Morning, buyer: int, wanted: int, supply: np.ndarray, spare: np.ndarray,
        assets: list[int], rng: np.random.Generator, tag: int = 0,
    ) -> Block | None:  # fmt: skip
        """A seller for a buyer; its own treasury first."""
        able = np.minimum(now.sellable[:, assets], supply[:, None]).clip(0)
        able[able < law.block_from()] = 0
        able[buyer] = 0
        treasury = int(self._treasury[buyer])
        if treasury >= 0 and able[treasury].max() > 0 and rng.random() < 0.7:
            seller = treasury
        else:
            weight = able.max(axis=1) ** 0.7 * (1 + 1.5 * (self._middle > 0))
            seller = self._drawn_stranger(now, weight, buyer, rng)
        if seller < 0:
            return None
        asset = assets[_drawn(able[seller], rng)]
        quantity = int(min(wanted, able[seller].max(), now.sellable[seller, asset], supply[seller]))
        return self._agree(now, asset, seller, buyer, quantity, spare, 0.0, rng, tag, supply)

    def _between(
        self, now: Morning, size: int, supply: np.ndarray, spare: np.ndarray, assets: list[int],
        rng: np.random.Generator,
    ) -> Block | None:  # fmt: skip
        """A block that a middleman takes: mostly from a long emitter, else from another middleman."""
        able = np.minimum(now.sellable[:, assets], supply[:, None]).clip(0)
        able[able < law.block_from()] = 0
        best = able.max(axis=1)
        weight = best**0.8 * np.where(self._middle > 0, 0.5, 1.0) * (0.4 + 3 * self._haste)
        seller = _drawn(weight, rng)
        if seller < 0:
            return None
        treasury = int(self._treasury[seller])
        thirst = self._thirst(now) * self._keenness
        thirst[seller] = 0
        if treasury >= 0 and thirst[treasury] > 0 and rng.random() < 0.5:
            buyer = treasury
        else:
            buyer = self._drawn_stranger(now, np.sqrt(thirst), seller, rng, is_buyer=True)
        if buyer < 0:
            return None
        haste = float(self._haste[seller])
        size = int(size * (1 + 3 * haste))
        size = int(max(min(size, self._thirst(now)[buyer]), law.block_from()))
        asset = assets[_drawn(able[seller], rng)]
        quantity = int(min(size, now.sellable[seller, asset], supply[seller]))
        return self._agree(now, asset, seller, buyer, quantity, spare, 0.0, rng, 0, supply)

    def _agree(
        self, now: Morning, asset: int, seller: int, buyer: int, quantity: int, spare: np.ndarray,
        haste: float, rng: np.random.Generator, tag: int, supply: np.ndarray | None = None,
    ) -> Block | None:  # fmt: skip
        quantity = int(min(quantity, now.sellable[seller, asset]))
        if quantity > 2 * law.block_from() and rng.random() < 0.6:
            quantity = quantity // 5_000 * 5_000
        if quantity < law.block_from() or seller == buyer:
            return None
        is_internal = self._treasury[seller] == buyer or self._treasury[buyer] == seller
        discount = self._discount(seller, quantity, is_internal, haste, rng)
        price = block_price(now.closes[asset], discount)
        if self._middle[buyer] > 0 and now.position[buyer] >= 0 and now.purse[buyer] < price * quantity:
            quantity = int(now.purse[buyer] // price) // 1_000 * 1_000
            if quantity < law.block_from():
                return None
        now.sellable[seller, asset] -= quantity
        now.purse[buyer] -= price * quantity
        now.position[seller] -= quantity
        now.position[buyer] += quantity
        now.holdings[seller, asset] -= quantity
        now.holdings[buyer, asset] += quantity
        spare[seller] = max(spare[seller] - quantity, 0)
        if supply is not None:
            supply[seller] = max(supply[seller] - quantity, 0)
        self._met[seller, buyer] = now.number
        first, second = block_times(rng)
        return Block(asset, seller, buyer, quantity, price, first, second, bool(rng.random() < 0.7), tag)

    def _discount(
        self, seller: int, quantity: int, is_internal: bool, haste: float, rng: np.random.Generator
    ) -> float:
        noise = float(rng.normal(0, calibration.DISCOUNT_NOISE))
        if is_internal:
            return calibration.INTERNAL_DISCOUNT + 0.4 * noise
        size = calibration.DISCOUNT_BY_SIZE * float(np.log(quantity / law.block_from()))
        pressed = calibration.DISCOUNT_BY_URGENCY * max(float(self._haste[seller]), haste) ** 1.5
        pressed *= min((quantity / _PRESSING_SIZE) ** 0.6, _MOST_PRESSED)
        discount = calibration.DISCOUNT_BASE + size + pressed + noise
        return min(max(discount, calibration.DISCOUNT_FLOOR), calibration.DISCOUNT_CEILING)

    def _drawn_stranger(
        self, now: Morning, weight: np.ndarray, other: int, rng: np.random.Generator, is_buyer: bool = False
    ) -> int:
        """Somebody by weight who has not lately dealt with `other` the other way round."""
        weight = weight.copy()
        for _ in range(_TRIES):
            found = _drawn(weight, rng)
            if found < 0:
                return -1
            back = (other, found) if not is_buyer else (found, other)
            if now.number - self._met.get(back, -_ESTRANGED_DAYS) >= _ESTRANGED_DAYS:
                return found
            weight[found] = 0
        return -1


def block_price(previous_close: int, discount: float) -> int:
    """Cents for a block at that discount, within the limits for blocks [B-04]."""
    low, high = limits(previous_close, law.price_limit_pct("block"))
    return int(min(max(round(previous_close * (1 - discount)), low), high))


def block_times(rng: np.random.Generator) -> tuple[float, float]:
    """Seconds of the session at which a block's two sides are entered, in the afternoon [B-06]."""
    half = calendar.HALF_SESSION
    first = float(rng.uniform(half + 30, 2 * half - 700))
    return first, min(first + float(rng.uniform(5, 600)), 2 * half - 5)


def _drawn(weight: np.ndarray, rng: np.random.Generator) -> int:
    """A position drawn in proportion to its weight; -1 where there is none."""
    cumulated = np.cumsum(weight)
    if len(cumulated) == 0 or cumulated[-1] <= 0:
        return -1
    return int(
        np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right").clip(0, len(weight) - 1)
    )
