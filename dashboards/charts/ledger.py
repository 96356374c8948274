"""What was traded beside what was settled for it."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words

LIMIT = 20


def balance(trades: pl.DataFrame, settlements: pl.DataFrame | None) -> pl.DataFrame:
    """One row a trade: `traded`, `settled` by the transfers that name it, and their `difference`; by size."""
    settled = pl.DataFrame(schema={"trade_id": pl.String, "settled": pl.Float64})
    if settlements is not None and settlements.height:
        settled = settlements.group_by("trade_id").agg(
            pl.col("quantity_tco2e").cast(pl.Float64).sum().alias("settled")
        )
    return (
        trades.select("trade_id", traded=pl.col("quantity_tco2e").cast(pl.Float64))
        .join(settled, on="trade_id", how="left")
        .with_columns(pl.col("settled").fill_null(0.0))
        .with_columns(difference=pl.col("traded") - pl.col("settled"))
        .sort(pl.col("difference").abs(), "trade_id", descending=[True, False])
    )


def traded_settled(
    trades: pl.DataFrame, settlements: pl.DataFrame | None, words: Words
) -> style.Picture | None:
    """Bars of what was traded and settled, and the difference, of each trade."""
    rows = balance(trades, settlements).head(LIMIT)
    if rows.is_empty():
        return None
    names = {name: words(f"detail.{name}") for name in ("traded", "settled", "difference")}
    long = rows.unpivot(index="trade_id", variable_name="side", value_name="tonnes").with_columns(
        pl.col("side").replace_strict(names)
    )
    domain = list(names.values())
    base = alt.Chart(long).encode(
        y=alt.Y("trade_id:N", sort=None, axis=alt.Axis(title=None, labelLimit=180)),
        yOffset=alt.YOffset("side:N", sort=domain),
        x=alt.X("tonnes:Q", axis=alt.Axis(title=words("health.tonnes_axis"), titleFontWeight="normal")),
    )
    bars = base.mark_bar().encode(
        color=alt.Color(
            "side:N",
            scale=alt.Scale(domain=domain, range=[style.NAVY, style.STEEL, style.RED]),
            legend=style.legend(),
        ),
        tooltip=[
            alt.Tooltip("trade_id:N", title=words.column("trade_id")),
            alt.Tooltip("side:N", title=" "),
            alt.Tooltip("tonnes:Q", title=words("health.tonnes_axis"), format=",.0f"),
        ],
    )
    labels = base.mark_text(align="left", dx=4, color=style.INK).encode(
        text=alt.Text("tonnes:Q", format=",.0f")
    )
    return style.finish(bars + labels, 66 * rows.height + 70)
