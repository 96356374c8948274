"""Trades with one party on both sides: what they are, and what an order book explains.

One account on both sides is on the record and never chance. In the anonymous order book two accounts of one
party meet by chance as well: their number must exceed what the accounts' activity explains (`meetings`),
and what moved must come back (`closing`), for a series in one direction only moves a position within the
party. A negotiated block within a party is never chance, but a group may hand its own allowances over:
blocks count where what moved comes back. A ring of three or more accounts is left to `circular_trade`.
Belongs here: the candidates among such trades. Does not belong here: sets without a declared relation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import poisson

from anomaly.core.helpers import runs
from anomaly.core.scoring import certain
from anomaly.detectors.manipulation.wash_trade.book import WEEK, Trades
from anomaly.detectors.manipulation.wash_trade.closing import (
    Closing,
    alike_share,
    closed_stretch,
    combined,
)
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.rates import expected_within_parties

BY = ["party", "instrument_id", "form"]


def one_party_rows(trades: pl.LazyFrame, limits: Limits) -> Iterator[dict[str, Any]]:
    """Candidates for each run of trades of one party, instrument and form (own account, book, block)."""
    own = (pl.col("buy_account_id") == pl.col("sell_account_id")).fill_null(False)
    listed = (pl.col("mode") == "listed").fill_null(False)
    known = pl.col("quantity_tco2e").is_not_null()
    same = trades.filter(own | (known & pl.col("is_same_party").fill_null(False))).with_columns(
        party=pl.coalesce("buy_party_id", "buy_account_id"),
        form=pl.when(own).then(pl.lit("own")).when(listed).then(pl.lit("book")).otherwise(pl.lit("block")),
    )
    rows = same.sort(*BY, "traded_at", "trade_id").collect()
    # A trade whose source names one side alone meets nobody.
    listing = trades.filter(listed & ~own & known).drop_nulls(["buy_account_id", "sell_account_id"])
    book = listing if (rows["form"] == "book").any() else trades.clear()
    expected = expected_within_parties(book)
    alike = _alike_shares(book.select("instrument_id", "quantity_tco2e").collect(), 1.0 - limits.min_returned)
    for (party, instrument, form), part in rows.group_by(BY, maintain_order=True):
        explained = None
        if form == "book":
            explained = _Expectation(expected, alike[str(instrument)], str(party), str(instrument))
        for first, last in runs(part["traded_at"].to_list(), timedelta(days=limits.max_gap_days)):
            run = part.slice(first, last - first + 1)
            yield from _own(run, limits) if form == "own" else _between(run, explained, limits)


def _alike_shares(listing: pl.DataFrame, margin: float) -> dict[str, float]:
    """By instrument, the share of pairs of book trades with like quantities."""
    return {
        str(instrument): alike_share(part["quantity_tco2e"].cast(pl.Float64).to_numpy(), margin)
        for (instrument,), part in listing.group_by("instrument_id")
    }


def _own(run: pl.DataFrame, limits: Limits) -> Iterator[dict[str, Any]]:
    score = certain(limits.base_same_account, run.height, limits.trades)
    yield _row(run, score, is_alert=True) | {"same_account_trades": run.height}


def _between(run: pl.DataFrame, explained: _Expectation | None, limits: Limits) -> Iterator[dict[str, Any]]:
    """Closed stretches of a run as alerts; the rest as a candidate, unless chance explains it."""
    base = limits.base_block if explained is None else limits.base_same_party
    alike = explained.alike if explained else 1.0
    closing = Closing(1.0 - limits.min_returned, limits.max_days, 2)
    left = Trades.of(run)
    while (stretch := closed_stretch(left, closing)) is not None:
        part = run[left.row[stretch.places].tolist()]
        left = left.take(np.delete(np.arange(len(left)), stretch.places))
        fair, p_value = explained.of(part) if explained else (0.0, None)
        if p_value is not None:
            p_value = combined(p_value, stretch.p_value(alike))
            if p_value > limits.max_p:
                continue
        row = _row(part, certain(limits.base_same_party, part.height - fair, limits.trades), is_alert=True)
        measures = {"meetings_by_chance": fair if explained else None, "returned": 1.0 - stretch.net_share}
        yield row | measures | {"p_value": p_value}
    rest = run[left.row.tolist()]
    fair, p_value = explained.of(rest) if explained and rest.height else (0.0, None)
    if rest.height and (p_value is None or p_value <= limits.max_p):
        row = _row(rest, certain(base, rest.height - fair, limits.trades), is_alert=False)
        yield row | {"meetings_by_chance": fair if explained else None, "returned": 0.0, "p_value": p_value}


def _row(rows: pl.DataFrame, score: float, is_alert: bool) -> dict[str, Any]:
    return {
        "accounts": sorted({*rows["buy_account_id"], *rows["sell_account_id"]}),
        "party": rows["party"][0],
        "instrument": rows["instrument_id"][0],
        "first_at": rows["traded_at"][0],
        "last_at": rows["traded_at"][-1],
        "score": score,
        "is_alert": is_alert,
        "p_value": None,
        "trades": rows.height,
        "same_account_trades": 0,
        "meetings_by_chance": None,
        "quantity": float(rows["quantity_tco2e"].sum()),
        "returned": None,
        "trade_id": rows["trade_id"].to_list(),
    }


class _Expectation:
    """How often accounts of one party should meet in one instrument's book."""

    def __init__(self, expected: pl.DataFrame, alike: float, party: str, instrument: str) -> None:
        # Weeks and instruments in which any party could have met itself: so many comparisons are made.
        self.comparisons = max(expected.height, 1)
        own = (pl.col("party") == party) & (pl.col("instrument_id") == instrument)
        self.expected = expected.filter(own)
        self.alike = alike

    def of(self, rows: pl.DataFrame) -> tuple[float, float]:
        """Meetings that activity explains in these weeks, and the probability of as many as there are."""
        weeks = rows["traded_at"].dt.truncate(WEEK)
        within = self.expected.filter(pl.col("week").is_between(weeks.min(), weeks.max()))
        fair = float(within["expected"].sum())
        return fair, float(min(poisson.sf(rows.height - 1, fair) * self.comparisons, 1.0))
