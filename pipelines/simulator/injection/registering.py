"""Carries out on given rows what is arranged in the registry: transfers, surrender, allocation, faults."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator.calibration_registry import CARRY_OVER_BASE, CARRY_OVER_RATE
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.correspondence import SourceAsset
from pipelines.simulator.injection.support import UnplantableError
from pipelines.simulator.plan.registering import LedgerFault, Movement, RegistryPlan

_BOOKED = 8.6 * 3600
_SURRENDERED = 17.2 * 3600


def carry_out(context: Context, plan: RegistryPlan) -> None:
    """Everything of the plan, what gives stock first."""
    for (account, column), quantity in plan.opening.items():
        _opening(context, account, column, quantity)
    for movement in sorted(plan.movements, key=lambda one: (one.day, one.second)):
        _move(context, movement)
    for fault in plan.faults:
        _fault(context, fault)
    for penalty in plan.penalties:
        _penalty(context, penalty)
    _duties(context, plan)


def _duties(context: Context, plan: RegistryPlan) -> None:
    """What emitters surrender, are allocated, carry over, and whether they are listed."""
    for (entity, year), share in plan.surrender_share.items():
        _shortfall(context, entity, year, share, plan.surrendered_late.get((entity, year)))
    for (entity, year), share in plan.offset_share.items():
        _credits(context, entity, year, share)
    for (entity, year), factor in plan.allocation_factor.items():
        reallocate(context, entity, year, factor, "final")
    for (entity, year), adjustment in plan.adjustments.items():
        _adjust(context, entity, year, adjustment.decided_on, adjustment.total)
    for entity, factor in plan.carry_over_factor.items():
        _carry_over(context, entity, factor)
    for entity in plan.unlisted:
        _unlist(context, entity)


def _move(context: Context, movement: Movement) -> None:
    asset = context.match.assets.get(movement.asset)
    if asset is None:
        raise UnplantableError("the source has no instrument that stands for the one arranged")
    moment = context.match.moment(context.match.day(movement.day), movement.second)
    giver, taker = context.account(movement.giver), context.account(movement.taker)
    kind = (
        movement.kind if context.copy.rows("transfers", pl.col("kind") == movement.kind).height else "other"
    )
    if not context.transfer(moment, giver, taker, asset, movement.quantity, kind):
        raise UnplantableError("nobody of the cast holds what would be moved")


def _opening(context: Context, account: int, column: int, quantity: int) -> None:
    """More of what an account holds when the record opens; nothing where holdings cannot be told."""
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
        _resize(context, opening, quantity, asset)
        return
    like = context.copy.rows("transfers", pl.col("to_account").is_not_null() & (pl.col("ts") < begun)).tail(1)
    giver = like["from_account"][0] if like.height else None
    kind = like["kind"][0] if like.height else "issuance"
    moment = like["ts"][0] if like.height else first
    _provide(context, giver, asset, moment, quantity)
    context.publish(moment, giver, context.account(account), asset, quantity, kind)
    context.holdings.book(giver, context.account(account), asset, moment, quantity)


def _provide(
    context: Context, giver: str | None, asset: SourceAsset, moment: datetime, quantity: int
) -> None:
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
        _resize(context, issued, quantity, asset)
    else:
        context.publish(moment - timedelta(seconds=60), None, giver, asset, quantity, "issuance")
        context.holdings.book(None, giver, asset, moment - timedelta(seconds=60), quantity)


def _resize(context: Context, row: pl.DataFrame, more: int, asset: SourceAsset) -> None:
    """Make a transfer larger (or, below 0, smaller) by so many tonnes."""
    giver, taker, moment = row["from_account"][0], row["to_account"][0], row["ts"][0]
    if more > 0:
        _provide(context, giver, asset, moment, more)
    context.copy.change("transfers", row.with_columns(pl.col("quantity") + more), "quantity")
    context.holdings.book(giver, taker, asset, moment, more)


def _asset_of(row: dict[str, Any]) -> SourceAsset:
    return SourceAsset(row["unit_type"], row["vintage"], None)


def _fault(context: Context, fault: LedgerFault) -> None:
    account = context.account(fault.account)
    start = context.match.moment(context.match.day(fault.day), 0.0)
    involved = (pl.col("from_account") == account) | (pl.col("to_account") == account)
    settled = context.copy.rows(
        "transfers", involved & (pl.col("kind") == "trade_settlement") & (pl.col("ts") >= start)
    ).sort("ts", "transfer_id")
    if not settled.height:
        raise UnplantableError("the account settles no trade from that day on")
    row = settled.head(1)
    values = row.row(0, named=True)
    if fault.action == "unsettled":
        context.copy.remove("transfers", row)
    elif fault.action == "misbooked":
        less = min(fault.quantity, values["quantity"] - 1)
        if less <= 0:
            raise UnplantableError("the account's next trade is too small to be booked with less")
        context.copy.change("transfers", row.with_columns(pl.col("quantity") - less), "quantity")
    else:
        quantity = values["quantity"]
        if fault.action == "overdrawn":
            quantity += (
                context.holdings.spare(values["from_account"], _asset_of(values), values["ts"])
                + fault.quantity
            )
        moment = values["ts"] + timedelta(seconds=3)
        kind, trade = ("other", None) if fault.action == "overdrawn" else (values["kind"], values["trade_id"])
        context.publish(
            moment, values["from_account"], values["to_account"], _asset_of(values), quantity, kind, trade
        )


def duty(context: Context, entity: int, year: int) -> pl.DataFrame:
    """The compliance row of an entity and a year of the stage.

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


def _shortfall(context: Context, entity: int, year: int, share: float, late: date | None) -> None:
    row = duty(context, entity, year)
    owed = row["obligation"][0] or int(np.ceil(row["verified_emissions"][0]))
    lacking = row["surrendered"][0] + (row["offsets_surrendered"][0] or 0) - int(owed * share)
    lacking = min(lacking, row["surrendered"][0])
    if lacking <= 0:
        raise UnplantableError("the company has not surrendered that much")
    taken = less_surrendered(context, entity, year, lacking)
    day = None if late is None else context.match.day(late)
    made_good = day is not None and taken == lacking and _later(context, taken, day, entity)
    update = [pl.lit(day if made_good else None).cast(pl.Date).alias("completed_on")]
    if not made_good:
        update += [
            (pl.col("surrendered") - lacking).alias("surrendered"),
            (pl.col("cumulative_surrendered") - lacking).alias("cumulative_surrendered"),
            pl.when(pl.col("registry_status") == "compliant")
            .then(pl.lit("not_compliant"))
            .otherwise("registry_status")
            .alias("registry_status"),
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


def _surrenders(context: Context, entity: int, year: int) -> pl.DataFrame:
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
    for row in _surrenders(context, entity, year).iter_slices(1):
        values = row.row(0, named=True)
        if left <= 0 or values["unit_type"] in ("CCER", "CER", "ERU"):
            continue
        part = min(left, values["quantity"])
        if part == values["quantity"]:
            context.copy.remove("transfers", row)
        else:
            context.copy.change("transfers", row.with_columns(pl.col("quantity") - part), "quantity")
        context.holdings.book(
            values["from_account"], values["to_account"], _asset_of(values), values["ts"], -part
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


def _credits(context: Context, entity: int, year: int, share: float) -> None:
    row = duty(context, entity, year)
    if row["offsets_surrendered"][0] is None or row["obligation"][0] is None:
        raise UnplantableError("the source does not tell credits from allowances surrendered")
    credit = next(
        (a for c, a in context.match.assets.items() if not context.match.timeline.assets[c].is_allowance),
        None,
    )
    more = int(row["obligation"][0] * share) - row["offsets_surrendered"][0]
    if credit is None or more <= 0 or more > row["surrendered"][0]:
        raise UnplantableError("the source has no credits, or the company has surrendered more already")
    surrendered = _surrenders(context, entity, year)
    if not surrendered.height:
        raise UnplantableError("the company's surrender is not among the transfers")
    moment, taker = surrendered["ts"][0], surrendered["to_account"][0]
    _credits_from_before(context, entity, credit, moment, more)
    taken = less_surrendered(context, entity, year, more)
    given = context.transfer(moment, context.account(entity), taker, credit, taken, "surrender")
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
    _opening(context, entity, column, tonnes)


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
    asset = _asset_of(values)
    spare = context.holdings.spare(context.account(entity), asset, values["ts"])
    if more < 0 and (values["quantity"] + more <= 0 or spare < -more):
        raise UnplantableError("the company used all of its allocation, so that it cannot have had less")
    _resize(context, row, more, asset)


def _adjust(context: Context, entity: int, year: int, decided_on: date, total: float) -> None:
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
            _provide(context, giver, asset, moment, more)
            context.transfer(moment, giver, account, asset, more, "allocation")
        elif context.transfer(moment, account, giver, asset, -more, "allocation") < -more:
            raise UnplantableError("the company used all of its allocation, so that it cannot pay any back")
    like = finals.tail(1).with_columns(
        pl.lit("adjustment").alias("stage"),
        pl.lit("adjustment").alias("method"),
        pl.lit(more, dtype=pl.Int64).alias("quantity"),
        pl.lit(day).alias("decided_on"),
        pl.lit(context.numbers.fresh("allocations", finals["document_no"][-1], "document_no")).alias(
            "document_no"
        ),
    )
    context.copy.add("allocations", like.drop("_file", "_id", "_order"))


def _carry_over(context: Context, entity: int, factor: float) -> None:
    """Raise what an entity carried over to a multiple of the most that it may."""
    account = context.account(entity)
    carried = context.copy.rows("transfers", pl.col("kind") == "carry_over").sort("ts", "transfer_id")
    if not carried.height:
        raise UnplantableError("nobody carries anything over in this source")
    out, back = (carried.filter(pl.col(side) == account) for side in ("from_account", "to_account"))
    more = int(_carry_over_bound(context, account) * factor) - int(out["quantity"].sum())
    like = (carried if not out.height else out).filter(pl.col("to_account").is_null()).tail(1)
    moment = like["ts"][0]
    old = _asset_of(like.row(0, named=True)) if out.height else _best_held(context, account, moment)
    if more <= 0 or context.holdings.spare(account, old, moment) < more:
        raise UnplantableError("the company does not hold so much that it could carry over")
    new = _asset_of(
        (back if back.height else carried.filter(pl.col("from_account").is_null())).row(-1, named=True)
    )
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
    return max(allowances, key=lambda asset: context.holdings.spare(account, asset, moment))


def _carry_over_bound(context: Context, account: str) -> int:
    """The base amount and what net sales add to it [C-13]."""
    trades = context.copy.rows("trades", pl.col("instrument_id") != "CCER")
    sold = int(trades.filter(pl.col("sell_account_id") == account)["quantity"].sum())
    bought = int(trades.filter(pl.col("buy_account_id") == account)["quantity"].sum())
    return int(CARRY_OVER_BASE + max(sold - bought, 0) * CARRY_OVER_RATE)


def _unlist(context: Context, entity: int) -> None:
    """Take a company off the list, with everything that only a listed one has."""
    code, account = context.world.entities.id[entity], context.account(entity)
    for name in ("trades", "orders"):
        sides = ("buy_account_id", "sell_account_id") if name == "trades" else ("account_id",)
        if context.copy.rows(name, pl.any_horizontal(pl.col(s) == account for s in sides)).height:
            raise UnplantableError("the company trades, so that it cannot be without listing")
    row = context.copy.rows("entities", pl.col("entity_id") == code)
    if row["listed_on"][0] is None:
        raise UnplantableError("the source does not tell when a company was listed")
    reported = context.copy.rows("emission_reports", pl.col("entity_id") == code)
    verified = context.copy.rows("compliance", pl.col("entity_id") == code)["verified_emissions"]
    if not reported.height and not verified.drop_nulls().len():
        raise UnplantableError("the company reports no emissions that could be seen")
    context.copy.change(
        "entities", row.with_columns(pl.lit(None).cast(pl.Date).alias("listed_on")), "listed_on"
    )
    if not reported.height:
        # Its compliance rows are all that tells of its emissions.
        return
    for name in ("allocations", "compliance"):
        context.copy.remove(name, context.copy.rows(name, pl.col("entity_id") == code))
    own = (pl.col("from_account") == account) | (pl.col("to_account") == account)
    context.copy.remove("transfers", context.copy.rows("transfers", own))


def _penalty(context: Context, penalty: Any) -> None:
    last = context.copy.rows("penalties").sort("decided_on").tail(1)
    context.copy.add(
        "penalties",
        pl.DataFrame(
            {
                "penalty_id": [context.numbers.fresh("penalties", last["penalty_id"][0])],
                "subject_id": [context.world.accounts.holder_id[penalty.account]],
                "violation": [penalty.violation],
                "fine_cny": [penalty.fine_cny],
                "allowance_deduction": [penalty.allowance_deduction],
                "decided_on": [context.match.day(penalty.day)],
                "authority": [last["authority"][0]],
                "status": ["decided"],
            }
        ),
    )
