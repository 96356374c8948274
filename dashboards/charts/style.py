"""Colours, axes and formats that all pictures share."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.language import Words

Picture = alt.Chart | alt.LayerChart

NAVY = "#1f4e79"
STEEL = "#6f93b8"
PALE = "#c9d6e4"
RED = "#c0242c"
ORANGE = "#e07b1a"
GREY = "#9aa7b5"
GREEN = "#3f8f6b"
INK = "#1b2733"

LEVEL_COLOURS = {"red": RED, "orange": ORANGE, "yellow": "#e3b505", "blue": "#4a86c5"}
VERDICT_COLOURS = {
    "compliant": GREEN,
    "not_compliant": RED,
    "not_reported": ORANGE,
    "not_due": STEEL,
    "no_obligation": PALE,
}
# Distinct in print and to most colour-blind readers.
SERIES = ("#1f4e79", "#e07b1a", "#3f8f6b", "#8a6bb1", "#b0413e", "#7a9cc0", "#c2a33a", "#8d99a6")

# Charts that stand one above another share this, so that their time axes line up.
AXIS_WIDTH = 64


def number_axis(
    title: str,
    digits: str | None = None,
    words: Words | None = None,
    **more: Any,
) -> alt.Axis:
    """An axis of quantities; its title lies flat above it, where long words fit.

    `digits` formats the labels; with `words` in its place large figures are shortened.
    """
    labels: dict[str, Any] = {"labelExpr": words.axis_expression} if words else {"format": digits}
    return alt.Axis(
        title=title or None,
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleY=-10,
        titleX=-AXIS_WIDTH + 8,
        titleFontWeight="normal",
        minExtent=AXIS_WIDTH,
        maxExtent=AXIS_WIDTH,
        tickCount=5,
        **labels,
        **more,
    )


def date_axis(form: str = "%Y-%m") -> alt.Axis:
    """A time axis written the same in both languages."""
    return alt.Axis(title=None, format=form, labelOverlap="greedy", labelFlush=True, tickCount=8, grid=False)


def year_axis() -> alt.Axis:
    """An axis of years given as ordinals."""
    return alt.Axis(title=None, labelAngle=0, labelOverlap="greedy", format="d")


def legend(title: str | None = None, columns: int = 8) -> alt.Legend:
    """A legend below the picture, in one line where it fits."""
    return alt.Legend(title=title, orient="bottom", columns=columns, labelLimit=220, padding=0, offset=8)


def shaded_months(months: pl.Series) -> alt.Chart | None:
    """A band behind each run of consecutive months, from the middle before it to the middle after it."""
    if months.is_empty():
        return None
    first = pl.col("month").dt.offset_by("-1mo") != pl.col("month").shift(1)
    runs = (
        pl.DataFrame({"month": months})
        .with_columns(first.fill_null(True).cum_sum().alias("run"))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("month").min().dt.offset_by("-15d").alias("start"),
            pl.col("month").max().dt.offset_by("15d").alias("end"),
        )
    )
    return (
        alt.Chart(runs)
        .mark_rect(color=RED, opacity=0.07)
        .encode(x=alt.X("start:T", axis=date_axis(), title=None), x2="end:T")
    )


def finish(chart: Any, height: int) -> Picture:
    """The common frame of a picture."""
    framed: Picture = chart.properties(height=height, width="container").configure_view(strokeWidth=0)
    return framed
