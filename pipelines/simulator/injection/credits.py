"""Carries out on given rows what is arranged at offset projects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.plan.projects import ProjectPlan

_NEAR_DEGREES = 0.002


def carry_out(context: Context, plan: ProjectPlan) -> None:
    """Everything of the plan."""
    for project, factor in plan.yield_factor.items():
        for row in _issued(context, project).iter_slices(1):
            _resize(context, row, round(row["quantity"][0] * factor))
    for extra in plan.extra:
        _again(context, extra)
    for project, days in plan.early_days.items():
        row = _issued(context, project).head(1)
        fresh = row.with_columns(pl.col("period_start") - timedelta(days=days))
        context.copy.change("offset_issuances", fresh, "period_start")
    for second, first in plan.doubles.items():
        _double(context, first, second)


def _issued(context: Context, project: int) -> pl.DataFrame:
    code = context.world.projects.id[project]
    rows = context.copy.rows("offset_issuances", pl.col("project_id") == code).sort(
        "period_start", "issuance_id"
    )
    if not rows.height:
        raise UnplantableError("the project has no issuance")
    return rows


def _booking(context: Context, row: dict[str, Any]) -> pl.DataFrame:
    """The transfer that booked an issuance, if it can be identified."""
    start = context.match.moment(row["issued_on"], 0.0)
    return context.copy.rows(
        "transfers",
        (pl.col("kind") == "issuance")
        & (pl.col("quantity") == row["quantity"])
        & (pl.col("ts") >= start)
        & (pl.col("ts") < start + timedelta(days=10)),
    ).head(1)


def _resize(context: Context, row: pl.DataFrame, quantity: int) -> None:
    booked = _booking(context, row.row(0, named=True))
    context.copy.change(
        "offset_issuances", row.with_columns(pl.lit(quantity, dtype=pl.Int64).alias("quantity")), "quantity"
    )
    context.copy.change(
        "transfers", booked.with_columns(pl.lit(quantity, dtype=pl.Int64).alias("quantity")), "quantity"
    )


def _again(context: Context, extra: Any) -> None:
    rows = _issued(context, extra.project)
    row = rows[min(extra.issuance, rows.height - 1)].row(0, named=True)
    booked = _booking(context, row)
    quantity = max(round(row["quantity"] * extra.overlap), 1)
    days = (row["period_end"] - row["period_start"]).days
    later = row["issued_on"] + timedelta(days=int(context.rng.integers(20, 70)))
    fresh = dict(row)
    fresh |= {
        "issuance_id": context.numbers.fresh("offset_issuances", row["issuance_id"]),
        "period_start": row["period_end"] - timedelta(days=int(days * extra.overlap)),
        "quantity": quantity,
        "issued_on": later,
    }
    names = [name for name in fresh if not name.startswith("_")]
    context.copy.add("offset_issuances", pl.DataFrame([{name: fresh[name] for name in names}]))
    for one in booked.iter_rows(named=True):
        moment = context.match.moment(later, 9.5 * 3600)
        near = context.numbers.near("transfers", moment)
        added = {name: value for name, value in one.items() if not name.startswith("_")}
        added |= {"transfer_id": context.numbers.fresh("transfers", near), "ts": moment, "quantity": quantity}
        context.copy.add("transfers", pl.DataFrame([added], schema_overrides={"trade_id": pl.String}))


def _double(context: Context, first: int, second: int) -> None:
    """Give the second project the first one's place and kind."""
    projects = context.world.projects
    like = context.copy.rows("offset_projects", pl.col("project_id") == projects.id[first])
    row = context.copy.rows("offset_projects", pl.col("project_id") == projects.id[second])
    shift = context.rng.normal(0, _NEAR_DEGREES, 2)
    fresh = row.with_columns(
        pl.lit(like["methodology"][0]).alias("methodology"),
        pl.lit(like["province_code"][0]).alias("province_code"),
        pl.lit(None if like["latitude"][0] is None else round(like["latitude"][0] + shift[0], 5)).alias(
            "latitude"
        ),
        pl.lit(None if like["longitude"][0] is None else round(like["longitude"][0] + shift[1], 5)).alias(
            "longitude"
        ),
        pl.lit(like["area_ha"][0], dtype=pl.Float64).alias("area_ha"),
        pl.lit(like["expected_annual"][0], dtype=pl.Float64).alias("expected_annual"),
    )
    columns = ["methodology", "province_code", "latitude", "longitude", "area_ha", "expected_annual"]
    context.copy.change("offset_projects", fresh, *columns)
