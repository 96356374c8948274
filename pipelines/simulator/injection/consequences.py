"""What follows from changed monthly reports in a year's figures, obligation and allocation."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulator.benchmark import unit_allocation
from pipelines.simulator.injection.allocating import reallocate
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.surrender import less_surrendered


def follow(context: Context) -> None:
    """Carry the changes of monthly figures on to yearly ones, obligations and allocations."""
    effects, context.effects = context.effects, {}
    entities: dict[tuple[int, int], dict[str, float]] = {}
    for (unit, year), sums in sorted(effects.items()):
        entity = int(context.world.fleet.entity[unit])
        total = entities.setdefault((entity, year), {})
        for name, value in sums.items():
            total[name] = total.get(name, 0.0) + value
        row = context.copy.rows(
            "unit_years", (pl.col("unit_id") == context.world.fleet.id[unit]) & (pl.col("year") == year)
        )
        changes = {
            "heat_input": sums.get("heat_input", 0.0),
            "gross_load": sums.get("gross_load", 0.0),
            "co2_mass": sums.get("combustion", 0.0) + sums.get("process", 0.0),
        }
        named = [name for name, change in changes.items() if abs(change) > 1e-9]
        fresh = row.with_columns((pl.col(name) + changes[name]).round(3).alias(name) for name in named)
        context.copy.change("unit_years", fresh, *named)
    for (entity, year), sums in sorted(entities.items()):
        _annual(context, entity, year, sums)


def _annual(context: Context, entity: int, year: int, sums: dict[str, float]) -> None:
    code = context.world.entities.id[entity]
    combustion, process = sums.get("combustion", 0.0), sums.get("process", 0.0)
    delta = combustion + process
    rows = context.copy.rows("emission_reports", (pl.col("entity_id") == code) & (pl.col("year") == year))
    if abs(delta) > 1e-9 and rows.height:
        fresh = rows.with_columns(
            (pl.col("combustion") + combustion).round(2),
            (pl.col("process") + process).round(2),
            (pl.col("total") + delta).round(2),
            (pl.col("verified_total") + delta).round(2),
        )
        context.copy.change("emission_reports", fresh, "combustion", "process", "total", "verified_total")
    owed = _obligation(context, entity, year, delta) if abs(delta) > 1e-9 else 0.0
    reallocated(context, entity, year, sums, owed)


def _obligation(context: Context, entity: int, year: int, delta: float) -> float:
    """Change verified emissions, obligation and surrender; returns the verified emissions before."""
    code = context.world.entities.id[entity]
    row = context.copy.rows(
        "compliance",
        (pl.col("entity_id") == code) & (pl.col("year") == year) & pl.col("verified_emissions").is_not_null(),
    )
    if not row.height:
        return 0.0
    values = row.row(0, named=True)
    verified = round(values["verified_emissions"] + delta, 2)
    columns = {"verified_emissions": verified}
    if values["obligation"] is not None:
        is_floored = values["obligation"] == int(np.floor(values["verified_emissions"]))
        columns["obligation"] = int(np.floor(verified) if is_floored else np.ceil(verified - 1e-9))
        less = values["obligation"] - columns["obligation"]
        if values["surrendered"] is not None and 0 < less <= values["surrendered"]:
            stage_year = year - context.match.shift
            columns["surrendered"] = values["surrendered"] - less_surrendered(
                context, entity, stage_year, int(less)
            )
    if values["cumulative_verified"] is not None:
        columns["cumulative_verified"] = values["cumulative_verified"] + delta
    fresh = row.with_columns(pl.lit(v).cast(row.schema[n]).alias(n) for n, v in columns.items())
    context.copy.change("compliance", fresh, *columns)
    return float(values["verified_emissions"])


def reallocated(context: Context, entity: int, year: int, sums: dict[str, float], verified: float) -> None:
    """Let the final allocation follow what is stated, where the method makes it so and the booking can."""
    code = context.world.entities.id[entity]
    finals = context.copy.rows(
        "allocations",
        (pl.col("entity_id") == code) & (pl.col("year") == year) & (pl.col("stage") == "final"),
    )
    if not finals.height or context.match.shift:
        return
    granted = int(finals["quantity"][-1])
    delta = sums.get("combustion", 0.0) + sums.get("process", 0.0)
    more = 0.0
    if verified and granted == int(np.floor(verified + 1e-6)):
        more = delta
    elif sums.get("gross_load") or sums.get("heat_supplied"):
        more = _by_method(context, entity, year) - _by_method(context, entity, year, sums)
    if granted and abs(more) >= 1:
        try:
            reallocate(context, entity, year, 1 + more / granted, "final")
        except UnplantableError:
            # What was allocated is spent; the decision then stays what it was.
            return


def _by_method(context: Context, entity: int, year: int, less: dict[str, float] | None = None) -> float:
    """What the benchmark gives the entity's units for the figures as they stand, or stood before."""
    fleet = context.world.fleet
    units = [unit for unit in np.flatnonzero(fleet.entity == entity).tolist() if fleet.is_power[unit]]
    generation, heat, hours = (np.zeros(len(fleet)) for _ in range(3))
    for unit in units:
        own = pl.col("unit_id") == fleet.id[unit]
        rows = context.copy.rows("activity_reports", own & (pl.col("month").dt.year() == year))
        generation[unit] = rows["electricity_generated"].sum()
        heat[unit] = rows["heat_supplied"].sum()
        years = context.copy.rows("unit_years", own & (pl.col("year") == year))
        hours[unit] = (years["operating_hours"][0] or 0.0) if years.height else 0.0
    if less is not None and units:
        generation[units[0]] -= less.get("gross_load", 0.0)
        heat[units[0]] -= less.get("heat_supplied", 0.0)
    return float(unit_allocation(fleet, year, generation, heat, hours)[units].sum()) if units else 0.0
