"""Pictures of laboratory samples."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


def sample_dates(rows: pl.DataFrame, words: Words, limit: int = 30) -> style.Picture | None:
    """One line a sample: its dates in days from sampling; what lies left of zero is impossible."""
    steps = ("sampled_on", "received_on", "tested_on", "reported_on")
    names = {step: words.column(step) for step in steps}
    shown = rows.sort("sampled_on", "sample_id").head(limit)
    label = pl.format("{} ({})", "sample_id", "sampled_on").alias("label")
    long = (
        shown.select(label, pl.col("sampled_on").alias("origin"), *steps)
        .unpivot(index=["label", "origin"], variable_name="step", value_name="date")
        .filter(pl.col("date").is_not_null())
        .with_columns(
            (pl.col("date") - pl.col("origin")).dt.total_days().alias("days"),
            pl.col("step").replace_strict(names),
        )
    )
    if long.is_empty():
        return None
    y = alt.Y(
        "label:N", sort=None, axis=alt.Axis(title=None, labelLimit=240, grid=True, ticks=False, domain=False)
    )
    x = alt.X(
        "days:Q",
        axis=alt.Axis(
            title=words("detail.days_from_sampling"), titleFontWeight="normal", tickMinStep=1, format="d"
        ),
    )
    domain = list(names.values())
    shapes = alt.Scale(domain=domain, range=["circle", "square", "triangle-up", "diamond"])
    colours = alt.Scale(domain=domain, range=[style.NAVY, style.STEEL, style.RED, style.GREY])
    points = (
        alt.Chart(long)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("step:N", scale=colours, legend=style.legend()),
            shape=alt.Shape("step:N", scale=shapes, legend=style.legend()),
            tooltip=[
                alt.Tooltip("label:N", title=words.column("sample_id")),
                alt.Tooltip("step:N", title=" "),
                alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
            ],
        )
    )
    lines = alt.Chart(long).mark_line(color=style.PALE, strokeWidth=2).encode(x=x, y=y, detail="label:N")
    return style.finish(lines + points, 26 * long["label"].n_unique() + 100)


def sample_ratio(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Carbon against heating value; `marked` samples in red."""
    shown = rows.filter(pl.col("carbon_daf_pct").is_not_null() & pl.col("ncv_gj_per_t").is_not_null())
    if shown.is_empty():
        return None
    names = {True: words("detail.concerned"), False: words("detail.not_concerned")}
    shown = shown.with_columns(
        pl.col("marked").replace_strict(names, return_dtype=pl.String).alias("name")
    ).sort("marked")
    chart = (
        alt.Chart(shown)
        .mark_circle(size=70, opacity=0.8)
        .encode(
            x=alt.X(
                "ncv_gj_per_t:Q",
                scale=alt.Scale(zero=False),
                axis=alt.Axis(title=words.column("ncv_gj_per_t"), titleFontWeight="normal"),
            ),
            y=alt.Y(
                "carbon_daf_pct:Q",
                scale=alt.Scale(zero=False),
                axis=style.number_axis(words.column("carbon_daf_pct"), ",.0f"),
            ),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=list(names.values()), range=[style.RED, style.PALE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("sample_id:N", title=words.column("sample_id")),
                alt.Tooltip("ncv_gj_per_t:Q", title=words.column("ncv_gj_per_t"), format=",.2f"),
                alt.Tooltip("carbon_daf_pct:Q", title=words.column("carbon_daf_pct"), format=",.1f"),
            ],
        )
    )
    return style.finish(chart, 300)
