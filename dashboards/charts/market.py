"""Pictures of the market-health page."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words

_TIME = alt.X("date:T", axis=style.date_axis(), title=None)


def price(days: pl.DataFrame, words: Words, currency: str) -> style.Picture | None:
    """Closes of one instrument inside their daily limits, with block prices as dots.

    Where the source states no close at all, the line is that of value over volume.
    """
    line_of = "close" if days["close"].count() else "listed_average_price"
    shown = days.filter(pl.col(line_of).is_not_null())
    if shown.is_empty():
        return None
    series = "series_close" if line_of == "close" else "series_average"
    names = [words(f"health.{one}") for one in (series, "series_block", "series_limits")]
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[style.NAVY, style.ORANGE, style.PALE]),
        legend=style.legend(),
    )
    scale = alt.Scale(zero=False, nice=True)
    axis = style.number_axis(words("health.price_axis", currency=words.currency(currency)), ",.0f")
    tooltip = [
        alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
        *(
            alt.Tooltip(f"{one}:Q", title=words.column(one), format=",.2f")
            for one in (line_of, "limit_down", "limit_up", "block_average_price")
        ),
    ]

    def base(series: str) -> alt.Chart:
        return alt.Chart(shown.with_columns(pl.lit(series).alias("series"))).encode(x=_TIME, color=colour)

    layers = []
    if shown["limit_up"].null_count() < shown.height:
        layers.append(
            base(names[2])
            .mark_area(opacity=0.45, interpolate="step-after")
            .encode(y=alt.Y("limit_down:Q", scale=scale, axis=axis), y2="limit_up:Q")
        )
    line = base(names[0]).mark_line(strokeWidth=1.8)
    layers.append(line.encode(y=alt.Y(f"{line_of}:Q", scale=scale, axis=axis), tooltip=tooltip))
    if shown["block_average_price"].null_count() < shown.height:
        layers.append(
            base(names[1])
            .transform_filter("isValid(datum.block_average_price)")
            .mark_circle(size=22, opacity=0.75)
            .encode(y=alt.Y("block_average_price:Q", scale=scale, axis=axis), tooltip=tooltip)
        )
    return style.finish(alt.layer(*layers), 260)


def auctions(rows: pl.DataFrame, words: Words, currency: str) -> style.Picture | None:
    """Clearing prices of auctions by instrument, one dot an auction."""
    if rows.is_empty():
        return None
    chart = (
        alt.Chart(rows)
        .mark_line(point=True, strokeWidth=1.2)
        .encode(
            x=_TIME,
            y=alt.Y(
                "clearing_price:Q",
                scale=alt.Scale(zero=False, nice=True),
                axis=style.number_axis(words("health.price_axis", currency=words.currency(currency)), ",.0f"),
            ),
            color=alt.Color(
                "instrument_id:N", scale=alt.Scale(range=list(style.SERIES)), legend=style.legend()
            ),
            tooltip=[
                alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
                alt.Tooltip("instrument_id:N", title=words.column("instrument_id")),
                alt.Tooltip("clearing_price:Q", title=words.column("clearing_price"), format=",.2f"),
                alt.Tooltip("offered_tco2e:Q", title=words.column("offered_tco2e"), format=","),
                alt.Tooltip("sold_tco2e:Q", title=words.column("sold_tco2e"), format=","),
            ],
        )
    )
    return style.finish(chart, 240)


def volume(days: pl.DataFrame, words: Words) -> style.Picture | None:
    """Listed and block volume of one instrument by day."""
    names = {"listed_volume_tco2e": words("health.listed"), "block_volume_tco2e": words("health.block")}
    long = (
        days.select("date", *names)
        .unpivot(index="date", variable_name="mode", value_name="tonnes")
        .filter(pl.col("tonnes") > 0)
        .with_columns(pl.col("mode").replace_strict(names))
    )
    if long.is_empty():
        return None
    chart = (
        alt.Chart(long)
        .mark_bar(width=alt.RelativeBandSize(0.9) if days.height < 90 else 2)
        .encode(
            x=_TIME,
            y=alt.Y("tonnes:Q", axis=style.number_axis(words("health.volume_axis"), words=words)),
            color=alt.Color(
                "mode:N",
                scale=alt.Scale(domain=list(names.values()), range=[style.STEEL, style.ORANGE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
                alt.Tooltip("mode:N", title=words.column("mode")),
                alt.Tooltip("tonnes:Q", title=words.column("quantity_tco2e"), format=","),
            ],
        )
    )
    return style.finish(chart, 200)


def block_discount(days: pl.DataFrame, words: Words) -> style.Picture | None:
    """How far block prices lie below the previous close, one dot a day."""
    shown = days.filter(pl.col("block_discount").is_not_null())
    if shown.is_empty():
        return None
    dots = (
        alt.Chart(shown)
        .mark_circle(opacity=0.7, color=style.NAVY)
        .encode(
            x=_TIME,
            y=alt.Y("block_discount:Q", axis=style.number_axis(words("health.discount_axis"), "%")),
            size=alt.Size("block_volume_tco2e:Q", scale=alt.Scale(range=[12, 220]), legend=None),
            tooltip=[
                alt.Tooltip("date:T", title=words.column("date"), format="%Y-%m-%d"),
                alt.Tooltip("block_discount:Q", title=words.column("block_discount"), format=".1%"),
                alt.Tooltip("block_volume_tco2e:Q", title=words.column("block_volume_tco2e"), format=","),
            ],
        )
    )
    zero = alt.Chart(pl.DataFrame({"y": [0.0]})).mark_rule(color=style.GREY).encode(y="y:Q")
    return style.finish(zero + dots, 240)


def _years(rows: pl.DataFrame) -> alt.X:
    return alt.X("year:O", axis=style.year_axis(), scale=alt.Scale(paddingInner=0.25), title=None)


def compliance(years: pl.DataFrame, words: Words) -> style.Picture | None:
    """Entities of each verdict by year."""
    if years.is_empty():
        return None
    present = set(years["verdict"])
    order = [verdict for verdict in style.VERDICT_COLOURS if verdict in present]
    names = {verdict: words.code("verdict", verdict) for verdict in order}
    shown = years.filter(pl.col("verdict").is_in(order)).with_columns(
        pl.col("verdict").replace_strict(names).alias("name"),
        pl.col("verdict").replace_strict({one: at for at, one in enumerate(order)}).alias("order"),
    )
    chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=_years(shown),
            y=alt.Y("entities:Q", axis=style.number_axis(words("health.entities_axis"), words=words)),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(
                    domain=list(names.values()), range=[style.VERDICT_COLOURS[one] for one in order]
                ),
                legend=style.legend(columns=3),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("year:O", title=words.column("year")),
                alt.Tooltip("name:N", title=words.column("verdict")),
                alt.Tooltip("entities:Q", title=words("health.entities_axis"), format=","),
            ],
        )
    )
    return style.finish(chart, 240)


def shortfall(years: pl.DataFrame, words: Words) -> style.Picture | None:
    """Tonnes due and not surrendered, by year."""
    if years.is_empty():
        return None
    shown = years.group_by("year").agg(pl.col("shortfall").sum()).sort("year")
    if not shown["shortfall"].sum():
        return None
    chart = (
        alt.Chart(shown)
        .mark_bar(color=style.RED)
        .encode(
            x=_years(shown),
            y=alt.Y("shortfall:Q", axis=style.number_axis(words("health.tonnes_axis"), words=words)),
            tooltip=[
                alt.Tooltip("year:O", title=words.column("year")),
                alt.Tooltip("shortfall:Q", title=words.column("shortfall_tco2e"), format=",.0f"),
            ],
        )
    )
    return style.finish(chart, 240)


def _stacked(rows: pl.DataFrame, words: Words, names: dict[str, str], x: alt.X, title: str) -> style.Picture:
    """Tonnes stacked by a named grouping, the largest group at the bottom."""
    order = (
        rows.group_by("group").agg(pl.col("tonnes").sum()).sort("tonnes", "group", descending=True)["group"]
    )
    domain = [names[one] for one in order]
    shown = rows.with_columns(
        pl.col("group").replace_strict(names).alias("name"),
        pl.col("group").replace_strict({one: at for at, one in enumerate(order)}).alias("order"),
    )
    colours = [style.SERIES[at % len(style.SERIES)] for at in range(len(domain))]
    chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("tonnes:Q", axis=style.number_axis(words("health.tonnes_axis"), words=words)),
            color=alt.Color(
                "name:N", scale=alt.Scale(domain=domain, range=colours), legend=style.legend(columns=3)
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip(x.shorthand, title=title),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("tonnes:Q", title=words("health.tonnes_axis"), format=",.0f"),
            ],
        )
    )
    return style.finish(chart, 240)


def emissions(rows: pl.DataFrame, group: str, words: Words) -> style.Picture | None:
    """Emissions by year and sector or fuel."""
    if rows.is_empty():
        return None
    names = {one: words.code(group, one) for one in rows["group"].unique().sort()}
    return _stacked(rows, words, names, _years(rows), words.column("year"))


def transfers(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Tonnes moved by quarter and kind of movement."""
    if rows.is_empty():
        return None
    names = {one: words.code("transfer_kind", one) for one in rows["kind"].unique().sort()}
    quarters = alt.X("label:O", axis=alt.Axis(title=None, labelAngle=0, labelOverlap="greedy"), title=None)
    label = pl.format("{}-Q{}", pl.col("quarter").dt.year(), pl.col("quarter").dt.quarter()).alias("label")
    shown = rows.rename({"kind": "group"}).with_columns(label)
    return _stacked(shown, words, names, quarters, words("health.quarter"))


def holders(parties: pl.DataFrame, words: Words) -> style.Picture | None:
    """The ten largest positions, as shares of all."""
    if parties.is_empty():
        return None
    chart = (
        alt.Chart(parties.head(10))
        .mark_bar(color=style.NAVY, height={"band": 0.7})
        .encode(
            y=alt.Y(
                "name:N", sort=None, axis=alt.Axis(title=None, labelLimit=220, ticks=False, domain=False)
            ),
            x=alt.X("share:Q", axis=alt.Axis(title=None, format=".1%", tickCount=4)),
            tooltip=[
                alt.Tooltip("name:N", title=words.column("holder_name")),
                alt.Tooltip("tonnes:Q", title=words.column("balance_tco2e"), format=",.0f"),
                alt.Tooltip("share:Q", title=words("detail.picture_holders"), format=".2%"),
            ],
        )
    )
    return style.finish(chart, 250)
