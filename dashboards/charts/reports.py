"""Pictures of what entities and units report, against what was expected of them."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


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
    """A unit's reported, metered and monitored emissions by month; `marked` months shaded."""
    names = {
        "reported_emissions_tco2": words("detail.reported"),
        "metered_emissions_tco2": words("detail.metered"),
        "cems_emissions_tco2": words("detail.cems"),
    }
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
                scale=alt.Scale(domain=list(names.values()), range=[style.RED, style.NAVY, style.GREEN]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("month:T", title=words.column("month"), format="%Y-%m"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("tonnes:Q", title=words("health.tonnes_axis"), format=",.0f"),
            ],
        )
    )
    stretches = _stretches(rows.filter("marked")["month"].unique().sort())
    if stretches.is_empty():
        return style.finish(alt.layer(lines), 280)
    shade = (
        alt.Chart(stretches)
        .mark_rect(color=style.RED, opacity=0.07)
        .encode(x=alt.X("start:T", axis=style.date_axis(), title=None), x2="end:T")
    )
    return style.finish(shade + lines, 280)


def _stretches(months: pl.Series) -> pl.DataFrame:
    """One row a run of consecutive months, from the middle before it to the middle after it."""
    frame = pl.DataFrame({"month": months})
    first = pl.col("month").dt.offset_by("-1mo") != pl.col("month").shift(1)
    return (
        frame.with_columns(first.fill_null(True).cum_sum().alias("run"))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("month").min().dt.offset_by("-15d").alias("start"),
            pl.col("month").max().dt.offset_by("15d").alias("end"),
        )
    )


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
