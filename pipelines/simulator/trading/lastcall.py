"""Deals in the book that two sides arrange themselves: credits, the last purchases of a year, makers' stock.

Buyers of credits look for sellers. Shortly before the deadline everybody who is still short is brought
together with somebody who has what is lacking; where too little for a block is at stake, the two meet in the
book. Market makers replace what they have sold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.trading import kernel
from pipelines.simulator.trading.agenda import Intents
from pipelines.simulator.trading.situation import Morning

# All numbers here are own: traits and habits that make the market look plausible.
_MOST = kernel.LISTED_BELOW - 1
_SELLERS = 4
_DAYS_WITH_EVERYBODY = 4
_STOCK_LOW = 0.35  # of what a maker likes to hold of an asset


@dataclass(frozen=True)
class Meeting:
    """A deal in the book that two accounts arrange among themselves."""

    asset: int
    seller: int
    buyer: int
    quantity: int
    second: float


def last_call(
    now: Morning, supply: np.ndarray, assets: list[int], who: np.ndarray, rng: np.random.Generator
) -> list[Meeting]:
    """Meetings for the short accounts `who`; `now.sellable`, positions and `supply` (t) change."""
    out: list[Meeting] = []
    if now.left > _DAYS_WITH_EVERYBODY:
        who = who[rng.random(len(who)) < 0.35]
    for buyer in rng.permutation(who).tolist():
        need = int(-now.position[buyer])
        able = np.minimum(now.sellable[:, assets], supply[:, None]).clip(0)
        able[buyer] = 0
        for _ in range(_SELLERS):
            if need <= 0:
                break
            seller = _seller(able.max(axis=1), need, rng)
            if seller < 0:
                break
            place = int(np.argmax(able[seller]))
            quantity = int(min(need, able[seller, place], _MOST))
            out.append(_meet(now, assets[place], seller, buyer, quantity, rng))
            supply[seller] -= quantity
            able[seller] = 0
            need -= quantity
    return out


def credit_deals(
    now: Morning, credit: int, sellers: np.ndarray, chance: float, rng: np.random.Generator
) -> list[Meeting]:
    """Meetings of those who need credits today with the `sellers` of credits; `now.sellable` is changed."""
    out: list[Meeting] = []
    who = np.flatnonzero((now.credit_need > 0) & ~now.away)
    who = who[rng.random(len(who)) < min(1.5 * chance, 1.0)]
    able = np.zeros(len(now.position), np.int64)
    able[sellers] = now.sellable[sellers, credit]
    able[now.away | now.keeps | (now.credit_need > 0)] = 0
    for buyer in who.tolist():
        need = int(now.credit_need[buyer])
        for _ in range(_SELLERS):
            seller = _seller(able, need, rng)
            if need <= 0 or seller < 0:
                break
            quantity = int(min(need, able[seller], _MOST))
            second = float(rng.uniform(60, calendar.SESSION_SECONDS - 2500))
            out.append(Meeting(credit, seller, buyer, quantity, second))
            now.sellable[seller, credit] -= quantity
            now.credit_need[buyer] -= quantity
            able[seller] -= quantity
            need -= quantity
    return out


def stocking(
    now: Morning,
    supply: np.ndarray,
    asset: int,
    makers: np.ndarray,
    likes: np.ndarray,
    rng: np.random.Generator,
) -> list[Meeting]:
    """Meetings in which makers that run low on an asset (`likes`, t by account) fill up."""
    out: list[Meeting] = []
    low = makers[(now.sellable[makers, asset] < _STOCK_LOW * likes[makers]) & ~now.away[makers]]
    for buyer in low[rng.random(len(low)) < 0.3].tolist():
        able = np.minimum(now.sellable[:, asset], supply)
        able[makers] = 0
        wanted = int(min(likes[buyer] * rng.uniform(0.3, 0.7), _MOST))
        seller = _seller(able, wanted, rng)
        if seller < 0 or wanted < 1:
            continue
        quantity = int(min(wanted, able[seller]))
        out.append(_meet(now, asset, seller, buyer, quantity, rng))
        supply[seller] -= quantity
    return out


def enter(meetings: list[Meeting], asset: int, rng: np.random.Generator, into: Intents) -> None:
    """Enter the meetings of one instrument."""
    here = [one for one in meetings if one.asset == asset]
    if not here:
        return
    posts = rng.random(len(here)) < 0.5
    sellers, buyers = np.array([one.seller for one in here]), np.array([one.buyer for one in here])
    into.deal(
        np.array([one.second for one in here]),
        np.where(posts, sellers, buyers),
        np.where(posts, buyers, sellers),
        np.where(posts, kernel.SELL, kernel.BUY),
        np.array([one.quantity for one in here]),
        np.exp(rng.normal(3.0, 1.2, len(here))).clip(0.3, 600),
        noise=rng.normal(0, 0.001, len(here)),
        planned=1,
    )


def _meet(
    now: Morning, asset: int, seller: int, buyer: int, quantity: int, rng: np.random.Generator
) -> Meeting:
    now.sellable[seller, asset] -= quantity
    now.position[seller] -= quantity
    now.position[buyer] += quantity
    return Meeting(asset, seller, buyer, quantity, float(rng.uniform(60, calendar.SESSION_SECONDS - 2500)))


def _seller(able: np.ndarray, wanted: int, rng: np.random.Generator) -> int:
    """Somebody who has enough, at random; else one of those who have most; -1 where nobody has any."""
    enough = np.flatnonzero(able >= wanted)
    if len(enough):
        return int(rng.choice(enough))
    best = int(np.argmax(able))
    return best if able[best] > 0 else -1
