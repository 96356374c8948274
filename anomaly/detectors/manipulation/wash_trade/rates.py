"""How often accounts meet by chance in an anonymous order book.

The comparison is with a market in which every account has the same number of purchases and sales in each
week, partners are random, and no account trades with itself: the degree-preserving null model of network
statistics, by week because activity is seasonal. The accounts' own meetings are part of what they bought and
sold, so the expectation is rather too high than too low.
Belongs here: expectations. Does not belong here: what is looked for with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from anomaly.detectors.manipulation.wash_trade.book import WEEK, Trades

FITTING_ROUNDS = 50
TINY = 1e-9
_BY = ["instrument_id", "week"]
_SCHEMA = {
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


def expected_within_parties(trades: pl.DataFrame) -> pl.DataFrame:
    """How often accounts of one party should meet in the book.

    One row a party, instrument and week in which two of its accounts could meet: `party`, `instrument_id`,
    `week`, `expected`. An account belongs to the party that its trades of that week name.
    """
    if trades.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    parts = [_rates_by_week(str(name), rows) for (name,), rows in sorted(trades.group_by("instrument_id"))]
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
        .join(rates.filter(pl.col("take") > 0), on=[*_BY, "party"], suffix="_buyer")
        .filter(pl.col("account") != pl.col("account_buyer"))
        .group_by("party", *_BY)
        .agg((pl.col("give") * pl.col("take_buyer")).sum().alias("expected"))
        .sort("party", *_BY)
    )


def _rates_by_week(instrument: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rates by account and week in which it traded the instrument: `give`, `take`."""
    trades = Trades.of(rows)
    names = pl.Series(trades.names)
    weeks = [(start, Week.of(part)) for start, part in trades.weeks()]
    return pl.concat(
        pl.DataFrame(
            {
                "instrument_id": [instrument],
                "week": pl.Series([start], dtype=pl.Datetime("us")),
                "account": [names.gather(week.accounts)],
                "give": [week.figures[2]],
                "take": [week.figures[3]],
            }
        ).explode("account", "give", "take")
        for start, week in weeks
    )
