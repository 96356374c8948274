"""Off-market block: a block trade priced away from the listed market without cause.

Discounts of two to five percent are usual and some reach twenty, so a block is held against the discounts of
the blocks before it, and must also be far off in absolute terms. Where the trades themselves are known the
finding names the accounts; else the day's block value over volume stands for them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.scoring import either, exceedance

KIND = "off_market_block"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    history_blocks: int
    min_blocks: int
    usual_discount: float
    scale_floor: float
    away: float
    scales: float
    cap: float
    same_party: float


def _far(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Rows whose discount is far from what was usual before, with `usual` and `scale`.

    Needs `discount` in order of time. The floor of the scale is the spread that blocks have anyway.
    """
    history, least = limits.history_blocks, limits.min_blocks
    before = pl.col("discount").shift(1)
    usual = before.rolling_median(history, min_samples=least)
    rated = rows.with_columns(usual.alias("usual")).with_columns(
        (1.4826 * (before - pl.col("usual")).abs().rolling_median(history, min_samples=least)).alias("scale")
    )
    rated = rated.with_columns(
        pl.col("usual").fill_null(limits.usual_discount),
        pl.max_horizontal(pl.col("scale").fill_null(0.0), pl.lit(limits.scale_floor)).alias("scale"),
    ).with_columns((pl.col("discount") - pl.col("usual")).alias("away"))
    return rated.filter(
        (pl.col("away").abs() >= limits.away)
        & (pl.col("away").abs() / pl.col("scale") >= limits.scales)
        & pl.col("discount").is_finite()
    )


def _row(row: dict[str, Any], limits: Limits) -> dict[str, Any]:
    score = either(
        exceedance(abs(row["away"]), limits.away, limits.cap),
        limits.same_party if row.get("is_same_party") else 0.0,
    )
    return {
        "instrument": row["instrument_id"],
        "score": score,
        "discount": row["discount"],
        "usual": row["usual"],
        "away_from_usual": row["away"],
        "scales": abs(row["away"]) / row["scale"],
        "quantity": row["quantity"],
    }


def _blocks(inputs: Inputs[Limits]) -> pl.DataFrame:
    return (
        inputs.read("fct_trades")
        .filter((pl.col("mode") == "block") & (pl.col("price") > 0) & (pl.col("previous_close") > 0))
        .with_columns(
            (1 - pl.col("price").cast(pl.Float64) / pl.col("previous_close").cast(pl.Float64)).alias(
                "discount"
            ),
            pl.col("quantity_tco2e").cast(pl.Float64).alias("quantity"),
        )
        .sort("traded_at", "trade_id")
    )


def _trades(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Block trades far off."""
    found: list[dict[str, Any]] = []
    for _, rows in sorted(_blocks(inputs).group_by("instrument_id", maintain_order=True)):
        found += [
            _row(row, inputs.limits)
            | {
                "seller": row["sell_account_id"],
                "buyer": row["buy_account_id"],
                "first_at": row["traded_at"],
                "last_at": row["traded_at"],
                "price": float(row["price"]),
                "trade_id": row["trade_id"],
            }
            for row in _far(rows, inputs.limits).iter_rows(named=True)
        ]
    return frame_of(found)


def _days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Block days far off, of instruments whose block trades are not known."""
    blocks = (
        inputs.read("fct_market_days")
        .filter((pl.col("block_volume_tco2e") > 0) & pl.col("block_discount").is_not_null())
        .filter(~pl.col("instrument_id").is_in(_blocks(inputs)["instrument_id"].unique().to_list()))
        .with_columns(
            pl.col("block_discount").cast(pl.Float64).alias("discount"),
            pl.col("block_volume_tco2e").cast(pl.Float64).alias("quantity"),
        )
        .sort("date")
    )
    found: list[dict[str, Any]] = []
    for _, rows in sorted(blocks.group_by("instrument_id", maintain_order=True)):
        found += [
            _row(row, inputs.limits)
            | {
                "market_id": inputs.market.id,
                "first_on": row["date"],
                "last_on": row["date"],
                "price": float(row["block_average_price"]),
                "date": row["date"],
                "instrument_id": row["instrument_id"],
            }
            for row in _far(rows, inputs.limits).iter_rows(named=True)
        ]
    return frame_of(found)


MEASURES = {
    "discount": Figure("fraction of previous close", "usual"),
    "away_from_usual": Figure("fraction", "away"),
    "scales": Figure("robust standard deviations", "scales"),
    "quantity": Figure("tCO2e"),
}
TRADE_TYPES = {
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
}
TRADES = Need("fct_trades", TRADE_TYPES, source="trades", period="traded_at", subject="buy_account_id")
DAYS = Need(
    "fct_market_days",
    ("date", "instrument_id", "block_volume_tco2e", "block_average_price", "block_discount"),
    source="market_days",
    period="date",
    subject="instrument_id",
)
DETECTOR = Detector(
    KIND,
    "1.0.0",
    Limits,
    (
        Search(
            name="trade",
            subject_type="account",
            subjects=("seller", "buyer", "instrument"),
            needs=(TRADES,),
            evidence=(Rows("trades", ("trade_id",)),),
            measures=MEASURES,
            extra=("price", "usual"),
            find=_trades,
        ),
        Search(
            name="day",
            subject_type="instrument",
            subjects=("instrument", "market_id"),
            needs=(DAYS, replace(TRADES, optional=True)),
            evidence=(Rows("market_days", ("date", "instrument_id")),),
            measures=MEASURES,
            extra=("price", "usual"),
            find=_days,
        ),
    ),
)
