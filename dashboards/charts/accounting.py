"""Pictures of the accounting page."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


def accounting(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """The share of each source table's rows that was not kept; None where all were.

    Beside the kept rows these shares would be too small to see.
    """
    lost = pl.col("rows_superseded") + pl.col("rows_quarantined")
    shown = rows.filter((pl.col("rows_in") > 0) & (lost > 0)).sort(lost / pl.col("rows_in"), descending=True)
    if shown.is_empty():
        return None
    names = {
        "rows_superseded": words("status.superseded"),
        "rows_quarantined": words("status.quarantined"),
    }
    labels = {one: words.code("table", one) for one in shown["table_name"]}
    long = (
        shown.select("table_name", "rows_in", *names)
        .unpivot(index=["table_name", "rows_in"], variable_name="fate", value_name="rows")
        .with_columns(
            (pl.col("rows") / pl.col("rows_in")).alias("share"),
            pl.col("fate").replace_strict({one: at for at, one in enumerate(names)}).alias("order"),
            pl.col("fate").replace_strict(names),
            pl.col("table_name").replace_strict(labels).alias("label"),
        )
    )
    chart = (
        alt.Chart(long)
        .mark_bar(height={"band": 0.65})
        .encode(
            y=alt.Y(
                "label:N",
                sort=None,
                axis=alt.Axis(title=None, labelLimit=200, labelOverlap=False, ticks=False, domain=False),
            ),
            x=alt.X(
                "share:Q",
                axis=alt.Axis(
                    title=words("status.share_axis"), titleFontWeight="normal", format=".1~%", tickCount=5
                ),
            ),
            color=alt.Color(
                "fate:N",
                scale=alt.Scale(domain=list(names.values()), range=[style.PALE, style.RED]),
                legend=style.legend(),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("label:N", title=words.column("table_name")),
                alt.Tooltip("fate:N", title=" "),
                alt.Tooltip("rows:Q", title=words.column("rows_in"), format=","),
                alt.Tooltip("share:Q", title=words("status.share_axis"), format=".2%"),
            ],
        )
    )
    return style.finish(chart, 28 * shown.height + 90)


def files(rows: pl.DataFrame, words: Words, most: int = 20) -> style.Picture | None:
    """Each file's share of lost rows and of lost tonnes, the largest first; None where nothing was lost."""
    names = {"lost_share": words("accounting.of_rows"), "lost_tonnes_share": words("accounting.of_tonnes")}
    lost = rows.filter((pl.col("lost_share") > 0) | (pl.col("lost_tonnes_share") > 0)).head(most)
    if lost.is_empty():
        return None
    long = (
        lost.select("file", "table_name", *names)
        .unpivot(index=["file", "table_name"], variable_name="measure", value_name="share")
        .drop_nulls("share")
        .with_columns(pl.col("measure").replace_strict(names))
    )
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y(
                "file:N",
                sort=lost["file"].unique(maintain_order=True).to_list(),
                axis=alt.Axis(title=None, labelLimit=240, ticks=False, domain=False),
            ),
            yOffset=alt.YOffset("measure:N", sort=list(names.values())),
            x=alt.X(
                "share:Q",
                axis=alt.Axis(
                    title=words("accounting.share_axis"), titleFontWeight="normal", format=".1~%", tickCount=5
                ),
            ),
            color=alt.Color(
                "measure:N",
                scale=alt.Scale(domain=list(names.values()), range=[style.RED, style.ORANGE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("file:N", title=words.column("file")),
                alt.Tooltip("measure:N", title=" "),
                alt.Tooltip("share:Q", title=words("accounting.share_axis"), format=".2%"),
            ],
        )
    )
    return style.finish(chart, 40 * lost["file"].n_unique() + 90)


def quarantine(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Quarantined rows by table and reason (`table_name`, `reason`, `row_count`)."""
    if rows.is_empty():
        return None
    rows = rows.group_by("table_name", "reason").agg(pl.col("row_count").sum().alias("rows"))
    labels = {one: words.code("table", one) for one in rows["table_name"].unique()}
    reasons = {one: words.code("reason", one) for one in rows["reason"].unique()}
    shown = rows.with_columns(
        pl.col("table_name").replace_strict(labels).alias("label"), pl.col("reason").replace_strict(reasons)
    )
    chart = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.65})
        .encode(
            y=alt.Y(
                "label:N", sort="-x", axis=alt.Axis(title=None, labelLimit=200, ticks=False, domain=False)
            ),
            x=alt.X("rows:Q", axis=alt.Axis(title=None, format=",d", tickMinStep=1, tickCount=5)),
            color=alt.Color(
                "reason:N", scale=alt.Scale(range=list(style.SERIES)), legend=style.legend(columns=2)
            ),
            tooltip=[
                alt.Tooltip("label:N", title=words.column("table_name")),
                alt.Tooltip("reason:N", title=words.column("reason")),
                alt.Tooltip("rows:Q", title=words("status.rows_quarantined"), format=","),
            ],
        )
    )
    return style.finish(chart, 30 * len(labels) + 80)
