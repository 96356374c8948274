"""What follows from a finding: its level by score and stake, what could explain it, facts beside it.

This is decided in each run for all findings, reused ones too: it depends on prices, quarantine and holdings,
which change without the detector's own marts.
Belongs here: putting these together. Does not belong here: how each is computed.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.core.explanations import explanations
from anomaly.core.facts import facts
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import Policy
from anomaly.core.prices import with_prices

ASSESSMENT_SCHEMA: dict[str, Any] = {
    "alert_id": pl.String,
    "level_by_score": pl.String,
    "level_reason": pl.String,
    "stake_basis": pl.String,
    "stake_tco2e": pl.Float64,
    "stake_money": pl.Float64,
    "currency": pl.String,
    "money_basis": pl.String,
    "price": pl.Float64,
    "price_on": pl.Date,
    "is_explained": pl.Boolean,
    "explaining_rows": pl.Int64,
    "explained_by": pl.String,
    "facts": pl.String,
}
TRADES, MARKET_PRICE, NO_TONNES, NO_PRICE = "trades", "market_price", "no_tonnes", "no_price"
EXPLAINED = "explained"


def assess(findings: pl.DataFrame, marts: Marts, policy: Policy, market: Market) -> pl.DataFrame:
    """Findings in their order, with their final level and the columns of `ASSESSMENT_SCHEMA`."""
    rows = _with_money(with_prices(findings, marts, market, policy.price))
    rows = rows.join(
        explanations(findings, marts, policy.explained), on="alert_id", how="left", maintain_order="left"
    )
    rows = rows.join(facts(findings, marts, market), on="alert_id", how="left", maintain_order="left")
    rows = rows.with_columns(
        currency=pl.lit(market.currency),
        level_by_score="level",
        is_explained=pl.col("explained_by").is_not_null(),
        explaining_rows=pl.col("explaining_rows").fill_null(0),
        facts=pl.col("facts").fill_null("[]"),
    )
    graded = [_grade(row, policy) for row in rows.iter_rows(named=True)]
    return rows.with_columns(
        level=pl.Series([level for level, _ in graded], dtype=pl.String),
        level_reason=pl.Series([reason for _, reason in graded], dtype=pl.String),
    )


def _with_money(rows: pl.DataFrame) -> pl.DataFrame:
    """Money of the trades, or tonnes at the price of the market; `money_basis` says which, or why neither."""
    traded, valued = pl.col("stake_money"), pl.col("stake_tco2e") * pl.col("price")
    basis = (
        pl.when(traded.is_not_null())
        .then(pl.lit(TRADES))
        .when(valued.is_not_null())
        .then(pl.lit(MARKET_PRICE))
        .when(pl.col("stake_tco2e").is_null())
        .then(pl.lit(NO_TONNES))
        .otherwise(pl.lit(NO_PRICE))
    )
    is_valued = pl.col("money_basis") == MARKET_PRICE
    return rows.with_columns(stake_money=traded.fill_null(valued).round(2), money_basis=basis).with_columns(
        pl.when(is_valued).then(pl.col(name)).alias(name) for name in ("price", "price_on")
    )


def _grade(row: dict[str, Any], policy: Policy) -> tuple[str, str]:
    graded = policy.grade(
        row["score"],
        row["stake_tco2e"],
        row["stake_money"],
        row["currency"],
        is_exposure=row["is_exposure"],
    )
    if row["is_explained"]:
        level = policy.explained_level(graded.level)
        return level, graded.decided_by if level == graded.level else EXPLAINED
    return graded.level, graded.decided_by
