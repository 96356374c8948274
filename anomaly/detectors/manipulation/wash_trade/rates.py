"""How often accounts meet by chance in an anonymous order book.

The comparison is with a market in which every account has the same number of purchases and sales in each
week, partners are random, and no account trades with itself: the degree-preserving null model of network
statistics, by week because activity is seasonal. The accounts' own meetings are part of what they bought and
sold, so the expectation is rather too high than too low.
Belongs here: expectations. Does not belong here: what is looked for with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from anomaly.detectors.manipulation.wash_trade.book import WEEK, Trades

FITTING_ROUNDS = 50
TINY = 1e-9
_BY = ["instrument_id", "week"]
_SCHEMA: dict[str, Any] = {
    "party": pl.String,
    "instrument_id": pl.String,
    "week": pl.Datetime("us"),
    "expected": pl.Float64,
}


@dataclass(frozen=True)
class Week:
    """The accounts that traded in a week and what they did.

    Attributes:
        trades: its trades.
        accounts: places of the active accounts, sorted.
        figures: one column an account: how often it sold and bought, and the two rates whose product for two
            accounts is how often one should sell to the other (`give` of the seller, `take` of the buyer).
    """

    trades: Trades
    accounts: np.ndarray
    figures: np.ndarray

    @classmethod
    def of(cls, trades: Trades) -> Week:
        """From the trades of the week."""
        counts = [np.bincount(side, minlength=len(trades.names)) for side in (trades.seller, trades.buyer)]
        accounts = np.flatnonzero(counts[0] + counts[1])
        sold, bought = (count[accounts].astype(float) for count in counts)
        return cls(trades, accounts, np.array([sold, bought, *_rates(sold, bought)]))


def _rates(sold: np.ndarray, bought: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates of giving and taking by account.

    Sales times purchases over all trades would give an account meetings with itself, and too few with
    others if it is large. Fitting both rates in turn to what the accounts sold and bought to others
    (quasi-independence with an empty diagonal) puts that right.
    """
    trades = max(sold.sum(), 1.0)
    give, take = sold / np.sqrt(trades), bought / np.sqrt(trades)
    for _ in range(FITTING_ROUNDS):
        give = sold / np.maximum(take.sum() - take, TINY)
        take = bought / np.maximum(give.sum() - give, TINY)
    return give, take


def expected_within_parties(trades: pl.LazyFrame) -> pl.DataFrame:
    """How often accounts of one party should meet in the book.

    One row a party, instrument and week in which two of its accounts could meet: `party`, `instrument_id`,
    `week`, `expected`. An account belongs to the party that its trades of that week name.
    """
    active = _activity(trades).filter(pl.col("account").is_not_null()).sort(*_BY, "account")
    # The fit needs all accounts of the week, the expectation only those whose party is known.
    rates = [_fitted(week) for _, week in active.group_by(_BY, maintain_order=True)]
    if not rates:
        return pl.DataFrame(schema=_SCHEMA)
    gives, takes = pl.col("give") > 0, pl.col("take") > 0
    # What all give times what all take, but for what an account gives to itself.
    expected = pl.col("give").sum() * pl.col("take").sum() - (pl.col("give") * pl.col("take")).sum()
    meets = gives.sum() * takes.sum() > (gives & takes).sum()
    return (
        pl.concat(rates)
        .drop_nulls("party")
        .group_by("party", *_BY)
        .agg(expected.alias("expected"), meets.alias("meets"))
        .filter("meets")
        .select(*_SCHEMA)
        .sort("party", *_BY)
    )


def _activity(trades: pl.LazyFrame) -> pl.DataFrame:
    """One row an instrument, week and account: how often it `sold` and `bought`, and its `party`."""
    week = pl.col("traded_at").cast(pl.Datetime("us")).dt.truncate(WEEK)
    sides = [
        trades.group_by("instrument_id", week.alias("week"), account=f"{side}_account_id").agg(
            pl.len().alias(done), party=pl.col(f"{side}_party_id").min()
        )
        for side, done in (("sell", "sold"), ("buy", "bought"))
    ]
    return (
        pl.concat(sides, how="diagonal")
        .group_by(*_BY, "account")
        .agg(pl.col("sold").sum(), pl.col("bought").sum(), pl.col("party").min())
        # One of them where it changed within the week.
        .with_columns(party=pl.col("party").min().over("account", "week"))
        .collect()
    )


def _fitted(week: pl.DataFrame) -> pl.DataFrame:
    """Adds the rates of giving and taking in one week of one instrument."""
    sold, bought = (week[name].cast(pl.Float64).to_numpy() for name in ("sold", "bought"))
    give, take = _rates(sold, bought)
    return week.with_columns(give=pl.Series(give), take=pl.Series(take))
