"""Carries out on given rows what is arranged about reports: monthly figures, and all that follows from them.

A monthly figure that changes changes the unit's year, the company's annual report, its obligation and
surrender, and what it is allocated, each by as much as follows.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.benchmark import unit_allocation
from pipelines.simulator.calibration_plants import (
    CARBON_TO_CO2,
    DEFAULT_COAL_CARBON,
    DEFAULT_UNCONVENTIONAL_CARBON,
)
from pipelines.simulator.injection import digits
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.registering import less_surrendered, reallocate
from pipelines.simulator.injection.support import UnplantableError
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
        edited = _monthly(context, plan, cells)
        for copied in plan.copied_months:
            edited |= _copied(context, copied)
        for invented in plan.invented_digits:
            if invented.table == "activity_reports":
                edited |= _invented(context, invented)
        follow(context, edited)
    else:
        _yearly(context, plan, cells)
    for stretched in plan.hours_targets:
        _hours(context, stretched.unit, stretched.year, stretched.load_factor)
    _filings(context, plan)


def _cells(plan: EmitterPlan) -> set[tuple[int, int]]:
    """Months and units of which a figure is arranged."""
    found: set[tuple[int, int]] = set()
    for name in _ARRAYS:
        values = getattr(plan, name)
        marked = values if values.dtype == bool else values != 1
        found |= {(int(month), int(unit)) for month, unit in zip(*np.nonzero(marked), strict=True)}
    return found


def month_rows(context: Context, unit: int, month: int) -> pl.DataFrame:
    """The reports of a unit for a month of the stage: all fuels, last revision."""
    first = context.match.day(context.match.timeline.months[month])
    rows = context.copy.rows(
        "activity_reports", (pl.col("unit_id") == context.world.fleet.id[unit]) & (pl.col("month") == first)
    )
    return rows.filter(pl.col("revision") == pl.col("revision").max().over("fuel"))


def _monthly(context: Context, plan: EmitterPlan, cells: set[tuple[int, int]]) -> set[tuple[int, int, int]]:
    edited = set()
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
                unusual = context.world.fleet.unit_class[unit] == "coal_unconventional"
                default = DEFAULT_UNCONVENTIONAL_CARBON if unusual else DEFAULT_COAL_CARBON
                after |= {"carbon_content": after["ncv"] * default, "carbon_basis": "default"}
            put(context, unit, row, after, float(plan.emission[month, unit]))
            edited.add((unit, before["month"].year, month))
    return edited


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


def follow(context: Context, edited: set[tuple[int, int, int]]) -> None:
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
    _reallocated(context, entity, year, sums, owed)


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


def _reallocated(context: Context, entity: int, year: int, sums: dict[str, float], verified: float) -> None:
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


def _copied(context: Context, copied: Any) -> set[tuple[int, int, int]]:
    source = month_rows(context, copied.source_unit, copied.source_month)
    target = month_rows(context, copied.unit, copied.month)
    if not source.height or not target.height:
        return set()
    row, given = target.head(1), source.row(0, named=True)
    after = row.row(0, named=True)
    for column in copied.columns:
        if given.get(column) is not None:
            after[column] = given[column] * (1 + copied.jitter * float(context.rng.normal()))
    put(context, copied.unit, row, after)
    return {(copied.unit, row["month"][0].year, copied.month)}


def _invented(context: Context, invented: Any) -> set[tuple[int, int, int]]:
    edited = set()
    for month in range(invented.first_month, invented.last_month + 1):
        for row in month_rows(context, invented.unit, month).iter_slices(1):
            after = row.row(0, named=True)
            if after.get(invented.column) is None or context.rng.random() > invented.share:
                continue
            after[invented.column] = digits.invented(after[invented.column], invented.style, context.rng)
            put(context, invented.unit, row, after)
            edited.add((invented.unit, row["month"][0].year, month))
    return edited


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
    _reallocated(
        context, int(context.world.fleet.entity[unit]), context.match.year(year), {"gross_load": 1e-9}, 0.0
    )


def _filings(context: Context, plan: EmitterPlan) -> None:
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
