"""What accounts hold, changed on given rows: more from the beginning, larger or smaller transfers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.correspondence import SourceAsset


def opening(context: Context, account: int, column: int, quantity: int) -> None:
    """More of what an account holds when the record opens; nothing where holdings are unknown."""
    asset = context.match.assets.get(column)
    if asset is None or not context.holdings.is_whole:
        return
    first = context.copy.rows("transfers").sort("ts").head(1)["ts"][0]
    begun = first + timedelta(days=1)
    own = (
        (pl.col("to_account") == context.account(account))
        & (pl.col("unit_type") == asset.unit_type)
        & pl.col("vintage").eq_missing(pl.lit(asset.vintage, dtype=pl.Int64))
        & (pl.col("ts") < begun)
    )
    opening = context.copy.rows("transfers", own).head(1)
    if opening.height:
        resize(context, opening, quantity, asset)
        return
    like = context.copy.rows("transfers", pl.col("to_account").is_not_null() & (pl.col("ts") < begun)).tail(1)
    giver = like["from_account"][0] if like.height else None
    kind = like["kind"][0] if like.height else "issuance"
    moment = like["ts"][0] if like.height else first
    provide(context, giver, asset, moment, quantity)
    context.publish(moment, giver, context.account(account), asset, quantity, kind)
    context.holdings.book(giver, context.account(account), asset, moment, quantity)


def provide(context: Context, giver: str | None, asset: SourceAsset, moment: datetime, quantity: int) -> None:
    """Raise an earlier issuance to `giver` so that it can give more, if it cannot as it is."""
    if giver is None or context.holdings.spare(giver, asset, moment) >= quantity:
        return
    issued = context.copy.rows(
        "transfers",
        (pl.col("to_account") == giver)
        & pl.col("from_account").is_null()
        & (pl.col("unit_type") == asset.unit_type)
        & pl.col("vintage").eq_missing(pl.lit(asset.vintage, dtype=pl.Int64))
        & (pl.col("ts") <= moment),
    ).tail(1)
    if issued.height:
        resize(context, issued, quantity, asset)
    else:
        context.publish(moment - timedelta(seconds=60), None, giver, asset, quantity, "issuance")
        context.holdings.book(None, giver, asset, moment - timedelta(seconds=60), quantity)


def resize(context: Context, row: pl.DataFrame, more: int, asset: SourceAsset) -> None:
    """Make a transfer larger (or, below 0, smaller) by so many tonnes."""
    giver, taker, moment = row["from_account"][0], row["to_account"][0], row["ts"][0]
    if more > 0:
        provide(context, giver, asset, moment, more)
    context.copy.change("transfers", row.with_columns(pl.col("quantity") + more), "quantity")
    context.holdings.book(giver, taker, asset, moment, more)


def asset_of(row: dict[str, Any]) -> SourceAsset:
    """What a transfer moves."""
    return SourceAsset(row["unit_type"], row["vintage"], None)
