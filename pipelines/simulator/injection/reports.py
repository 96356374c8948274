"""Carries out on given rows what is arranged about reports: monthly figures, and all that follows from them.

A monthly figure that changes changes the unit's year, the company's annual report, its obligation and
surrender, and what it is allocated, each by as much as follows.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator import law
from pipelines.simulator.calibration_plants import (
    CARBON_TO_CO2,
)
from pipelines.simulator.injection import digits
from pipelines.simulator.injection.consequences import follow, reallocated
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.plan.emitting import EmitterPlan

_COLUMNS = {
    "fuel": ("fuel_consumption",),
    "carbon": ("carbon_content",),
    "output": ("electricity_generated", "electricity_supplied"),
    "heat": ("heat_supplied",),
    "product": ("product_output", "process_emissions"),
}
_ARRAYS = (*_COLUMNS, "emission", "default_carbon", "hours")
_SHOWN_DECIMALS = {"carbon_content": 5, "electricity_generated": 3, "electricity_supplied": 3}


def carry_out(context: Context, plan: EmitterPlan) -> None:
    """Everything of the plan that is in reports."""
    for target in plan.emission_targets:
        _lower_to(context, plan, target.entity, target.year, target.total)
    for entity, tonnes in plan.yearly_emissions.items():
        _grown(context, plan, entity, tonnes)
    cells = _cells(plan)
    if context.copy.has("activity_reports"):
        _monthly(context, plan, cells)
        for copied in plan.copied_months:
            _copied(context, copied)
        for invented in plan.invented_digits:
            if invented.table == "activity_reports":
                _invented(context, invented)
        follow(context)
    else:
        _yearly(context, plan, cells)
    for stretched in plan.hours_targets:
        _hours(context, stretched.unit, stretched.year, stretched.load_factor)


def _cells(plan: EmitterPlan) -> set[tuple[int, int]]:
    """Months and units of which a figure is arranged."""
    found: set[tuple[int, int]] = set()
    for name in _ARRAYS:
        values = getattr(plan, name)
        marked = values if values.dtype == bool else values != 1
        found |= {(int(month), int(unit)) for month, unit in zip(*np.nonzero(marked), strict=True)}
    return found


def month_rows(context: Context, unit: int, month: int) -> pl.DataFrame:
    """The reports of a unit for a simulated month: all fuels, last revision."""
    first = context.match.day(context.match.timeline.months[month])
    rows = context.copy.rows(
        "activity_reports", (pl.col("unit_id") == context.world.fleet.id[unit]) & (pl.col("month") == first)
    )
    return rows.filter(pl.col("revision") == pl.col("revision").max().over("fuel"))


def _monthly(context: Context, plan: EmitterPlan, cells: set[tuple[int, int]]) -> None:
    for month, unit in sorted(cells):
        rows = month_rows(context, unit, month)
        for row in rows.iter_slices(1):
            before = row.row(0, named=True)
            after = dict(before)
            for name, columns in _COLUMNS.items():
                factor = float(getattr(plan, name)[month, unit])
                for column in columns:
                    if after[column] is not None and factor != 1:
                        after[column] *= factor
            if plan.default_carbon[month, unit] and after["ncv"] is not None:
                default = law.default_carbon(str(context.world.fleet.unit_class[unit]))
                after |= {"carbon_content": after["ncv"] * default, "carbon_basis": "default"}
            put(context, unit, row, after, float(plan.emission[month, unit]))


def put(context: Context, unit: int, row: pl.DataFrame, after: dict[str, Any], emission: float = 1.0) -> None:
    """Put a monthly report's new figures in place, with the emissions that follow from them."""
    before = row.row(0, named=True)
    for column in ("fuel_consumption", "carbon_content", "ncv", *(c for cs in _COLUMNS.values() for c in cs)):
        if after[column] is not None and after[column] != before[column]:
            after[column] = round(after[column], _SHOWN_DECIMALS.get(column, 2))
    process = before["process_emissions"] or 0.0
    burnt = (before["reported_emissions"] or 0.0) - process
    combustion = burnt * emission
    if before["fuel_consumption"] and before["carbon_content"]:
        ratio = after["fuel_consumption"] * after["carbon_content"]
        combustion *= ratio / (before["fuel_consumption"] * before["carbon_content"])
    elif after["fuel_consumption"] and after["carbon_content"]:
        combustion = after["fuel_consumption"] * after["carbon_content"] * CARBON_TO_CO2
    if before["reported_emissions"] is not None:
        after["reported_emissions"] = round(combustion + (after["process_emissions"] or 0.0), 2)
    columns = [name for name in after if not name.startswith("_") and after[name] != before[name]]
    if not columns:
        return
    fresh = row.with_columns(pl.lit(after[name]).cast(row.schema[name]).alias(name) for name in columns)
    context.copy.change("activity_reports", fresh, *columns)
    key = unit, before["month"].year
    sums = context.effects.setdefault(key, {})
    heat = [(r["fuel_consumption"] or 0.0) * (r["ncv"] or 0.0) for r in (before, after)]
    parts: tuple[tuple[str, float, float], ...] = (
        ("combustion", burnt, combustion),
        ("process", process, after["process_emissions"] or 0.0),
        ("heat_input", heat[0], heat[1]),
        ("gross_load", before["electricity_generated"] or 0.0, after["electricity_generated"] or 0.0),
        ("heat_supplied", before["heat_supplied"] or 0.0, after["heat_supplied"] or 0.0),
    )
    for name, old, new in parts:
        sums[name] = sums.get(name, 0.0) + new - old


def _yearly(context: Context, plan: EmitterPlan, cells: set[tuple[int, int]]) -> None:
    """Without monthly reports: the year's totals by the mean of its months' factors."""
    months = context.match.timeline.months
    years = {(unit, months[month].year) for month, unit in cells}
    done = 0
    for unit, year in sorted(years):
        inside = [number for number, month in enumerate(months) if month.year == year]
        mean = {
            name: float(getattr(plan, name)[inside, unit].mean()) for name in (*_COLUMNS, "emission", "hours")
        }
        row = context.copy.rows(
            "unit_years",
            (pl.col("unit_id") == context.world.fleet.id[unit])
            & (pl.col("year") == context.match.year(year)),
        )
        factors = {
            "heat_input": mean["fuel"],
            "co2_mass": mean["fuel"] * mean["carbon"] * mean["emission"],
            "gross_load": mean["output"],
            "operating_hours": mean["hours"],
        }
        named = [n for n, f in factors.items() if f != 1 and row.height and (row[n][0] or 0) > 0]
        done += len(named)
        context.copy.change(
            "unit_years", row.with_columns((pl.col(n) * factors[n]).alias(n) for n in named), *named
        ) if named else None
    if cells and not done:
        raise UnplantableError("the unit has no figures in these years")


def _copied(context: Context, copied: Any) -> None:
    source = month_rows(context, copied.source_unit, copied.source_month)
    target = month_rows(context, copied.unit, copied.month)
    if not source.height or not target.height:
        return
    row, given = target.head(1), source.row(0, named=True)
    after = row.row(0, named=True)
    for column in copied.columns:
        if given.get(column) is not None:
            after[column] = given[column] * (1 + copied.jitter * float(context.rng.normal()))
    put(context, copied.unit, row, after)


def _invented(context: Context, invented: Any) -> None:
    for month in range(invented.first_month, invented.last_month + 1):
        for row in month_rows(context, invented.unit, month).iter_slices(1):
            after = row.row(0, named=True)
            if after.get(invented.column) is None or context.rng.random() > invented.share:
                continue
            after[invented.column] = digits.invented(after[invented.column], invented.style, context.rng)
            put(context, invented.unit, row, after)


def _lower_to(context: Context, plan: EmitterPlan, entity: int, year: int, total: float) -> None:
    """Write factors that bring an entity's annual total down to what is arranged."""
    code = context.world.entities.id[entity]
    rows = context.copy.rows(
        "emission_reports", (pl.col("entity_id") == code) & (pl.col("year") == context.match.year(year))
    )
    if not rows.height or rows["total"][-1] <= total:
        raise UnplantableError("the company reports no more than that")
    months = [n for n, month in enumerate(context.match.timeline.months) if month.year == year]
    units = np.flatnonzero(context.world.fleet.entity == entity)
    for array in (plan.fuel, plan.product):
        array[np.ix_(np.array(months), units)] *= total / rows["total"][-1]


def _grown(context: Context, plan: EmitterPlan, entity: int, tonnes: float) -> None:
    """Write factors by which everything that a company does comes to that many tonnes in a year."""
    code = context.world.entities.id[entity]
    last = context.match.year(context.match.timeline.compliance_years[-1])
    rows = context.copy.rows("emission_reports", (pl.col("entity_id") == code) & (pl.col("year") == last))
    if not rows.height or not rows["total"][-1] > 0:
        raise UnplantableError("the company reports no emissions that could have grown")
    factor = tonnes / rows["total"][-1]
    units = np.flatnonzero(context.world.fleet.entity == entity)
    if factor > 1:
        names = [context.world.fleet.id[unit] for unit in units]
        owned = context.copy.rows("units", pl.col("unit_id").is_in(names))
        context.copy.change("units", owned.with_columns((pl.col("capacity") * factor).round(1)), "capacity")
    meters = (plan.meter_fuel, plan.meter_output, plan.meter_product)
    for array in (plan.fuel, plan.output, plan.heat, plan.product, *meters):
        array[:, units] *= factor


def _hours(context: Context, unit: int, year: int, load_factor: float) -> None:
    row = context.copy.rows(
        "unit_years",
        (pl.col("unit_id") == context.world.fleet.id[unit]) & (pl.col("year") == context.match.year(year)),
    )
    capacity = float(context.world.fleet.capacity[unit])
    if not row.height or not row["gross_load"][0] or not row["operating_hours"][0] or capacity <= 0:
        raise UnplantableError("the unit has no such year")
    hours = row["gross_load"][0] / (capacity * load_factor)
    days = (date(context.match.year(year) + 1, 1, 1) - date(context.match.year(year), 1, 1)).days
    if not row["operating_hours"][0] < hours <= days * 24:
        raise UnplantableError("the unit's hours cannot be stretched to that load factor")
    fresh = row.with_columns(pl.lit(round(hours, 2)).alias("operating_hours"))
    context.copy.change("unit_years", fresh, "operating_hours")
    reallocated(
        context, int(context.world.fleet.entity[unit]), context.match.year(year), {"gross_load": 1e-9}, 0.0
    )
