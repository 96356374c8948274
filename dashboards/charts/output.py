"""What a unit declares to have produced, beside its meters and what it used for it."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words

# Declared output, the most that its meter can have counted, and its unit.
PAIRS = (
    ("electricity_generated_mwh", "metered_electricity_at_most_mwh", "MWh"),
    ("heat_supplied_gj", "metered_heat_at_most_gj", "GJ"),
    ("product_output_t", "metered_product_at_most_t", "t"),
)
INPUTS = ("fuel_energy_gj", "single_fuel_consumption", "metered_fuel_at_most_t", "electricity_purchased_mwh")
COLUMNS = tuple(dict.fromkeys([*(name for pair in PAIRS for name in pair[:2]), *INPUTS]))


def most_exceeded(rows: pl.DataFrame) -> tuple[str, str, str] | None:
    """The output that exceeds its meter most in the marked months; None where no output has a meter."""
    marked = rows.filter("marked")
    found = []
    for declared, metered, unit in PAIRS:
        both = marked.filter((pl.col(declared) > 0) & (pl.col(metered) > 0))
        if both.height:
            found.append(
                (float(both[declared].sum()) / float(both[metered].sum()), (declared, metered, unit))
            )
    return max(found)[1] if found else None


def declared_metered(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Declared and metered output by month, of the output that exceeds its meter most."""
    pair = most_exceeded(rows)
    if pair is None:
        return None
    declared, metered, unit = pair
    names = {declared: words("detail.declared"), metered: words("detail.metered_output")}
    long = rows.select("month", "marked", *names).unpivot(
        index=["month", "marked"], variable_name="series", value_name="value"
    )
    return _lines(
        long.with_columns(pl.col("series").replace_strict(names)), list(names.values()), unit, words
    )


def inputs_per_output(rows: pl.DataFrame, words: Words) -> style.Picture | None:
    """Each input per output by month, as a percentage of its median in the other months."""
    main = next((pair[0] for pair in PAIRS if float(rows[pair[0]].cast(pl.Float64).sum() or 0) > 0), None)
    used = [name for name in INPUTS if rows.filter(pl.col(name) > 0).height]
    if main is None or not used:
        return None
    shown = rows.filter(pl.col(main) > 0)
    ratios = [(pl.col(name) / pl.col(main)).alias(name) for name in used]
    shown = shown.select("month", "marked", *ratios)
    usual = shown.filter(~pl.col("marked")) if shown.filter(~pl.col("marked")).height else shown
    names = {name: words.column(name) for name in used}
    long = (
        shown.with_columns(pl.col(name) * 100 / usual[name].median() for name in used)
        .unpivot(index=["month", "marked"], variable_name="series", value_name="value")
        .with_columns(pl.col("series").replace_strict(names))
    )
    return _lines(long, list(names.values()), words("detail.percent_of_usual"), words)


def _lines(long: pl.DataFrame, names: list[str], unit: str, words: Words) -> style.Picture | None:
    shown = long.filter(pl.col("value").is_not_null()).sort("month", "series")
    if shown.is_empty():
        return None
    x = alt.X("month:T", axis=style.date_axis(), title=None)
    lines = (
        alt.Chart(shown)
        .mark_line(point={"size": 30, "filled": True}, strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("value:Q", scale=alt.Scale(zero=False), axis=style.number_axis(unit, words=words)),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=names, range=[style.RED, style.NAVY, style.GREEN, style.ORANGE]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("month:T", title=words.column("month"), format="%Y-%m"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("value:Q", title=unit, format=",.1f"),
            ],
        )
    )
    shade = style.shaded_months(shown.filter("marked")["month"].unique().sort())
    return style.finish(lines if shade is None else shade + lines, 280)
