"""Spans of trades after which every position is as before, and the probability that this is chance.

Belongs here: what is the same for accounts of one party and for sets without a declared relation.
Does not belong here: which accounts to look at (`one_party`, `closed_sets`), scores, candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.stats import chi2

from anomaly.detectors.manipulation.wash_trade.book import Trades

# Pairs of first and last trade that are looked at together.
_CELLS = 1 << 20
_MOMENTS = 256


@dataclass(frozen=True)
class Closing:
    """When a stretch counts as closed.

    Attributes:
        margin: what an account may be left with, as a share of all that it bought and sold in the stretch.
        days: longest stretch.
        least: fewest trades.
    """

    margin: float
    days: float
    least: int


@dataclass(frozen=True)
class ClosedStretch:
    """Trades in order of time that leave every position as it was.

    Attributes:
        places: places of the trades among those that were searched.
        net_share: the most that an account was left with, as a share of what it bought and sold.
        tried: how many stretches of as many trades there were.
        cancelling: the probability to cancel so closely in random directions.
    """

    places: list[int]
    net_share: float
    tried: int
    cancelling: float

    def p_value(self, alike: float) -> float:
        """The probability of such a stretch among all that were tried.

        Few trades have few outcomes: it is not taken below that of returns of equal size, each in
        the right direction with one half and of like quantity with `alike` (`alike_share`).
        """
        least = (alike / 2.0) ** (len(self.places) // 2)
        return min(self.tried * max(self.cancelling, least), 1.0)


def closed_stretch(inside: Trades, closing: Closing) -> ClosedStretch | None:
    """The longest stretch among the accounts of the trades that closes; none where it only runs round a ring.

    Where there is none among all, the account whose position changed most is left out, and so on down to a
    pair: it may have traded with the others by chance.
    """
    places, flows = np.arange(len(inside)), inside.flows(inside.accounts())
    while flows.shape[1] > 1 and places.size >= closing.least:
        shares = _net_shares(flows)
        worst = int(np.argmax(shares))
        bounds = _longest(flows, inside.moment[places], closing, worst)
        if bounds is not None:
            part = slice(bounds[0], bounds[1] + 1)
            return _stretch(inside.take(places[part]), places[part], flows[part], places.size)
        without = flows[:, worst] == 0
        places, flows = places[without], np.delete(flows[without], worst, axis=1)
        active = flows.any(axis=0)
        flows = flows[:, active]
    return None


def _stretch(trades: Trades, places: np.ndarray, flows: np.ndarray, among: int) -> ClosedStretch | None:
    if is_ring(trades.seller, trades.buyer):
        return None
    net_share = float(_net_shares(flows).max())
    return ClosedStretch(places.tolist(), net_share, among - len(trades) + 1, cancelling_probability(flows))


def _net_shares(flows: np.ndarray) -> np.ndarray:
    """What each account was left with, as a share of all that it bought and sold."""
    gross = np.abs(flows).sum(axis=0)
    return np.abs(flows.sum(axis=0)) / np.where(gross > 0, gross, 1.0)


def _longest(flows: np.ndarray, moment: np.ndarray, closing: Closing, worst: int) -> tuple[int, int] | None:
    """First and last trade of the longest stretch in which every account's position returns.

    Few stretches close for the account whose position changed most, so that it is looked at first, and each
    further one for fewer.
    """
    position = np.vstack([np.zeros(flows.shape[1]), flows.cumsum(axis=0)]).T.copy()
    gross = np.vstack([np.zeros(flows.shape[1]), np.abs(flows).cumsum(axis=0)]).T.copy()
    within = int(timedelta(days=closing.days) / timedelta(microseconds=1))
    count, least = moment.size, closing.least
    latest = np.searchsorted(moment, moment + within, side="right") - 1
    # Among very many trades a stretch may begin and end at evenly spaced ones only.
    spaced = np.arange(0, count, max(-(-count // _MOMENTS), 1))
    firsts = spaced[latest[spaced] - spaced + 1 >= least]
    ends = np.union1d(spaced, [count - 1])
    others = [account for account in range(flows.shape[1]) if account != worst]
    best, length = None, least - 1
    for some in np.array_split(firsts, np.ceil(firsts.size * ends.size / _CELLS)) if firsts.size else ():
        lengths = ends[None, :] - some[:, None] + 1
        off = np.abs(position[worst, ends + 1][None, :] - position[worst, some][:, None])
        moved = gross[worst, ends + 1][None, :] - gross[worst, some][:, None]
        closed = (off <= closing.margin * moved) & (lengths > length) & (ends <= latest[some][:, None])
        one, other = np.nonzero(closed)
        for account in others:
            first, after = some[one], ends[other] + 1
            off = np.abs(position[account, after] - position[account, first])
            closed = off <= closing.margin * (gross[account, after] - gross[account, first])
            one, other = one[closed], other[closed]
        if one.size:
            longest = int(np.argmax(lengths[one, other]))
            best = (int(some[one[longest]]), int(ends[other[longest]]))
            length = best[1] - best[0] + 1
    return best


def cancelling_probability(flows: np.ndarray) -> float:
    """The probability that positions end so near to their beginning, had each trade gone either way.

    With random directions the positions' covariance is the graph's Laplacian weighted by squared quantities,
    so their Mahalanobis length squared is about chi-squared with as many degrees as its rank.
    """
    laplacian = flows.T @ flows
    net = flows.sum(axis=0)
    length = float(net @ np.linalg.pinv(laplacian, hermitian=True) @ net)
    rank = int(np.linalg.matrix_rank(laplacian, hermitian=True))
    return float(chi2.cdf(max(length, 0.0), rank))


def alike_share(quantity: np.ndarray, margin: float) -> float:
    """The share of a market's pairs of trades whose quantities differ by no more than the margin."""
    if not quantity.size:
        return 1.0
    distinct, counts = np.unique(quantity, return_counts=True)
    before = np.concatenate([[0], counts.cumsum()])
    low = np.searchsorted(distinct, distinct * (1.0 - margin), side="left")
    high = np.searchsorted(distinct, distinct / (1.0 - margin), side="right")
    return float(((before[high] - before[low]) * counts).sum() / quantity.size**2)


def combined(one: float, other: float) -> float:
    """Fisher's combination of two independent p-values."""
    product = max(one, 1e-300) * max(other, 1e-12)
    return float(min(product * (1.0 - np.log(product)), 1.0)) if product < 1 else 1.0


def is_ring(sellers: np.ndarray, buyers: np.ndarray) -> bool:
    """Whether three or more accounts only pass on round a ring: each sells to one and buys from another."""
    pairs = len(set(zip(sellers.tolist(), buyers.tolist(), strict=True)))
    return pairs > 2 and np.unique(sellers).size == pairs and np.unique(buyers).size == pairs
