"""Pictures of one alert: its figures beside their thresholds, and prices around it."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words


def figures(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Each figure and its threshold on a scale of its own, from zero to the larger of the two.

    Reads `name`, `value`, `threshold`, their texts, `unit` and `less_is_worse`. The text beside a bar states
    figure, threshold, unit and direction; red bars lie on the side of the finding. Sizes count, so that a
    discount and a premium of the same size have bars of the same length.
    """
    scale = pl.max_horizontal(pl.col("value").abs(), pl.col("threshold").abs())
    shown = rows.filter(pl.col("threshold").is_not_null() & pl.col("value").is_not_null()).with_columns(
        bar=pl.when(scale > 0).then(pl.col("value").abs() / scale).otherwise(0.0),
        mark=pl.when(scale > 0).then(pl.col("threshold").abs() / scale).otherwise(0.0),
    )
    if shown.is_empty():
        return None
    worse = (
        pl.when("less_is_worse")
        .then(pl.col("bar") < pl.col("mark"))
        .otherwise(pl.col("bar") > pl.col("mark"))
    )
    directions = {True: words("detail.less_is_worse"), False: words("detail.more_is_worse")}
    shown = shown.with_columns(
        worse=worse,
        said=pl.format(
            "{} {} ({} {}; {})",
            "text",
            "unit",
            pl.lit(words("detail.threshold")),
            "limit",
            pl.col("less_is_worse").replace_strict(directions, return_dtype=pl.String),
        ),
    )
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=260, ticks=False, domain=False))
    free = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    scaled = alt.Scale(domain=[0, 1])
    bars = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.3}, yOffset=8)
        .encode(
            x=alt.X("bar:Q", scale=scaled, axis=free),
            y=y,
            color=alt.condition("datum.worse", alt.value(style.RED), alt.value(style.STEEL)),
            tooltip=[
                alt.Tooltip("name:N", title=words("detail.figure")),
                alt.Tooltip("text:N", title=words("detail.value")),
                alt.Tooltip("limit:N", title=words("detail.threshold")),
                alt.Tooltip("unit:N", title=words("detail.unit")),
            ],
        )
    )
    marks = (
        alt.Chart(shown)
        .mark_tick(thickness=2, height={"band": 0.5}, yOffset=8, color=style.INK)
        .encode(x=alt.X("mark:Q", scale=scaled, axis=free), y=y)
    )
    labels = (
        alt.Chart(shown)
        .mark_text(align="left", yOffset=-9, color=style.INK)
        .encode(x=alt.value(0), y=y, text="said:N")
    )
    return style.finish(bars + marks + labels, 46 * shown.height + 30)


def marked_prices(
    days: pl.DataFrame, deals: pl.DataFrame, words: Words, currency: str
) -> style.Picture | None:
    """Closes around the finding; `marked` days as bands and dots, `instrument_id` as colour.

    `deals` are the finding's own prices (`date`, `instrument_id`, `price`, `quantity`), drawn as diamonds.
    """
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
    if deals.height:
        layers.append(_deals(deals, x, words))
    return style.finish(alt.layer(*layers), 280)


def _deals(deals: pl.DataFrame, x: alt.X, words: Words) -> alt.Chart:
    """The finding's own prices as diamonds on the scale of the closes."""
    shown = deals.with_columns(pl.col("price", "quantity").cast(pl.Float64)).sort("date")
    return (
        alt.Chart(shown)
        .mark_point(shape="diamond", filled=True, size=120, color=style.ORANGE, opacity=0.9)
        .encode(
            x=x,
            y=alt.Y("price:Q", scale=alt.Scale(zero=False)),
            tooltip=[
                alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
                alt.Tooltip("instrument_id:N", title=words.column("instrument_id")),
                alt.Tooltip("price:Q", title=words("detail.deal_price"), format=",.2f"),
                alt.Tooltip("quantity:Q", title=words.column("quantity_tco2e"), format=",.0f"),
            ],
        )
    )
