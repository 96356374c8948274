"""Off-market block: a block trade priced away from the listed market without cause.

Discounts of two to five percent are usual and some reach twenty. A block is therefore compared with the
discounts of the blocks before it, in their own scatter, and must be far off in absolute terms as well. Where
trades are known the candidate names the accounts; otherwise the day's block value over volume is used.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.scoring import either, exceedance


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    history_blocks: int
    min_blocks: int
    usual_discount: float
    scale_floor: float
    away: float
    candidate_away: float
    scales: float
    cap: float
    same_party: float


def _rated(blocks: pl.DataFrame, order: tuple[str, ...], inputs: Inputs[Limits]) -> pl.DataFrame:
    """Blocks away from the usual discount, with their figures.

    Needs `discount`, `quantity`, `price`, `same` and `instrument`. What is usual is the median discount of
    the instrument's blocks before, and their scaled MAD, not below the scatter that blocks have anyway.
    """
    limits = inputs.limits
    window, least = limits.history_blocks, limits.min_blocks
    before = pl.col("discount").shift(1).over("instrument")
    median = before.rolling_median(window, min_samples=least).over("instrument")
    scatter = (before - pl.col("median")).abs().rolling_median(window, min_samples=least).over("instrument")
    size = pl.col("away_from_usual").abs()
    rated = (
        blocks.filter(pl.col("discount").is_finite())
        .sort("instrument", *order)
        .with_columns(median=median)
        .with_columns(scale=pl.max_horizontal((1.4826 * scatter).fill_null(0.0), limits.scale_floor))
        .with_columns(usual=pl.col("median").fill_null(limits.usual_discount))
        .with_columns(away_from_usual=pl.col("discount") - pl.col("usual"))
        .with_columns(scales=size / pl.col("scale"))
        .filter(size >= limits.candidate_away)
    )
    within_party = pl.when("same").then(limits.same_party).otherwise(0.0)
    return rated.with_columns(
        score=either(exceedance(size, limits.away, limits.cap), within_party),
        is_alert=(size >= limits.away) & (pl.col("scales") >= limits.scales),
        currency=pl.lit(inputs.market.currency),
        against_close=-pl.col("discount"),
        usually=-pl.col("usual"),
    )


def _blocks(inputs: Inputs[Limits]) -> pl.LazyFrame:
    """Block trades with a price and a close to compare it with."""
    price, close = (pl.col(name).cast(pl.Float64) for name in ("price", "previous_close"))
    blocks = inputs.scan("fct_trades").filter(pl.col("mode") == "block")
    return blocks.with_columns(price=price, discount=1 - price / close).filter(
        (pl.col("price") > 0) & (close > 0)
    )


def _trades(inputs: Inputs[Limits]) -> pl.DataFrame:
    blocks = _blocks(inputs).select(
        "trade_id",
        "price",
        "discount",
        quantity=pl.col("quantity_tco2e").cast(pl.Float64),
        instrument="instrument_id",
        seller="sell_account_id",
        buyer="buy_account_id",
        same=pl.col("is_same_party").fill_null(False),
        first_at="traded_at",
        last_at="traded_at",
    )
    return _rated(blocks.collect(), ("first_at", "trade_id"), inputs)


def _days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Days of blocks of instruments whose block trades are not known."""
    traded = _blocks(inputs).select("instrument_id").unique()
    days = inputs.scan("fct_market_days").filter(pl.col("block_volume_tco2e") > 0)
    blocks = days.join(traded, on="instrument_id", how="anti").select(
        "date",
        "instrument_id",
        price=pl.col("block_average_price").cast(pl.Float64),
        discount=pl.col("block_discount").cast(pl.Float64),
        quantity=pl.col("block_volume_tco2e").cast(pl.Float64),
        instrument="instrument_id",
        market_id=pl.lit(inputs.market.id),
        same=pl.lit(False),
        first_on="date",
        last_on="date",
    )
    return _rated(blocks.drop_nulls("discount").collect(), ("date",), inputs)


TRADES = Need(
    "fct_trades",
    {
        "trade_id": pl.String,
        "traded_at": pl.Datetime("us"),
        "instrument_id": pl.String,
        "mode": pl.String,
        "price": pl.Float64,
        "quantity_tco2e": pl.Float64,
        "buy_account_id": pl.String,
        "sell_account_id": pl.String,
        "previous_close": pl.Float64,
        "is_same_party": pl.Boolean,
    },
    source="trades",
    period="traded_at",
    subject="buy_account_id",
)
DAYS = Need(
    "fct_market_days",
    ("date", "instrument_id", "block_volume_tco2e", "block_average_price", "block_discount"),
    source="market_days",
    period="date",
    subject="instrument_id",
)
TRADE = Search(
    name="trade",
    subject_type="account",
    subjects=("seller", "buyer", "instrument"),
    needs=(TRADES,),
    evidence=(Rows("trades", ("trade_id",)),),
    measures={
        "discount": Figure("fraction of previous close", "usual"),
        "away_from_usual": Figure("fraction", "away"),
        "scales": Figure("scaled MAD", "scales"),
        "quantity": Figure("tCO2e"),
    },
    extra=("price", "against_close", "usually", "currency"),
    find=_trades,
)
DAY = replace(
    TRADE,
    name="day",
    subject_type="instrument",
    subjects=("instrument", "market_id"),
    needs=(DAYS, replace(TRADES, optional=True)),
    evidence=(Rows("market_days", ("date", "instrument_id")),),
    find=_days,
)
DETECTOR = Detector("off_market_block", "1.1.0", Limits, (TRADE, DAY))
