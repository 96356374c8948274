"""Pictures of the page of reading faults."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


def over_time(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Faults of each period by quantity; None without any fault."""
    if rows.is_empty():
        return None
    counted = rows.group_by("period", "quantity").agg(pl.len().alias("faults"))
    names = {one: words.code("reading", one) for one in counted["quantity"].unique()}
    shown = counted.with_columns(pl.col("quantity").replace_strict(names)).sort("period", "quantity")
    chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X("period:O", axis=alt.Axis(title=None, labelAngle=0, labelOverlap="greedy")),
            y=alt.Y("faults:Q", axis=style.number_axis(words("readings.faults_axis"), "d", tickMinStep=1)),
            color=alt.Color(
                "quantity:N", scale=alt.Scale(range=list(style.SERIES)), legend=style.legend(columns=2)
            ),
            tooltip=[
                alt.Tooltip("period:O", title=words.column("period")),
                alt.Tooltip("quantity:N", title=words.column("quantity")),
                alt.Tooltip("faults:Q", title=words("readings.faults_axis")),
            ],
        )
    )
    return style.finish(chart, 240)


def by_quantity(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Faults by quantity and kind of fault; None without any fault."""
    if rows.is_empty():
        return None
    counted = rows.group_by("quantity", "fault").agg(pl.len().alias("faults"))
    quantities = {one: words.code("reading", one) for one in counted["quantity"].unique()}
    kinds = {one: words.code("reading_fault", one) for one in ("impossible_value", "unit_of_measure")}
    shown = counted.with_columns(
        pl.col("quantity").replace_strict(quantities), pl.col("fault").replace_strict(kinds)
    )
    chart = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.65})
        .encode(
            y=alt.Y(
                "quantity:N", sort="-x", axis=alt.Axis(title=None, labelLimit=220, ticks=False, domain=False)
            ),
            x=alt.X("faults:Q", axis=alt.Axis(title=None, format=",d", tickMinStep=1, tickCount=5)),
            color=alt.Color(
                "fault:N",
                scale=alt.Scale(domain=list(kinds.values()), range=[style.RED, style.ORANGE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("quantity:N", title=words.column("quantity")),
                alt.Tooltip("fault:N", title=words.column("fault")),
                alt.Tooltip("faults:Q", title=words("readings.faults_axis"), format=","),
            ],
        )
    )
    return style.finish(chart, max(240, 30 * len(quantities) + 80))
