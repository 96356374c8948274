"""Pictures of the early-warnings page."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.alerts import LEVELS
from dashboards.charts import style
from dashboards.language import Words


def timeline(counts: pl.DataFrame, words: Words, height: int = 250) -> style.Picture | None:
    """Alerts by period and level; the highest severity at the bottom, where it is compared best."""
    if counts.is_empty():
        return None
    names = {level: words.code("level", level) for level in LEVELS}
    yearly = counts["period"].dt.month().max() == 1 and counts["period"].n_unique() > 1
    shown = counts.with_columns(
        pl.col("level").replace_strict(names).alias("name"),
        pl.col("level").replace_strict({one: at for at, one in enumerate(LEVELS)}).alias("order"),
    )
    form = "%Y" if yearly else "%Y-%m"
    chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X(
                "period:T",
                timeUnit="year" if yearly else "yearmonth",
                axis=style.date_axis(form),
                title=None,
            ),
            y=alt.Y(
                "alerts:Q", axis=style.number_axis(words("warnings.count_axis"), words=words, tickMinStep=1)
            ),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=list(names.values()), range=list(style.LEVEL_COLOURS.values())),
                legend=style.legend(),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("period:T", title=words.column("period"), format=form),
                alt.Tooltip("name:N", title=words.column("level")),
                alt.Tooltip("alerts:Q", title=words("warnings.count_axis"), format=","),
            ],
        )
    )
    return style.finish(chart, height)


def matrix_height(counts: pl.DataFrame) -> int:
    """A line for each kind, and the heading."""
    return 24 * counts["kind"].n_unique() + 40


def matrix(counts: pl.DataFrame, words: Words) -> style.Picture | None:
    """Alerts of each kind and level, written into a heat map."""
    if counts.is_empty():
        return None
    names = {level: words.code("level", level) for level in LEVELS}
    order = (
        counts.group_by("kind").agg(pl.col("alerts").sum()).sort("alerts", "kind", descending=[True, False])
    )
    kinds = [words.kind(kind) for kind in order["kind"]]
    full = counts.select("kind").unique().join(pl.DataFrame({"level": LEVELS}), how="cross")
    shown = (
        full.join(counts, on=["kind", "level"], how="left")
        .with_columns(
            pl.col("level").replace_strict(names).alias("name"),
            pl.col("kind").map_elements(words.kind, return_dtype=pl.String).alias("label"),
            (pl.col("alerts") / counts["alerts"].max()).sqrt().fill_null(0).alias("weight"),
        )
        .sort("kind", "level")
    )
    base = alt.Chart(shown).encode(
        x=alt.X(
            "name:N",
            sort=list(names.values()),
            axis=alt.Axis(title=None, orient="top", labelAngle=0, ticks=False, domain=False),
        ),
        y=alt.Y("label:N", sort=kinds, axis=alt.Axis(title=None, labelLimit=220, ticks=False, domain=False)),
    )
    cells = base.mark_rect(stroke="#ffffff", strokeWidth=2).encode(
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=list(names.values()), range=list(style.LEVEL_COLOURS.values())),
            legend=None,
        ),
        opacity=alt.Opacity("weight:Q", scale=alt.Scale(domain=[0, 1], range=[0.06, 0.85]), legend=None),
        tooltip=[
            alt.Tooltip("label:N", title=words.column("kind")),
            alt.Tooltip("name:N", title=words.column("level")),
            alt.Tooltip("alerts:Q", title=words("warnings.count_axis"), format=","),
        ],
    )
    labels = (
        base.transform_filter("datum.alerts > 0")
        .mark_text(color=style.INK, fontSize=12)
        .encode(text=alt.Text("alerts:Q", format=","))
    )
    return style.finish(cells + labels, matrix_height(counts))
