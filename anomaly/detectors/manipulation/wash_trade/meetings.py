"""How often accounts meet by chance in an anonymous order book, and which sets meet far more often.

The comparison is with a market in which every account has the same number of purchases and sales in each
week, partners are random, and no account trades with itself: the degree-preserving null model of network
statistics, by week because activity is seasonal. The accounts' own meetings are part of what they bought and
sold, so the expectation is rather too high than too low.
Belongs here: expectations and the search for sets. Does not belong here: positions, scores, findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.special import gammaln, rel_entr

from anomaly.detectors.manipulation.wash_trade.limits import Limits

WEEK = "1w"
LENGTHS = (1, 2, 4)
FITTING_ROUNDS = 50
# Steps in which the surprise may fall while a set grows.
PATIENCE = 3
TINY = 1e-9
# The log of the smallest chance that is written as a number.
SMALLEST = -690.0


@dataclass(frozen=True)
class Suspects:
    """A set of accounts that met far more often than chance within some weeks."""

    accounts: tuple[str, ...]
    first_week: datetime
    last_week: datetime
    meetings: int
    expected: float
    p_value: float


def expected_within_parties(trades: pl.DataFrame) -> pl.DataFrame:
    """How often accounts of one party should meet in the book.

    One row a party, instrument and week in which two of its accounts could meet: `party`, `instrument_id`,
    `week`, `expected`. An account belongs to the party that its trades of that week name.
    """
    by = ["instrument_id", "week"]
    if trades.is_empty():
        return pl.DataFrame(
            schema={
                "party": pl.String,
                "instrument_id": pl.String,
                "week": pl.Datetime("us"),
                "expected": pl.Float64,
            }
        )
    parts = [
        _weekly_rates(instrument, rows) for (instrument,), rows in sorted(trades.group_by("instrument_id"))
    ]
    sides = [
        trades.select(
            pl.col("traded_at").dt.truncate(WEEK).alias("week"),
            pl.col(f"{side}_account_id").alias("account"),
            pl.col(f"{side}_party_id").alias("party"),
        )
        for side in ("sell", "buy")
    ]
    party = pl.concat(sides).drop_nulls().unique(["account", "week"], keep="first", maintain_order=True)
    rates = pl.concat(parts).join(party, on=["account", "week"])
    return (
        rates.filter(pl.col("give") > 0)
        .join(rates.filter(pl.col("take") > 0), on=[*by, "party"], suffix="_buyer")
        .filter(pl.col("account") != pl.col("account_buyer"))
        .group_by("party", *by)
        .agg((pl.col("give") * pl.col("take_buyer")).sum().alias("expected"))
        .sort("party", *by)
    )


def _weekly_rates(instrument: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rates by account and week in which it traded the instrument: `give`, `take`."""
    weeks, week = _codes(rows["traded_at"].dt.truncate(WEEK))
    names, seller, buyer = account_sides(rows)
    sold, bought = _weekly(seller, buyer, week, len(weeks), len(names))
    give, take = _rates(sold, bought)
    at_week, at_name = np.nonzero(sold + bought)
    return pl.DataFrame(
        {
            "instrument_id": pl.repeat(instrument, at_week.size, eager=True),
            "week": pl.Series(weeks).gather(at_week),
            "account": pl.Series(names).gather(at_name),
            "give": give[at_week, at_name],
            "take": take[at_week, at_name],
        }
    )


def suspect_sets(trades: pl.DataFrame, limits: Limits) -> list[Suspects]:
    """Sets of accounts that meet more often than chance, the most surprising first.

    Every stretch of one, two and four weeks is looked at, up to the policy's longest. `p_value` bounds the
    chance of so many meetings inside the set, multiplied by the number of sets of that size and
    of stretches: a union bound over everything that could have been picked.
    """
    if trades.height < limits.closed_trades:
        return []
    weeks, week = _codes(trades["traded_at"].dt.truncate(WEEK))
    names, seller, buyer = account_sides(trades)
    sold, bought = _weekly(seller, buyer, week, len(weeks), len(names))
    give, take = _rates(sold, bought)
    lengths = [length for length in LENGTHS if 7 * length <= limits.max_days]
    windows = [(first, length) for length in lengths for first in range(max(len(weeks) - length + 1, 1))]
    found: dict[tuple[tuple[str, ...], int, int], Suspects] = {}
    for first, length in windows:
        inside = np.flatnonzero((week >= first) & (week < first + length))
        if inside.size < limits.closed_trades:
            continue
        part = slice(first, first + length)
        stretch = Stretch(seller[inside], buyer[inside], sold[part], bought[part], give[part], take[part])
        for members, met, expected, surprise in stretch.sets(limits):
            log_p = np.log(len(windows)) - surprise
            if log_p > 0:
                continue
            accounts = tuple(sorted(names[account] for account in members))
            last = min(first + length, len(weeks)) - 1
            found[accounts, first, last] = Suspects(
                accounts, weeks[first], weeks[last], met, expected, float(np.exp(max(log_p, SMALLEST)))
            )
    return sorted(found.values(), key=lambda held: (held.p_value, held.accounts, held.first_week))


def _codes(values: pl.Series) -> tuple[list[Any], np.ndarray]:
    """The distinct values, sorted, and each value's place among them."""
    distinct = values.unique().sort()
    places = pl.DataFrame({"value": distinct, "place": np.arange(len(distinct))})
    joined = pl.DataFrame({"value": values}).join(places, on="value", how="left", maintain_order="left")
    return distinct.to_list(), joined["place"].to_numpy()


def account_sides(trades: pl.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The accounts, sorted, and the seller's and buyer's place among them for each trade."""
    names, both = _codes(pl.concat([trades["sell_account_id"], trades["buy_account_id"]]))
    return names, both[: trades.height], both[trades.height :]


def _weekly(
    seller: np.ndarray, buyer: np.ndarray, week: np.ndarray, weeks: int, accounts: int
) -> tuple[np.ndarray, np.ndarray]:
    """How often each account sold and bought in each week."""
    sold, bought = np.zeros((weeks, accounts)), np.zeros((weeks, accounts))
    np.add.at(sold, (week, seller), 1.0)
    np.add.at(bought, (week, buyer), 1.0)
    return sold, bought


def _rates(sold: np.ndarray, bought: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By week and account, rates whose product for two accounts is how often one should sell to the other.

    Sales times purchases over all trades would give an account meetings with itself, and too few with
    others if it is large. Fitting both rates in turn to what the accounts sold and bought to others
    (quasi-independence with an empty diagonal) puts that right.
    """
    trades = np.maximum(sold.sum(axis=1, keepdims=True), 1.0)
    give, take = sold / np.sqrt(trades), bought / np.sqrt(trades)
    for _ in range(FITTING_ROUNDS):
        give = sold / np.maximum(take.sum(axis=1, keepdims=True) - take, TINY)
        take = bought / np.maximum(give.sum(axis=1, keepdims=True) - give, TINY)
    return give, take


class Stretch:
    """Some weeks of trading: who was active, how often pairs met, and how often they should have met."""

    def __init__(self, seller: np.ndarray, buyer: np.ndarray, *weekly: np.ndarray) -> None:
        """From the sides of its trades, and all accounts' sales, purchases and their rates by week."""
        # `np.unique` would sort all trades of the weeks.
        active = np.zeros(weekly[0].shape[1], dtype=bool)
        active[seller] = active[buyer] = True
        self.accounts, place = np.flatnonzero(active), active.cumsum() - 1
        self.sold, self.bought, self.give, self.take = (figures[:, self.accounts] for figures in weekly)
        source, target = place[seller], place[buyer]
        count = self.accounts.size
        met = coo_array((np.ones(source.size), (source, target)), shape=(count, count)).tocsr()
        self.met = (met + met.T).tocsr()
        size = np.arange(count + 1)
        # The log of the number of sets, by size.
        self.log_sets = gammaln(count + 1) - gammaln(size + 1) - gammaln(count - size + 1)

    def sets(self, limits: Limits) -> Iterator[tuple[list[int], int, float, float]]:
        """Candidate sets: members, meetings, expectation, and surprise net of the number of such sets."""
        taken: list[set[int]] = []
        for pair in self._seeds(limits):
            if any(pair <= members for members in taken):
                continue
            members, met, expected, surprise = self._grown(sorted(pair), limits.max_accounts)
            taken.append(set(members))
            yield [int(self.accounts[member]) for member in members], int(met), expected, surprise

    def _seeds(self, limits: Limits) -> list[set[int]]:
        """Pairs that met repeatedly and more often than expected, the most surprising first."""
        pairs = coo_array(self.met)
        again = (pairs.data >= limits.least_meetings) & (pairs.row < pairs.col)
        one, other, met = pairs.row[again], pairs.col[again], pairs.data[again]
        expected = self.give[:, one] * self.take[:, other] + self.give[:, other] * self.take[:, one]
        chances = np.minimum(
            self.sold[:, one] + self.sold[:, other], self.bought[:, one] + self.bought[:, other]
        )
        surprise = _surprise(met, expected.sum(axis=0), chances.sum(axis=0))
        order = np.lexsort((other, one, -surprise))[: limits.max_seeds]
        return [{int(one[row]), int(other[row])} for row in order if surprise[row] >= -np.log(limits.max_p)]

    def _grown(self, members: list[int], most: int) -> tuple[list[int], float, float, float]:
        """The most surprising set for its size on the way from a pair, adding the best account each time.

        The surprise may fall in a step or two: within a large closed set a third account need not stand out
        by itself.
        """
        with_met = self._met_with(members)
        met = float(with_met[members].sum() / 2)
        best = tried = (members, met, *self._expected(members, met))
        while len(tried[0]) < min(most, len(best[0]) + PATIENCE):
            added = self._next(*tried[:3], with_met)
            if added is None:
                break
            met = tried[1] + float(with_met[added])
            members = sorted([*tried[0], added])
            with_met = with_met + self._met_with([added])
            tried = (members, met, *self._expected(members, met))
            best = max(best, tried, key=lambda held: held[3])
        return best

    def _met_with(self, members: list[int]) -> np.ndarray:
        """How often each account met the members."""
        found = np.zeros(self.accounts.size)
        for member in members:
            part = slice(self.met.indptr[member], self.met.indptr[member + 1])
            found[self.met.indices[part]] += self.met.data[part]
        return found

    def _next(self, members: list[int], met: float, expected: float, with_met: np.ndarray) -> int | None:
        """The account that makes the set most surprising, of those that met a member, if there is one."""
        others = np.setdiff1d(np.flatnonzero(with_met), members, assume_unique=True)
        if not others.size:
            return None
        sold, bought, give, take = (
            figures[:, members].sum(axis=1) for figures in (self.sold, self.bought, self.give, self.take)
        )
        chances = np.minimum(
            self.sold[:, others] + sold[:, None], self.bought[:, others] + bought[:, None]
        ).sum(axis=0)
        more = give @ self.take[:, others] + take @ self.give[:, others]
        return int(others[np.argmax(_surprise(met + with_met[others], expected + more, chances))])

    def _expected(self, members: list[int], met: float) -> tuple[float, float]:
        """Meetings expected inside a set, and the surprise at those it had net of the number of such sets."""
        give, take = self.give[:, members], self.take[:, members]
        expected = float((give.sum(axis=1) * take.sum(axis=1) - (give * take).sum(axis=1)).sum())
        chances = np.minimum(self.sold[:, members].sum(axis=1), self.bought[:, members].sum(axis=1)).sum()
        surprise = _surprise(np.array([met]), np.array([expected]), np.array([chances]))
        return expected, float(surprise[0] - self.log_sets[len(members)])


def _surprise(met: np.ndarray, expected: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Chernoff's bound on minus the log of the chance to meet so often; 0 where there is no excess.

    Of the set's sales (or purchases, whichever are fewer) in a week, each has the same chance to fall to one
    of the set. Drawn without replacement they scatter less than a binomial (Hoeffding 1963), and weeks
    with unequal chances less than their mean, so the binomial's bound holds for all of them together.
    """
    chances = np.maximum(np.maximum(chances, met), 1.0)
    share, fair = met / chances, np.clip(expected / chances, 1e-12, 1.0 - 1e-12)
    bound = chances * (rel_entr(share, fair) + rel_entr(1.0 - share, 1.0 - fair))
    return np.where(share > fair, bound, 0.0)
