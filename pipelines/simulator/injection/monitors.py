"""Carries out on given rows what is arranged at laboratories, daily meters and stack monitors."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.injection import digits
from pipelines.simulator.injection.consequences import follow
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.reports import month_rows, put
from pipelines.simulator.plan.emitting import Downtime, EmitterPlan, LabFigures, MeterEdit, MonitorEdit

_SCALED = ("co2_mass", "flow")
_HELD = ("co2_mass", "co2_concentration", "flow")
_DATES = ("sampled_on", "received_on", "tested_on", "reported_on")
_METERS = {
    "meter_fuel": ("coal_feed", "gas_flow"),
    "meter_output": ("electricity_out",),
    "meter_product": ("product",),
}
_COMBUSTIBLE = ("carbon", "hydrogen", "volatile", "ncv")


def carry_out(context: Context, plan: EmitterPlan) -> None:
    """Everything of the plan that instruments and laboratories state."""
    wanted = len(plan.lab_dates) + len(plan.lab_figures)
    done = sum(_lab_dates(context, edit) for edit in plan.lab_dates)
    done += sum(_lab_figures(context, edit) for edit in plan.lab_figures)
    if wanted and not done:
        raise UnplantableError("the unit has no analyses in these months")
    follow(context)
    _daily(context, plan)
    for meter in plan.meter_edits:
        _meter(context, meter)
    _hourly(context, plan)
    for edit in plan.monitor_edits:
        _monitor(context, edit)
    for downtime in plan.downtimes:
        _downtime(context, downtime)
    for invented in plan.invented_digits:
        if invented.table != "activity_reports":
            _invented(context, invented)


def _sample(context: Context, unit: int, month: int) -> pl.DataFrame:
    """The unit's last sample of a simulated month."""
    first = context.match.day(context.match.timeline.months[month])
    return (
        context.copy.rows(
            "lab_tests",
            (pl.col("unit_id") == context.world.fleet.id[unit])
            & (pl.col("sampled_on") >= first)
            & (pl.col("sampled_on") < calendar.next_month(first)),
        )
        .sort("sampled_on", "sample_id")
        .tail(1)
    )


def _lab_dates(context: Context, edit: Any) -> bool:
    row = _sample(context, edit.unit, edit.month)
    stated = {name: context.match.day(day) for name in _DATES if (day := getattr(edit, name)) is not None}
    fresh = row.with_columns(pl.lit(day).alias(name) for name, day in stated.items())
    context.copy.change("lab_tests", fresh, *stated)
    return row.height > 0


def _lab_figures(context: Context, edit: LabFigures) -> bool:
    row = _sample(context, edit.unit, edit.month)
    if not row.height:
        return False
    before = row.row(0, named=True)
    after = dict(before)
    figures = ("moisture", "ash", "volatile", "sulphur", "hydrogen", "carbon", "ncv", "total_moisture")
    if edit.source is not None:
        given = _sample(context, *edit.source)
        if given.height:
            for name in figures:
                if given[name][0] is not None:
                    after[name] = given[name][0] * (1 + edit.jitter * float(context.rng.normal()))
    for name, factor in edit.factors:
        _multiply(after, name, factor)
    changed = [name for name in figures if after[name] is not None and after[name] != before[name]]
    fresh = row.with_columns(
        pl.lit(round(after[name], 3 if name == "ncv" else 2)).alias(name) for name in changed
    )
    context.copy.change("lab_tests", fresh, *changed)
    if edit.in_report:
        _in_report(context, edit, before, after)
    return bool(changed)


def _multiply(figures: dict[str, Any], name: str, factor: float) -> None:
    """Multiply a figure; `combustible` stands for all that burns, and ash makes up the rest."""
    if name == "combustible" and figures["ash"] is not None:
        figures["ash"] += (1 - factor) * (100 - figures["ash"] - (figures["moisture"] or 0.0))
    for column in _COMBUSTIBLE if name == "combustible" else (name,):
        if figures.get(column) is not None:
            figures[column] *= factor


def _in_report(context: Context, edit: LabFigures, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Let the monthly report follow the stated analysis."""
    for report in month_rows(context, edit.unit, edit.month).head(1).iter_slices(1):
        values = report.row(0, named=True)
        for column, figure in (("ncv", "ncv"), ("carbon_content", "carbon")):
            if values[column] is not None and before[figure] and after[figure]:
                values[column] *= after[figure] / before[figure]
        if values["ncv"] is not None:
            values["ncv"] = round(values["ncv"], 3)
        put(context, edit.unit, report, values)


def _month_bounds(context: Context, month: int) -> tuple[date, date]:
    first = context.match.day(context.match.timeline.months[month])
    return first, calendar.next_month(first)


def _daily(context: Context, plan: EmitterPlan) -> None:
    for name, meters in _METERS.items():
        factors = getattr(plan, name)
        for month, unit in zip(*np.nonzero(factors != 1), strict=True):
            first, end = _month_bounds(context, int(month))
            rows = context.copy.rows(
                "meters_daily",
                (pl.col("unit_id") == context.world.fleet.id[int(unit)])
                & pl.col("meter").is_in(meters)
                & (pl.col("date") >= first)
                & (pl.col("date") < end),
            )
            fresh = rows.with_columns((pl.col("value") * float(factors[month, unit])).round(2))
            context.copy.change("meters_daily", fresh, "value")


def _meter(context: Context, edit: MeterEdit) -> None:
    first = context.match.day(edit.first)
    last = first + timedelta(days=edit.days)
    unit = context.world.fleet.id[edit.unit]
    own = (pl.col("unit_id") == unit) & (pl.col("meter") == edit.meter)
    rows = context.copy.rows("meters_daily", own & (pl.col("date") >= first) & (pl.col("date") < last)).sort(
        "date"
    )
    count = int(edit.value) if edit.action == "repeat" else 1
    before = context.copy.rows(
        "meters_daily", own & (pl.col("date") >= first - timedelta(days=count)) & (pl.col("date") < first)
    ).sort("date")
    if not rows.height or not before.height:
        raise UnplantableError("the meter has no readings then")
    pattern = np.resize(before["value"].to_numpy(), rows.height)
    if edit.action == "hold":
        pattern = pattern * (1 + edit.value * context.rng.normal(size=rows.height))
    context.copy.change("meters_daily", rows.with_columns(pl.Series("value", pattern.round(2))), "value")


def _hourly(context: Context, plan: EmitterPlan) -> None:
    for month, unit in zip(*np.nonzero(plan.monitor != 1), strict=True):
        first, end = _month_bounds(context, int(month))
        rows = _hours(context, int(unit), context.match.moment(first, 0.0), context.match.moment(end, 0.0))
        _scale(context, rows, float(plan.monitor[month, unit]))


def _hours(context: Context, unit: int, start: datetime, end: datetime) -> pl.DataFrame:
    rows = context.copy.rows(
        "cems_hourly",
        (pl.col("unit_id") == context.world.fleet.id[unit]) & (pl.col("ts") >= start) & (pl.col("ts") < end),
    ).sort("ts")
    if not rows.height:
        raise UnplantableError("the unit's stack monitor is not published for these hours")
    return rows


def _scale(context: Context, rows: pl.DataFrame, factor: float) -> None:
    context.copy.change("cems_hourly", rows.with_columns((pl.col(*_SCALED) * factor).round(3)), *_SCALED)


def _monitor(context: Context, edit: MonitorEdit) -> None:
    start = context.match.moment(context.match.day(edit.first), edit.first_hour * 3600.0)
    rows = _hours(context, edit.unit, start, start + timedelta(hours=edit.hours))
    if edit.action == "scale":
        _scale(context, rows, edit.value)
    elif edit.action == "cap":
        capped = rows.with_columns(
            pl.min_horizontal("co2_mass", pl.lit(edit.value)).round(3).alias("co2_mass")
        )
        context.copy.change("cems_hourly", capped.filter(rows["co2_mass"] > edit.value), "co2_mass")
    elif edit.action == "hold":
        noise = 1 + edit.value * context.rng.normal(size=(rows.height, len(_HELD)))
        held = [
            pl.Series(name, ((float(rows[name].drop_nulls().head(1).sum())) * noise[:, number]).round(3))
            for number, name in enumerate(_HELD)
        ]
        context.copy.change("cems_hourly", rows.with_columns(held), *_HELD)
    else:
        count = int(edit.value)
        before = _hours(context, edit.unit, start - timedelta(hours=count), start)
        pasted = [pl.Series(name, np.resize(before[name].to_numpy(), rows.height)) for name in _HELD]
        context.copy.change("cems_hourly", rows.with_columns(pasted), *_HELD)


def _downtime(context: Context, downtime: Downtime) -> None:
    first, end = _month_bounds(context, downtime.month)
    rows = _hours(context, downtime.unit, context.match.moment(first, 0.0), context.match.moment(end, 0.0))
    loaded = rows.filter(pl.col("gross_load") > 0)
    count = int(downtime.share * loaded.height)
    if count < 1:
        raise UnplantableError("the unit does not run in that month")
    order = loaded["gross_load"].arg_sort(descending=True)
    if downtime.at_random:
        order = pl.Series(context.rng.permutation(loaded.height))
    chosen = loaded[order.head(count)]
    mean = float(rows["co2_mass"].fill_null(0.0).mean() or 0.0)  # type: ignore[arg-type]
    mass = mean * downtime.substitute if downtime.quality == "substituted" else None
    fresh = chosen.with_columns(
        pl.lit(downtime.quality).alias("quality"), pl.lit(mass, dtype=pl.Float64).round(3).alias("co2_mass")
    )
    context.copy.change("cems_hourly", fresh, "quality", "co2_mass")


def _invented(context: Context, invented: Any) -> None:
    start, _ = _month_bounds(context, invented.first_month)
    _, end = _month_bounds(context, invented.last_month)
    if invented.table == "meters_daily":
        rows = context.copy.rows(
            "meters_daily",
            (pl.col("unit_id") == context.world.fleet.id[invented.unit])
            & (pl.col("meter") == invented.column)
            & (pl.col("date") >= start)
            & (pl.col("date") < end),
        )
        column = "value"
    else:
        moments = context.match.moment(start, 0.0), context.match.moment(end, 0.0)
        rows, column = _hours(context, invented.unit, *moments), invented.column
    rows = rows.filter(pl.col(column) > 0)
    rows = rows.filter(pl.Series(context.rng.random(rows.height) < invented.share))
    if not rows.height:
        raise UnplantableError("there are no such figures in these months")
    made = [digits.invented(value, invented.style, context.rng) for value in rows[column]]
    context.copy.change(invented.table, rows.with_columns(pl.Series(column, made)), column)
