"""Movements of allowances between accounts, from trades and from plain transfers, as one frame.

Belongs here: what `circular_trade`, `pass_through` and `wash_trade` share about edges. Only trades and
transfers that the marts mark as plain are included: issuance, allocation, surrender, replacement and other
acts of administration are not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.detector import Inputs, Need

SCHEMA: dict[str, Any] = {
    "table": pl.String,
    "record_id": pl.String,
    "ts": pl.Datetime("us"),
    "source": pl.String,
    "target": pl.String,
    "product": pl.String,
    "quantity": pl.Float64,
}


TRADES = Need(
    "fct_trades",
    {
        "trade_id": pl.String,
        "traded_at": pl.Datetime("us"),
        "sell_account_id": pl.String,
        "buy_account_id": pl.String,
        "instrument_id": pl.String,
        "quantity_tco2e": pl.Float64,
    },
    source="trades",
    period="traded_at",
    subject="buy_account_id",
    filled=("traded_at", "sell_account_id", "buy_account_id", "quantity_tco2e"),
)
TRANSFERS = Need(
    "fct_transfers",
    (
        "transfer_id", "transferred_at", "from_account_id", "to_account_id", "unit_type", "vintage",
        "quantity_tco2e", "is_plain", "trade_id",
    ),
    source="transfers",
    period="transferred_at",
    subject="to_account_id",
    filled=("transferred_at", "from_account_id", "to_account_id", "quantity_tco2e"),
)  # fmt: skip


def trades(inputs: Inputs[Any]) -> pl.DataFrame:
    """Trades as movements from seller to buyer; a trade whose source names one side alone is none."""
    named = inputs.read("fct_trades").drop_nulls(["sell_account_id", "buy_account_id"])
    return named.select(
        table=pl.lit("trades"),
        record_id="trade_id",
        ts=pl.col("traded_at").cast(pl.Datetime("us")),
        source="sell_account_id",
        target="buy_account_id",
        product="instrument_id",
        quantity=pl.col("quantity_tco2e").cast(pl.Float64),
    )


def plain_transfers(inputs: Inputs[Any], without_trades: bool) -> pl.DataFrame:
    """Plain transfers; without those that settle a known trade, where `without_trades` is set."""
    rows = inputs.read("fct_transfers").filter(pl.col("is_plain"))
    if without_trades:
        rows = rows.join(inputs.read("fct_trades"), on="trade_id", how="anti")
    return rows.select(
        table=pl.lit("transfers"),
        record_id="transfer_id",
        ts=pl.col("transferred_at").cast(pl.Datetime("us")),
        source="from_account_id",
        target="to_account_id",
        product=pl.concat_str(["unit_type", pl.col("vintage").cast(pl.String).fill_null("")], separator=" "),
        quantity=pl.col("quantity_tco2e").cast(pl.Float64),
    )


def by_pair(movements: pl.DataFrame, every: str) -> pl.DataFrame:
    """Movements of one pair and product in one period made one, with the ids of all of them."""
    return (
        movements.filter(pl.col("source") != pl.col("target"))
        .with_columns(pl.col("ts").dt.truncate(every).alias("slot"))
        .sort("ts", "record_id")
        .group_by("table", "product", "source", "target", "slot", maintain_order=True)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("quantity").sum(),
            pl.col("record_id").alias("record_ids"),
        )
        .sort("first", "source", "target", "product")
    )


def share_of_flow(pairs: pl.DataFrame, days: float) -> pl.DataFrame:
    """Adds `dominance`: a movement's share of the larger of what its source gave and its target got then.

    "Then" is the window of the given days before and after. Near 1, the two accounts moved little else; an
    order book spreads an account's flow over many counterparties.
    """
    around = timedelta(days=days)
    legs = pairs.with_row_index("leg")
    parts = []
    for side in ("source", "target"):
        daily = legs.group_by("product", side, "slot").agg(pl.col("quantity").sum())
        total = (
            daily.sort("slot")
            .rolling("slot", period=2 * around, offset=-around, closed="both", group_by=["product", side])
            .agg(pl.col("quantity").sum().alias(f"{side}_flow"))
        )
        parts.append(total.unique(["product", side, "slot"]))
    for side, total in zip(("source", "target"), parts, strict=True):
        legs = legs.join(total, on=["product", side, "slot"], how="left")
    return legs.with_columns(
        (pl.col("quantity") / pl.max_horizontal("source_flow", "target_flow")).alias("dominance")
    ).sort("leg")
