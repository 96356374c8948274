"""Carries out on given rows what is arranged about allocation, carry-over and the list of key emitters."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from pipelines.simulator import law
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.correspondence import SourceAsset
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.stock import asset_of, provide, resize

_BOOKED = 8.6 * 3600


def reallocate(context: Context, entity: int, year: int, factor: float, stage: str) -> None:
    """Multiply a decision and what was booked for it."""
    code = context.world.entities.id[entity]
    rows = context.copy.rows(
        "allocations",
        (pl.col("entity_id") == code)
        & (pl.col("year") == context.match.year(year))
        & (pl.col("stage") == stage),
    )
    if not rows.height:
        raise UnplantableError("the company has no such allocation")
    row = rows.tail(1)
    quantity = int(row["quantity"][0])
    more = round(quantity * (factor - 1))
    _booked(context, entity, year, more)
    context.copy.change("allocations", row.with_columns(pl.col("quantity") + more), "quantity")


def _booked(context: Context, entity: int, year: int, more: int) -> None:
    """Change the last booking of the year's allocation by so much, where there is one."""
    if not context.copy.has("transfers"):
        return
    booked = context.copy.rows(
        "transfers",
        (pl.col("to_account") == context.account(entity))
        & (pl.col("kind") == "allocation")
        & (pl.col("vintage") == context.match.year(year)),
    ).sort("ts")
    if not booked.height:
        raise UnplantableError("the company's allocation is not among the transfers")
    row = booked.tail(1)
    values = row.row(0, named=True)
    asset = asset_of(values)
    spare = context.holdings.spare(context.account(entity), asset, values["ts"])
    if more < 0 and (values["quantity"] + more <= 0 or spare < -more):
        raise UnplantableError("the company used all of its allocation, so that it cannot have had less")
    resize(context, row, more, asset)


def adjust(context: Context, entity: int, year: int, decided_on: date, total: float) -> None:
    """Add an adjustment that brings final decisions to a multiple of what they are."""
    code = context.world.entities.id[entity]
    finals = context.copy.rows(
        "allocations",
        (pl.col("entity_id") == code)
        & (pl.col("year") == context.match.year(year))
        & (pl.col("stage") == "final"),
    )
    if not finals.height:
        raise UnplantableError("the company has no final allocation")
    more = round(int(finals["quantity"].sum()) * (total - 1))
    day = context.match.day(decided_on)
    document = _adjustment_document(context, day)
    vintage = context.match.year(year)
    asset = next((a for a in context.match.assets.values() if a.vintage == vintage), None)
    if asset is not None and context.copy.has("transfers"):
        moment = context.match.moment(day + timedelta(days=3), _BOOKED)
        like = context.copy.rows(
            "transfers", (pl.col("kind") == "allocation") & (pl.col("vintage") == vintage)
        ).tail(1)
        giver = like["from_account"][0] if like.height else None
        account = context.account(entity)
        if more > 0:
            provide(context, giver, asset, moment, more)
            context.transfer(moment, giver, account, asset, more, "allocation")
        elif context.transfer(moment, account, giver, asset, -more, "allocation") < -more:
            raise UnplantableError("the company used all of its allocation, so that it cannot pay any back")
    like = finals.tail(1).with_columns(
        pl.lit("adjustment").alias("stage"),
        pl.lit("adjustment").alias("method"),
        pl.lit(more, dtype=pl.Int64).alias("quantity"),
        pl.lit(day).alias("decided_on"),
        pl.lit(document).alias("document_no"),
    )
    context.copy.add("allocations", like.drop("_file", "_id", "_order"))


def _adjustment_document(context: Context, day: date) -> str:
    """A fresh document number after that of the adjustment decided nearest to a day."""
    known = context.copy.rows(
        "allocations", (pl.col("stage") == "adjustment") & pl.col("document_no").is_not_null()
    )
    if not known.height:
        raise UnplantableError("the source has no adjustment whose document could be a pattern")
    distance = (pl.col("decided_on") - pl.lit(day)).abs()
    nearest = known.sort(distance, "document_no", nulls_last=True)["document_no"][0]
    return context.numbers.fresh("allocations", nearest, "document_no")


def carry_over(context: Context, entity: int, factor: float) -> None:
    """Raise what an entity carried over to a multiple of the most that it may."""
    account = context.account(entity)
    carried = context.copy.rows("transfers", pl.col("kind") == "carry_over").sort("ts", "transfer_id")
    if not carried.height:
        raise UnplantableError("nobody carries anything over in this source")
    out, back = (carried.filter(pl.col(side) == account) for side in ("from_account", "to_account"))
    more = int(_carry_over_bound(context, account) * factor) - int(out["quantity"].sum())
    like = (carried if not out.height else out).filter(pl.col("to_account").is_null()).tail(1)
    into = back if back.height else carried.filter(pl.col("from_account").is_null())
    if not like.height or not into.height:
        raise UnplantableError("the source does not show both what is carried over and what it becomes")
    moment = like["ts"][0]
    old = asset_of(like.row(0, named=True)) if out.height else _best_held(context, account, moment)
    if more <= 0 or context.holdings.spare(account, old, moment) < more:
        raise UnplantableError("the company does not hold so much that it could carry over")
    new = asset_of(into.row(-1, named=True))
    if out.height and back.height:
        for row, giver, taker, asset in (
            (out.tail(1), account, None, old),
            (back.tail(1), None, account, new),
        ):
            context.copy.change("transfers", row.with_columns(pl.col("quantity") + more), "quantity")
            context.holdings.book(giver, taker, asset, moment, more)
        return
    later = moment + timedelta(seconds=float(context.rng.uniform(30, 3_000)))
    context.transfer(later, account, None, old, more, "carry_over")
    context.transfer(later + timedelta(seconds=1), None, account, new, more, "carry_over")


def _best_held(context: Context, account: str, moment: datetime) -> SourceAsset:
    """The allowance of which an account can spare most."""
    assets = context.match.assets
    allowances = [
        assets[column] for column in assets if context.match.timeline.assets[column].instrument_id != "CCER"
    ]
    if not allowances:
        raise UnplantableError("the source has no allowances that could be carried over")
    return max(allowances, key=lambda asset: context.holdings.spare(account, asset, moment))


def _carry_over_bound(context: Context, account: str) -> int:
    """The base amount and what net sales add to it [C-13]."""
    trades = context.copy.rows("trades", pl.col("instrument_id") != "CCER")
    sold = int(trades.filter(pl.col("sell_account_id") == account)["quantity"].sum())
    bought = int(trades.filter(pl.col("buy_account_id") == account)["quantity"].sum())
    base, multiple = law.carry_over(2025)
    return int(base + max(sold - bought, 0) * multiple)


def unlist(context: Context, entity: int) -> None:
    """Take a company off the list, with everything that only a listed one has."""
    code, account = context.world.entities.id[entity], context.account(entity)
    for name in ("trades", "orders"):
        sides = ("buy_account_id", "sell_account_id") if name == "trades" else ("account_id",)
        if context.copy.rows(name, pl.any_horizontal(pl.col(s) == account for s in sides)).height:
            raise UnplantableError("the company trades, so that it cannot be without listing")
    row = context.copy.rows("entities", pl.col("entity_id") == code)
    if row["listed_on"][0] is None:
        raise UnplantableError("the source does not state when a company was listed")
    reported = context.copy.rows("emission_reports", pl.col("entity_id") == code)
    verified = context.copy.rows("compliance", pl.col("entity_id") == code)["verified_emissions"]
    if not reported.height and not verified.drop_nulls().len():
        raise UnplantableError("the company reports no emissions that could be seen")
    gave = (pl.col("from_account") == account) & (pl.col("kind") != "surrender")
    if context.copy.rows("transfers", gave).height:
        raise UnplantableError("the company gave others what only a listed one has")
    others = context.copy.rows("entities", pl.col("listed_on").is_null())["status"]
    status = others.mode().sort()[0] if len(others) else row["status"][0]
    fresh = row.with_columns(pl.lit(None).cast(pl.Date).alias("listed_on"), pl.lit(status).alias("status"))
    context.copy.change("entities", fresh, "listed_on", "status")
    if not reported.height:
        # Only its compliance rows state its emissions.
        return
    for name in ("allocations", "compliance"):
        context.copy.remove(name, context.copy.rows(name, pl.col("entity_id") == code))
    own = (pl.col("from_account") == account) | (pl.col("to_account") == account)
    context.copy.remove("transfers", context.copy.rows("transfers", own))
