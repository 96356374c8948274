"""Pictures of one alert: its figures against their thresholds, and prices around it."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


def figures(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Each figure as a multiple of its threshold (`name`, `value`, `threshold`, `text`)."""
    shown = rows.filter(pl.col("threshold").is_not_null() & (pl.col("threshold") != 0)).with_columns(
        (pl.col("value") / pl.col("threshold")).alias("ratio")
    )
    if shown.is_empty():
        return None
    # One extreme figure must not flatten the others; its text states the true value.
    shown = shown.with_columns(pl.col("ratio").clip(0, 6).alias("bar"))
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=260, ticks=False, domain=False))
    end = max(2.0, float(shown["bar"].max()) * 1.35)  # type: ignore[arg-type]
    x = alt.X(
        "bar:Q",
        scale=alt.Scale(domain=[0, end]),
        axis=alt.Axis(
            title=words("detail.times_threshold"), format=".1~f", tickCount=6, titleFontWeight="normal"
        ),
    )
    bars = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.55}, color=style.NAVY)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("name:N", title=words("detail.figure")),
                alt.Tooltip("text:N", title=words("detail.value")),
                alt.Tooltip("limit:N", title=words("detail.threshold")),
            ],
        )
    )
    labels = alt.Chart(shown).mark_text(align="left", dx=6, color=style.INK).encode(x=x, y=y, text="text:N")
    line = alt.Chart(pl.DataFrame({"x": [1.0]})).mark_rule(color=style.RED, strokeWidth=2).encode(x="x:Q")
    return style.finish(bars + line + labels, 34 * shown.height + 80)


def marked_prices(days: pl.DataFrame, words: Words, currency: str) -> style.Picture | None:
    """Closes around the finding; `marked` days as bands and dots, `instrument_id` as colour."""
    shown = days.filter(pl.col("close").is_not_null()).sort("date")
    if shown.is_empty():
        return None
    x = alt.X("date:T", axis=style.date_axis("%Y-%m-%d"), title=None)
    y = alt.Y(
        "close:Q",
        scale=alt.Scale(zero=False),
        axis=style.number_axis(words("health.price_axis", currency=words.currency(currency)), ",.0f"),
    )
    colour = alt.Color("instrument_id:N", scale=alt.Scale(range=list(style.SERIES)), legend=style.legend())
    tooltip = [
        alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
        alt.Tooltip("instrument_id:N", title=words.column("instrument_id")),
        alt.Tooltip("close:Q", title=words.column("close"), format=",.2f"),
    ]
    marked = shown.filter("marked")
    layers = [alt.Chart(shown).mark_line(strokeWidth=1.6).encode(x=x, y=y, color=colour, tooltip=tooltip)]
    if marked.height:
        dates = marked.select("date").unique().sort("date")
        layers.insert(0, alt.Chart(dates).mark_rule(color=style.RED, opacity=0.25, strokeWidth=3).encode(x=x))
        layers.append(
            alt.Chart(marked)
            .mark_circle(size=70, color=style.RED, opacity=1)
            .encode(x=x, y=y, tooltip=tooltip)
        )
    return style.finish(alt.layer(*layers), 280)
