"""The search for sets within a stretch of weeks: pairs that met too often, grown account by account.

Belongs here: how often accounts met and should have met, and which set is the most surprising.
Does not belong here: which weeks are looked at (`meetings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, rel_entr

from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.rates import Week

# Steps in which the surprise may fall while a set grows.
PATIENCE = 3


@dataclass(frozen=True)
class Found:
    """A set of accounts.

    Attributes:
        members: their places, in the order in which they joined.
        met: how often they met.
        expected: how often they should have met.
        surprise: minus the log of the probability to meet so often, less that of the number of such sets.
    """

    members: tuple[int, ...]
    met: int
    expected: float
    surprise: float


class Span:
    """Some weeks of trading: who was active, how often pairs met, and how often they should have met."""

    def __init__(self, weeks: Sequence[Week]) -> None:
        active = np.zeros(len(weeks[0].trades.names), dtype=bool)
        for week in weeks:
            active[week.accounts] = True
        self.accounts, place = np.flatnonzero(active), active.cumsum() - 1
        count = self.accounts.size
        # Sold, bought, and the rates of giving and taking, each by week and account.
        self.figures = np.zeros((4, len(weeks), count))
        for number, week in enumerate(weeks):
            self.figures[:, number, place[week.accounts]] = week.figures
        seller, buyer = (
            place[np.concatenate([getattr(week.trades, side) for week in weeks])]
            for side in ("seller", "buyer")
        )
        pairs = np.minimum(seller, buyer) * count + np.maximum(seller, buyer)
        # Numpy sorts narrow numbers much faster.
        pairs, self.pairs_met = np.unique(pairs.astype(np.min_scalar_type(count**2)), return_counts=True)
        self.pairs = np.divmod(pairs.astype(np.int64), count)
        self.partners, self.starts = _partners(seller, buyer, count)
        size = np.arange(count + 1)
        # The log of the number of sets, by size.
        self.log_sets = gammaln(count + 1) - gammaln(size + 1) - gammaln(count - size + 1)

    def sets(self, limits: Limits) -> Iterator[Found]:
        """Candidate sets, each grown from a pair that is in none before it."""
        taken: list[set[int]] = []
        for pair in self._seeds(limits):
            if any(members.issuperset(pair.members) for members in taken):
                continue
            found = self._grown(pair, limits.max_accounts)
            taken.append(set(found.members))
            members = tuple(int(self.accounts[member]) for member in found.members)
            yield Found(members, found.met, found.expected, found.surprise)

    def _seeds(self, limits: Limits) -> Iterator[Found]:
        """Pairs that met repeatedly and more often than expected, the most surprising first."""
        again = self.pairs_met >= limits.least_meetings
        one, other, met = self.pairs[0][again], self.pairs[1][again], self.pairs_met[again]
        expected, opportunities = _together(self.figures[..., one], self.figures[..., other])
        surprise = _surprise(met, expected, opportunities)
        order = np.lexsort((other, one, -surprise))[: limits.max_seeds]
        for row in order[surprise[order] >= -np.log(limits.max_p)]:
            net = float(surprise[row] - self.log_sets[2])
            yield Found((int(one[row]), int(other[row])), int(met[row]), float(expected[row]), net)

    def _grown(self, pair: Found, most: int) -> Found:
        """The most surprising set for its size on the way from a pair, adding the best account each time.

        The surprise may fall in a step or two: within a large closed set a third account need not stand out
        by itself.
        """
        with_met = np.zeros(self.accounts.size)
        for member in pair.members:
            self._add_met(with_met, member)
        total = self.figures[..., pair.members].sum(axis=-1, keepdims=True)
        best = tried = pair
        while len(tried.members) < min(most, len(best.members) + PATIENCE):
            longer = self._next(tried, total, with_met)
            if longer is None:
                break
            tried, added = longer, longer.members[-1]
            self._add_met(with_met, added)
            total = total + self.figures[..., [added]]
            best = max(best, tried, key=lambda held: held.surprise)
        return best

    def _add_met(self, with_met: np.ndarray, member: int) -> None:
        """Adds how often each account met one more member."""
        np.add.at(with_met, self.partners[self.starts[member] : self.starts[member + 1]], 1.0)

    def _next(self, found: Found, total: np.ndarray, with_met: np.ndarray) -> Found | None:
        """The set with the account that makes it most surprising, of those that met a member."""
        meets = with_met > 0
        meets[list(found.members)] = False
        others = np.flatnonzero(meets)
        if not others.size:
            return None
        more, opportunities = _together(self.figures[..., others], total)
        met, expected = found.met + with_met[others], found.expected + more
        surprise = _surprise(met, expected, opportunities)
        best = int(np.argmax(surprise))
        members = (*found.members, int(others[best]))
        net = float(surprise[best] - self.log_sets[len(members)])
        return Found(members, int(met[best]), float(expected[best]), net)


def _partners(seller: np.ndarray, buyer: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Each account's partners, one a trade, behind each other, and where those of each account start."""
    # Numpy sorts 16-bit numbers in linear time.
    account = np.concatenate([seller, buyer]).astype(np.min_scalar_type(count))
    partner = np.concatenate([buyer, seller])[np.argsort(account, kind="stable")]
    return partner, np.concatenate([[0], np.bincount(account, minlength=count).cumsum()])


def _together(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often accounts should meet others, and of how many trades at most: their opportunities.

    Both are figures of accounts, or of a set: sold, bought, and rates of giving and taking, each by week.
    """
    expected = (one[2] * other[3] + one[3] * other[2]).sum(axis=0)
    return expected, np.minimum(one[0] + other[0], one[1] + other[1]).sum(axis=0)


def _surprise(met: np.ndarray, expected: np.ndarray, opportunities: np.ndarray) -> np.ndarray:
    """Chernoff's bound on minus the log of the probability to meet so often; 0 where there is no excess.

    Of the set's sales (or purchases, whichever are fewer) in a week, each has the same probability to fall to
    one of the set. Drawn without replacement they scatter less than a binomial (Hoeffding 1963), and weeks
    with unequal probabilities less than their mean, so the binomial's bound holds for all of them together.
    """
    opportunities = np.maximum(np.maximum(opportunities, met), 1.0)
    share, fair = met / opportunities, np.clip(expected / opportunities, 1e-12, 1.0 - 1e-12)
    bound = opportunities * (rel_entr(share, fair) + rel_entr(1.0 - share, 1.0 - fair))
    return np.where(share > fair, bound, 0.0)
