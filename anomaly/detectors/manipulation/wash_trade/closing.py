"""Spans of trades after which every position is as before, and the probability that this is chance.

Belongs here: what is the same for accounts of one party and for sets without a declared relation.
Does not belong here: which accounts to look at (`one_party`, `closed_sets`), scores, candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from scipy.stats import chi2

from anomaly.detectors.manipulation.wash_trade.meetings import account_sides

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
        alike: share of the market's pairs of trades with like quantities (`alike_share`).
    """

    margin: float
    days: float
    least: int
    alike: float


@dataclass(frozen=True)
class Stretch:
    """Trades in order of time that leave every position as it was.

    Attributes:
        trades: the trades.
        accounts: who took part, sorted.
        net_share: the most that an account was left with, as a share of what it bought and sold.
        p_value: the chance to cancel so closely in random directions, times the stretches tried.
    """

    trades: Trades
    accounts: tuple[str, ...]
    net_share: float
    p_value: float


@dataclass(frozen=True)
class Trades:
    """Trades in time order as columns; accounts are places in `names`, moments microseconds."""

    names: list[str]
    row: np.ndarray
    seller: np.ndarray
    buyer: np.ndarray
    quantity: np.ndarray
    moment: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Trades:
        """All trades of a frame in order of time; `row` is the place in the frame."""
        names, seller, buyer = account_sides(rows)
        quantity = rows["quantity_tco2e"].cast(pl.Float64).to_numpy()
        moment = rows["traded_at"].cast(pl.Datetime("us")).to_physical().to_numpy()
        return cls(names, np.arange(rows.height), seller, buyer, quantity, moment)

    def take(self, chosen: np.ndarray | slice) -> Trades:
        """Some of the trades: by mask, by place or by range."""
        columns = (self.row, self.seller, self.buyer, self.quantity, self.moment)
        return Trades(self.names, *(column[chosen] for column in columns))

    def among(self, accounts: tuple[int, ...]) -> Trades:
        """The trades with both sides in a set."""
        inside = np.zeros(len(self.names), dtype=bool)
        inside[list(accounts)] = True
        return self.take(inside[self.seller] & inside[self.buyer])

    def flows(self, accounts: tuple[int, ...]) -> np.ndarray:
        """One row a trade: what each account of the set, given as sorted places, gained."""
        flows = np.zeros((self.quantity.size, len(accounts)))
        steps = np.arange(self.quantity.size)
        flows[steps, np.searchsorted(accounts, self.buyer)] += self.quantity
        flows[steps, np.searchsorted(accounts, self.seller)] -= self.quantity
        return flows


def closed_stretch(inside: Trades, accounts: tuple[int, ...], closing: Closing) -> Stretch | None:
    """The longest stretch among the accounts that closes; none where it only runs round a ring.

    Where there is none among all, the account whose position changed most is left out, and so on down to a
    pair: it may have traded with the others by chance.
    """
    while len(accounts) > 1:
        among = inside.among(accounts)
        flows = among.flows(accounts)
        bounds = _longest(flows, among.moment, closing)
        if bounds is not None:
            part = slice(bounds[0], bounds[1] + 1)
            return _stretch(among.take(part), flows[part], among.row.size, closing)
        traded = np.abs(flows).sum(axis=0) > 0
        worst = int(np.argmax(np.where(traded, _net_shares(flows), 2.0)))
        accounts = (*accounts[:worst], *accounts[worst + 1 :])
    return None


def _stretch(trades: Trades, flows: np.ndarray, among: int, closing: Closing) -> Stretch | None:
    if is_ring(trades.seller, trades.buyer):
        return None
    places = np.unique(np.concatenate([trades.seller, trades.buyer]))
    tried = among - trades.row.size + 1
    return Stretch(
        trades,
        tuple(trades.names[place] for place in places),
        float(_net_shares(flows).max()),
        min(tried * cancelling_chance(flows, closing.alike), 1.0),
    )


def _net_shares(flows: np.ndarray) -> np.ndarray:
    """What each account was left with, as a share of all that it bought and sold."""
    gross = np.abs(flows).sum(axis=0)
    return np.abs(flows.sum(axis=0)) / np.where(gross > 0, gross, 1.0)


def _longest(flows: np.ndarray, moment: np.ndarray, closing: Closing) -> tuple[int, int] | None:
    """First and last trade of the longest stretch in which every account's position returns."""
    position = np.vstack([np.zeros(flows.shape[1]), flows.cumsum(axis=0)])
    gross = np.vstack([np.zeros(flows.shape[1]), np.abs(flows).cumsum(axis=0)])
    within = int(timedelta(days=closing.days) / timedelta(microseconds=1))
    count, least = moment.size, closing.least
    latest = np.searchsorted(moment, moment + within, side="right") - 1
    # Among very many trades a stretch may begin and end at evenly spaced ones only.
    spaced = np.arange(0, count, max(-(-count // _MOMENTS), 1))
    firsts = spaced[latest[spaced] - spaced + 1 >= least]
    ends = np.union1d(spaced, [count - 1])
    best, length = None, least - 1
    for some in np.array_split(firsts, np.ceil(firsts.size * ends.size / _CELLS)) if firsts.size else ():
        lengths = ends[None, :] - some[:, None] + 1
        one, other = np.nonzero((lengths > length) & (ends[None, :] <= latest[some][:, None]))
        # Few pairs close for one account, so each further account is looked at for fewer.
        for account in range(flows.shape[1]):
            first, after = some[one], ends[other] + 1
            off = np.abs(position[after, account] - position[first, account])
            closed = off <= closing.margin * (gross[after, account] - gross[first, account])
            one, other = one[closed], other[closed]
        if one.size:
            longest = int(np.argmax(lengths[one, other]))
            best = (int(some[one[longest]]), int(ends[other[longest]]))
            length = best[1] - best[0] + 1
    return best


def cancelling_chance(flows: np.ndarray, alike: float) -> float:
    """The chance that positions end so near to where they began if each trade had gone either way at random.

    With random directions the positions' covariance is the graph's Laplacian weighted by squared quantities,
    so their Mahalanobis length squared is about chi-squared with as many degrees as its rank. Few trades
    have few outcomes: the chance is not taken below that of returns of equal size, each in the right
    direction with one half and of like quantity with `alike`.
    """
    laplacian = flows.T @ flows
    net = flows.sum(axis=0)
    length = float(net @ np.linalg.pinv(laplacian, hermitian=True) @ net)
    rank = int(np.linalg.matrix_rank(laplacian, hermitian=True))
    return float(max(chi2.cdf(max(length, 0.0), rank), (alike / 2.0) ** (flows.shape[0] // 2)))


def alike_share(quantity: np.ndarray, margin: float) -> float:
    """The share of a market's pairs of trades whose quantities differ by no more than the margin."""
    ordered = np.sort(quantity)
    low = np.searchsorted(ordered, ordered * (1.0 - margin), side="left")
    high = np.searchsorted(ordered, ordered / (1.0 - margin), side="right")
    return float((high - low).mean() / ordered.size) if ordered.size else 1.0


def combined(one: float, other: float) -> float:
    """Fisher's combination of two independent chances."""
    product = max(one, 1e-300) * max(other, 1e-12)
    return float(min(product * (1.0 - np.log(product)), 1.0)) if product < 1 else 1.0


def is_ring(sellers: np.ndarray, buyers: np.ndarray) -> bool:
    """Whether three or more accounts only pass on round a ring: each sells to one and buys from another."""
    pairs = len(set(zip(sellers.tolist(), buyers.tolist(), strict=True)))
    return pairs > 2 and np.unique(sellers).size == pairs and np.unique(buyers).size == pairs
