"""Carries out on given rows when reports are handed in, or that they never are."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.reports import month_rows
from pipelines.simulator.injection.surrender import less_surrendered
from pipelines.simulator.plan.emitting import EmitterPlan


def carry_out(context: Context, plan: EmitterPlan) -> None:
    """Late and missing reports of the plan."""
    for (unit, month), days in plan.month_filed_after.items():
        rows = month_rows(context, unit, month)
        if not rows.height:
            raise UnplantableError("the unit files no report of that month")
        end = calendar.next_month(rows["month"][0])
        moment = context.match.moment(end, days * 86_400).replace(microsecond=0)
        context.copy.change(
            "activity_reports", rows.with_columns(pl.lit(moment).alias("submitted_at")), "submitted_at"
        )
    missing = [month_rows(context, unit, month) for unit, month in sorted(plan.month_missing)]
    if missing and not any(rows.height for rows in missing):
        raise UnplantableError("the unit files no report of these months")
    for rows in missing:
        context.copy.remove("activity_reports", rows)
    for (entity, year), day in plan.year_filed_on.items():
        rows = _annual_rows(context, entity, year)
        if not rows.height:
            raise UnplantableError("the company files no report of that year")
        second = float(context.rng.uniform(9, 18)) * 3600
        moment = context.match.moment(context.match.day(day), second).replace(microsecond=0)
        verified = pl.max_horizontal("verified_at", pl.lit(moment + timedelta(days=9)))
        fresh = rows.with_columns(
            pl.lit(moment).alias("submitted_at"),
            pl.when(pl.col("verified_at").is_not_null()).then(verified).alias("verified_at"),
        )
        context.copy.change("emission_reports", fresh, "submitted_at", "verified_at")
    for entity, year in sorted(plan.year_missing):
        _no_year(context, entity, year)


def _annual_rows(context: Context, entity: int, year: int) -> pl.DataFrame:
    code = context.world.entities.id[entity]
    return context.copy.rows(
        "emission_reports", (pl.col("entity_id") == code) & (pl.col("year") == context.match.year(year))
    )


def _no_year(context: Context, entity: int, year: int) -> None:
    """Without an annual report nothing is verified, owed or surrendered."""
    rows = _annual_rows(context, entity, year)
    context.copy.remove("emission_reports", rows)
    duty = context.copy.rows(
        "compliance",
        (pl.col("entity_id") == context.world.entities.id[entity])
        & (pl.col("year") == context.match.year(year))
        & pl.col("verified_emissions").is_not_null(),
    )
    if not rows.height and not duty.height:
        raise UnplantableError("the company reports nothing for that year")
    if not duty.height:
        return
    less_surrendered(context, entity, year, int(duty["surrendered"][0] or 0))
    has_reports = context.copy.has("emission_reports")
    nothing = [
        pl.lit(None).cast(duty.schema[name]).alias(name)
        for name in ("verified_emissions", "obligation", "completed_on")
    ]
    surrendered = [pl.lit(0, dtype=pl.Int64).alias("surrendered")] if has_reports else []
    fresh = duty.with_columns(*nothing, *surrendered, pl.lit("not_reported").alias("registry_status"))
    names = ["verified_emissions", "obligation", "completed_on", "registry_status"]
    context.copy.change("compliance", fresh, *names, *(["surrendered"] if has_reports else []))
