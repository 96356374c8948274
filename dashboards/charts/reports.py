"""Pictures of what entities and units report, against what was expected of them."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words

MONTHLY = {
    "reported_emissions_tco2": "reported",
    "fuel_emissions_tco2": "by_fuel",
    "metered_emissions_tco2": "metered",
    "lab_emissions_tco2": "by_laboratory",
    "cems_emissions_tco2": "cems",
}
"""Emissions of a month by column of the mart: as reported, and by the references; names of their texts."""


def expected(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """A unit's figure by year against the band of its peers; `marked` years in red."""
    shown = rows.filter(pl.col("actual").is_not_null()).sort("year")
    if shown.is_empty():
        return None
    x = alt.X("year:O", axis=style.year_axis(), title=None)
    heading = words.code("column", f"co2_{shown['target'][0].removeprefix('co2_')}")
    axis = style.number_axis(heading, ",.2f")
    names = {True: words("detail.concerned"), False: words("detail.actual")}
    shown = shown.with_columns(pl.col("marked").replace_strict(names, return_dtype=pl.String).alias("name"))
    tooltip = [
        alt.Tooltip("year:O", title=words.column("year")),
        *(
            alt.Tooltip(f"{one}:Q", title=words.column(one), format=",.3f")
            for one in ("actual", "expected", "lower_05", "upper_95")
        ),
    ]
    base = alt.Chart(shown).encode(x=x)
    bars = base.mark_bar(size=22).encode(
        y=alt.Y("actual:Q", axis=axis),
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=list(names.values()), range=[style.RED, style.STEEL]),
            legend=style.legend(),
        ),
        tooltip=tooltip,
    )
    band = base.mark_bar(size=44, color=style.GREY, opacity=0.35).encode(
        y=alt.Y("lower_05:Q", axis=axis), y2="upper_95:Q", tooltip=tooltip
    )
    middle = base.mark_tick(size=44, thickness=2, color=style.INK).encode(y=alt.Y("expected:Q", axis=axis))
    return style.finish(bars + band + middle, 280)


def required_provided(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """An entity's required and provided tonnes by year."""
    names = {"required_tco2e": words("detail.required"), "provided_tco2e": words("detail.provided")}
    long = (
        rows.select("year", *names)
        .unpivot(index="year", variable_name="side", value_name="tonnes")
        .filter(pl.col("tonnes").is_not_null())
        .with_columns(pl.col("side").replace_strict(names))
        .sort("year")
    )
    if long.is_empty():
        return None
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("year:O", axis=style.year_axis(), title=None),
            xOffset=alt.XOffset("side:N", sort=list(names.values())),
            y=alt.Y("tonnes:Q", axis=style.number_axis(words("health.tonnes_axis"), words=words)),
            color=alt.Color(
                "side:N",
                scale=alt.Scale(domain=list(names.values()), range=[style.NAVY, style.ORANGE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("year:O", title=words.column("year")),
                alt.Tooltip("side:N", title=" "),
                alt.Tooltip("tonnes:Q", title=words("health.tonnes_axis"), format=",.0f"),
            ],
        )
    )
    return style.finish(chart, 260)


def monthly(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """A unit's emissions as reported and by each reference, by month; `marked` months shaded."""
    names = {column: words(f"detail.{name}") for column, name in MONTHLY.items()}
    long = (
        rows.group_by("month")
        .agg(pl.col(list(names)).sum())
        .unpivot(index="month", variable_name="series", value_name="tonnes")
        .filter(pl.col("tonnes") > 0)
        .with_columns(pl.col("series").replace_strict(names))
        .sort("month", "series")
    )
    if long.is_empty():
        return None
    x = alt.X("month:T", axis=style.date_axis(), title=None)
    lines = (
        alt.Chart(long)
        .mark_line(point={"size": 30, "filled": True}, strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y(
                "tonnes:Q",
                scale=alt.Scale(zero=False),
                axis=style.number_axis(words("health.tonnes_axis"), words=words),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(
                    domain=list(names.values()),
                    range=[style.RED, style.GREY, style.NAVY, style.ORANGE, style.GREEN],
                ),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("month:T", title=words.column("month"), format="%Y-%m"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("tonnes:Q", title=words("health.tonnes_axis"), format=",.0f"),
            ],
        )
    )
    shade = style.shaded_months(rows.filter("marked")["month"].unique().sort())
    return style.finish(alt.layer(lines) if shade is None else shade + lines, 280)


def report_days(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Days late by year; before the deadline is below zero."""
    shown = rows.filter(pl.col("days_late").is_not_null()).sort("year")
    if shown.is_empty() or not shown["days_late"].cast(pl.Float64).abs().sum():
        return None
    chart = (
        alt.Chart(shown)
        .mark_bar(size=28)
        .encode(
            x=alt.X("year:O", axis=style.year_axis(), title=None),
            y=alt.Y("days_late:Q", axis=style.number_axis(words.column("days_late"), words=words)),
            color=alt.condition("datum.days_late > 0", alt.value(style.RED), alt.value(style.STEEL)),
            tooltip=[
                alt.Tooltip("year:O", title=words.column("year")),
                alt.Tooltip("days_late:Q", title=words.column("days_late"), format=",d"),
                alt.Tooltip("due_on:T", title=words.column("due_on"), format="%Y-%m-%d"),
            ],
        )
    )
    return style.finish(chart, 220)


def obligations(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Days late of each report that was due; a report that did not come stands at zero as a cross."""
    states = ("on_time", "submitted", "late", "missing")
    names = {state: words.code("obligation_state", state) for state in states}
    shown = (
        rows.filter(pl.col("state").is_in(states))
        .with_columns(days=pl.col("days_late").fill_null(0), name=pl.col("state").replace_strict(names))
        .sort("period_start")
    )
    if shown.is_empty():
        return None
    chart = (
        alt.Chart(shown)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("period_start:T", axis=style.date_axis(), title=None),
            y=alt.Y("days:Q", axis=style.number_axis(words.column("days_late"), words=words)),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(
                    domain=list(names.values()), range=[style.STEEL, style.GREY, style.ORANGE, style.RED]
                ),
                legend=style.legend(),
            ),
            shape=alt.Shape(
                "name:N",
                scale=alt.Scale(domain=list(names.values()), range=["circle", "circle", "diamond", "cross"]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("period_start:T", title=words.column("month"), format="%Y-%m"),
                alt.Tooltip("name:N", title=words.column("state")),
                alt.Tooltip("days_late:Q", title=words.column("days_late"), format=",d"),
                alt.Tooltip("due_on:T", title=words.column("due_on"), format="%Y-%m-%d"),
            ],
        )
    )
    return style.finish(chart, 260)
