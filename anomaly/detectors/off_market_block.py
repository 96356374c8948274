"""Off-market block: a block trade priced away from the listed market without cause.

Discounts of two to five percent are usual and some reach twenty, so a block is held against the discounts of
the blocks before it, and must also be far off in absolute terms. Where the trades themselves are known the
finding names the accounts; else the day's block value over volume stands for them.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, provinces
from anomaly.detectors.movements import evidence_of
from anomaly.findings import Evidence, Finding, Measure
from anomaly.market import span
from anomaly.scoring import either, exceedance

KIND = "off_market_block"


def find(context: Context) -> list[Finding]:
    """Block trades far off, and block days of instruments whose block trades are not known."""
    trades, traded = _trades(context)
    return [*trades, *_days(context, traded)]


def _far(rows: pl.DataFrame, limits: dict[str, float]) -> pl.DataFrame:
    """Rows whose discount is far from what was usual before, with `usual` and `scale`.

    Needs `discount` in order of time. The floor of the scale is the spread that blocks have anyway.
    """
    history, least = int(limits["history_blocks"]), int(limits["min_blocks"])
    before = pl.col("discount").shift(1)
    usual = before.rolling_median(history, min_samples=least)
    rated = rows.with_columns(usual.alias("usual")).with_columns(
        (1.4826 * (before - pl.col("usual")).abs().rolling_median(history, min_samples=least)).alias("scale")
    )
    rated = rated.with_columns(
        pl.col("usual").fill_null(limits["usual_discount"]),
        pl.max_horizontal(pl.col("scale").fill_null(0.0), pl.lit(limits["scale_floor"])).alias("scale"),
    ).with_columns((pl.col("discount") - pl.col("usual")).alias("away"))
    return rated.filter(
        (pl.col("away").abs() >= limits["away"])
        & (pl.col("away").abs() / pl.col("scale") >= limits["scales"])
        & pl.col("discount").is_finite()
    )


def _score(row: dict[str, Any], limits: dict[str, float]) -> float:
    return either(
        exceedance(abs(row["away"]), limits["away"], limits["cap"]),
        limits["same_party"] if row.get("is_same_party") else 0.0,
    )


def _measures(row: dict[str, Any], limits: dict[str, float]) -> dict[str, Measure]:
    return {
        "discount": Measure(row["discount"], row["usual"], "fraction of previous close"),
        "away_from_usual": Measure(row["away"], limits["away"], "fraction"),
        "scales": Measure(abs(row["away"]) / row["scale"], limits["scales"], "robust standard deviations"),
        "quantity": Measure(float(row["quantity"]), None, "tCO2e"),
    }


def _trades(context: Context) -> tuple[list[Finding], set[str]]:
    if context.marts.is_empty("fct_trades"):
        return [], set()
    limits = context.policy.thresholds(KIND)
    blocks = (
        context.marts.read(
            "fct_trades",
            "trade_id",
            "traded_at",
            "instrument_id",
            "mode",
            "price",
            "quantity_tco2e",
            "buy_account_id",
            "sell_account_id",
            "previous_close",
            "is_same_party",
        )
        .filter((pl.col("mode") == "block") & (pl.col("price") > 0) & (pl.col("previous_close") > 0))
        .with_columns(
            (1 - pl.col("price").cast(pl.Float64) / pl.col("previous_close").cast(pl.Float64)).alias(
                "discount"
            ),
            pl.col("quantity_tco2e").cast(pl.Float64).alias("quantity"),
        )
        .sort("traded_at", "trade_id")
    )
    found = []
    for _, rows in sorted(blocks.group_by("instrument_id", maintain_order=True)):
        for row in _far(rows, limits).iter_rows(named=True):
            accounts = ids(row["sell_account_id"], row["buy_account_id"])
            where = provinces(context, accounts)
            start, end = span(row["traded_at"], row["traded_at"])
            found.append(
                Finding(
                    kind=KIND,
                    subject_type="account",
                    subject_ids=ids(*accounts, row["instrument_id"]),
                    province_code=next((where[account] for account in accounts if account in where), None),
                    window_start=start,
                    window_end=end,
                    score=_score(row, limits),
                    measures=_measures(row, limits),
                    evidence=(evidence_of("trades", [row["trade_id"]]),),
                    variant="trade",
                    title_values={
                        "seller": row["sell_account_id"],
                        "buyer": row["buy_account_id"],
                        "instrument": row["instrument_id"],
                        "quantity": row["quantity"],
                        "price": float(row["price"]),
                        "discount": row["discount"],
                        "usual": row["usual"],
                    },
                )
            )
    return found, set(blocks["instrument_id"])


def _days(context: Context, traded: set[str]) -> list[Finding]:
    if context.marts.is_empty("fct_market_days"):
        return []
    limits = context.policy.thresholds(KIND)
    blocks = (
        context.marts.read(
            "fct_market_days",
            "date",
            "instrument_id",
            "block_volume_tco2e",
            "block_average_price",
            "block_discount",
        )
        .filter((pl.col("block_volume_tco2e") > 0) & pl.col("block_discount").is_not_null())
        .filter(~pl.col("instrument_id").is_in(sorted(traded)))
        .with_columns(
            pl.col("block_discount").cast(pl.Float64).alias("discount"),
            pl.col("block_volume_tco2e").cast(pl.Float64).alias("quantity"),
        )
        .sort("date")
    )
    found = []
    for _, rows in sorted(blocks.group_by("instrument_id", maintain_order=True)):
        for row in _far(rows, limits).iter_rows(named=True):
            start, end = context.market.days(row["date"], row["date"])
            found.append(
                Finding(
                    kind=KIND,
                    subject_type="instrument",
                    subject_ids=ids(row["instrument_id"], context.market.id),
                    window_start=start,
                    window_end=end,
                    score=_score(row, limits),
                    measures=_measures(row, limits),
                    evidence=(
                        Evidence(
                            "market_days", ("date", "instrument_id"), ((row["date"], row["instrument_id"]),)
                        ),
                    ),
                    variant="day",
                    title_values={
                        "instrument": row["instrument_id"],
                        "date": row["date"],
                        "quantity": row["quantity"],
                        "price": float(row["block_average_price"]),
                        "discount": row["discount"],
                        "usual": row["usual"],
                    },
                )
            )
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_trades|fct_market_days",), find)
