"""Carries out on given rows what is arranged about surrender: shortfalls, their later surrender, credits."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.correspondence import SourceAsset
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.stock import asset_of, opening

_SURRENDERED = 17.2 * 3600


def duty(context: Context, entity: int, year: int) -> pl.DataFrame:
    """The compliance row of an entity and a simulated year.

    Raises:
        UnplantableError: there is none with figures.
    """
    code = context.world.entities.id[entity]
    row = context.copy.rows(
        "compliance",
        (pl.col("entity_id") == code)
        & (pl.col("year") == context.match.year(year))
        & pl.col("verified_emissions").is_not_null()
        & pl.col("surrendered").is_not_null(),
    )
    if not row.height or not row["verified_emissions"][0]:
        raise UnplantableError("the company has no compliance year with figures")
    return row


def shortfall(context: Context, entity: int, year: int, share: float, late: date | None) -> None:
    """Leave a part of an obligation unsurrendered, and make it good on a later day if one is given."""
    row = duty(context, entity, year)
    owed = row["obligation"][0] or int(np.ceil(row["verified_emissions"][0]))
    lacking = row["surrendered"][0] + (row["offsets_surrendered"][0] or 0) - int(owed * share)
    lacking = min(lacking, row["surrendered"][0])
    if lacking <= 0:
        raise UnplantableError("the company has not surrendered that much")
    is_booked = surrenders(context, entity, year).height > 0
    taken = less_surrendered(context, entity, year, lacking)
    if is_booked and taken != lacking:
        raise UnplantableError("the company's transfers show less surrendered than its compliance year")
    day = None if late is None else context.match.day(late)
    made_good = day is not None and taken == lacking and _later(context, taken, day, entity)
    is_after = pl.col("due_on") < pl.lit(day) if made_good else pl.lit(True)
    update = [
        pl.lit(day if made_good else None).cast(pl.Date).alias("completed_on"),
        pl.when(is_after & (pl.col("registry_status") == "compliant"))
        .then(pl.lit("not_compliant"))
        .otherwise("registry_status")
        .alias("registry_status"),
    ]
    if not made_good:
        update += [
            (pl.col("surrendered") - lacking).alias("surrendered"),
            (pl.col("cumulative_surrendered") - lacking).alias("cumulative_surrendered"),
        ]
        _made_good_next_year(context, entity, context.match.year(year), lacking, row)
    names = ["surrendered", "cumulative_surrendered", "completed_on", "registry_status"]
    context.copy.change("compliance", row.with_columns(update), *names)


def _made_good_next_year(context: Context, entity: int, year: int, lacking: int, row: pl.DataFrame) -> None:
    """Where figures are cumulative, what is lacking is surrendered with the next year's obligation."""
    before = row["cumulative_surrendered"][0]
    code = context.world.entities.id[entity]
    following = context.copy.rows("compliance", (pl.col("entity_id") == code) & (pl.col("year") == year + 1))
    if before is None or not following.height or (following["cumulative_surrendered"][0] or 0) < before:
        return
    context.copy.change("compliance", following.with_columns(pl.col("surrendered") + lacking), "surrendered")


def surrenders(context: Context, entity: int, year: int) -> pl.DataFrame:
    """The entity's surrender transfers between the year's end and the next, last first."""
    source_year = context.match.year(year)
    return context.copy.rows(
        "transfers",
        (pl.col("from_account") == context.account(entity))
        & (pl.col("kind") == "surrender")
        & (pl.col("ts").dt.year() == source_year + 1),
    ).sort("ts", "transfer_id", descending=True)


def less_surrendered(context: Context, entity: int, year: int, tonnes: int) -> int:
    """Take so many tonnes of allowances off the entity's surrender transfers; returns what was there."""
    left = tonnes
    for row in surrenders(context, entity, year).iter_slices(1):
        values = row.row(0, named=True)
        if left <= 0 or values["unit_type"] in ("CCER", "CER", "ERU"):
            continue
        part = min(left, values["quantity"])
        if part == values["quantity"]:
            context.copy.remove("transfers", row)
        else:
            context.copy.change("transfers", row.with_columns(pl.col("quantity") - part), "quantity")
        context.holdings.book(
            values["from_account"], values["to_account"], asset_of(values), values["ts"], -part
        )
        left -= part
    return tonnes - left


def _later(context: Context, tonnes: int, day: date, entity: int) -> bool:
    """Surrender on a later day what was taken off, of what the entity still has; whether that was enough."""
    account = context.account(entity)
    like = context.copy.rows("transfers", pl.col("kind") == "surrender").head(1)
    taker = like["to_account"][0] if like.height else None
    moment = context.match.moment(day, _SURRENDERED)
    assets = {
        asset
        for column, asset in context.match.assets.items()
        if context.match.timeline.assets[column].is_allowance
    }
    stock = {asset: context.holdings.spare(account, asset, moment) for asset in assets}
    if sum(stock.values()) < tonnes:
        return False
    for asset in sorted(stock, key=lambda one: (one.vintage or 0, one.unit_type)):
        part = min(stock[asset], tonnes)
        if part > 0:
            tonnes -= context.transfer(moment, account, taker, asset, part, "surrender")
            moment += timedelta(seconds=1)
    return True


def credits(context: Context, entity: int, year: int, share: float) -> None:
    """Replace allowances surrendered by credits up to a share of the obligation."""
    row = duty(context, entity, year)
    if row["offsets_surrendered"][0] is None or row["obligation"][0] is None:
        raise UnplantableError("the source does not separate credits from allowances surrendered")
    credit = next(
        (a for c, a in context.match.assets.items() if not context.match.timeline.assets[c].is_allowance),
        None,
    )
    more = int(row["obligation"][0] * share) - row["offsets_surrendered"][0]
    if credit is None or more <= 0 or more > row["surrendered"][0]:
        raise UnplantableError("the source has no credits, or the company has surrendered more already")
    surrendered = surrenders(context, entity, year)
    if not surrendered.height:
        raise UnplantableError("the company's surrender is not among the transfers")
    moment, taker = surrendered["ts"][0], surrendered["to_account"][0]
    _credits_from_before(context, entity, credit, moment, more)
    taken = less_surrendered(context, entity, year, more)
    given = context.transfer(moment, context.account(entity), taker, credit, taken, "surrender")
    if not given == taken == more:
        raise UnplantableError("the transfers cannot show so many credits in the place of allowances")
    fresh = row.with_columns(pl.col("surrendered") - given, pl.col("offsets_surrendered") + given)
    context.copy.change("compliance", fresh, "surrendered", "offsets_surrendered")


def _credits_from_before(
    context: Context, entity: int, credit: SourceAsset, moment: datetime, tonnes: int
) -> None:
    """Let the entity have had these credits all along."""
    if (
        not context.holdings.is_whole
        or context.holdings.spare(context.account(entity), credit, moment) >= tonnes
    ):
        return
    column = next(c for c, a in context.match.assets.items() if a == credit)
    opening(context, entity, column, tonnes)
