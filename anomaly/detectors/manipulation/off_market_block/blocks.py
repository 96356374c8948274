"""Blocks away from the usual discount, by trade or by day.

Belongs here: how a discount is judged. Does not belong here: what a finding shows (`detector`).
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.manipulation.off_market_block.limits import Limits


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
        usual_discount="usual",
    )


def _blocks(inputs: Inputs[Limits]) -> pl.LazyFrame:
    """Block trades of a usable quantity with a price and a close to compare it with."""
    price, close = (pl.col(name).cast(pl.Float64) for name in ("price", "previous_close"))
    blocks = inputs.scan("fct_trades").filter(pl.col("mode") == "block")
    return blocks.with_columns(price=price, discount=1 - price / close).filter(
        (pl.col("price") > 0) & (close > 0) & pl.col("quantity_tco2e").is_not_null()
    )


def trades(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Block trades away from the usual discount."""
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


def days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Days of blocks of instruments whose block trades are not known."""
    traded = _blocks(inputs).select("instrument_id").unique()
    listed = inputs.scan("fct_market_days").filter(pl.col("block_volume_tco2e") > 0)
    blocks = listed.join(traded, on="instrument_id", how="anti").select(
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
