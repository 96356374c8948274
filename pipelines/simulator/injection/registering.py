"""Carries out on given rows what is arranged in the registry: transfers, faults, penalties, and the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from pipelines.simulator.injection.allocating import adjust, carry_over, reallocate, unlist
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.stock import asset_of, opening
from pipelines.simulator.injection.surrender import credits, shortfall
from pipelines.simulator.plan.registering import LedgerFault, Movement, RegistryPlan


def carry_out(context: Context, plan: RegistryPlan) -> None:
    """Everything of the plan, what gives stock first."""
    for (account, column), quantity in plan.opening.items():
        opening(context, account, column, quantity)
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
        shortfall(context, entity, year, share, plan.surrendered_late.get((entity, year)))
    for (entity, year), share in plan.offset_share.items():
        credits(context, entity, year, share)
    for (entity, year), factor in plan.allocation_factor.items():
        reallocate(context, entity, year, factor, "final")
    for (entity, year), adjustment in plan.adjustments.items():
        adjust(context, entity, year, adjustment.decided_on, adjustment.total)
    for entity, factor in plan.carry_over_factor.items():
        carry_over(context, entity, factor)
    for entity in plan.unlisted:
        unlist(context, entity)


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
        raise UnplantableError("none of the chosen accounts holds what would be moved")


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
                context.holdings.spare(values["from_account"], asset_of(values), values["ts"])
                + fault.quantity
            )
        moment = values["ts"] + timedelta(seconds=3)
        kind, trade = ("other", None) if fault.action == "overdrawn" else (values["kind"], values["trade_id"])
        context.publish(
            moment, values["from_account"], values["to_account"], asset_of(values), quantity, kind, trade
        )


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
