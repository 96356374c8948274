"""Precision against recall: one panel a family, one curve a kind.

A curve has one point a score, since alerts of equal score have no order among themselves, and runs in
steps: the area below it is the average precision that the legend gives. A straight line between two points
would promise precision that no threshold reaches (Davis and Goadrich 2006).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from anomaly.core.kinds import FAMILIES
from anomaly.core.texts import text
from anomaly.evaluation.measure import Evaluation

FORMS = (".png", ".svg")
# Distinct in print; dashes and widths distinguish the kinds of a family.
_COLOURS = ("#1f4e79", "#e07b1a", "#3f8f6b", "#8a6bb1", "#b0413e", "#7a9cc0", "#c2a33a")
_DASHES = ([1, 0], [5, 3])
# Curves lie upon each other where several kinds are found without a wrong alert: the later, the thinner.
_THINNEST, _WIDER = 1.6, 4.0
_SIDE = 300


def draw(result: Evaluation) -> Any:
    """The picture as an Altair chart, or None where no kind has a case.

    A kind with cases and no alert stands as a point at 0; kinds without cases have no curve.
    """
    panels = [_panel(result, family) for family in FAMILIES]
    shown = [panel for panel in panels if panel is not None]
    if not shown:
        return None
    picture = alt.concat(*shown, columns=2, spacing=24).resolve_scale(
        color="independent", strokeDash="independent"
    )
    return picture.configure_view(stroke="#c9d6e4").configure(background="white", font="sans-serif")


def save(result: Evaluation, path: Path) -> None:
    """Write the picture as PNG (108 dots an inch) or SVG, after the file's ending.

    Raises:
        ValueError: another ending, or no kind has a case.
    """
    if path.suffix.lower() not in FORMS:
        raise ValueError(f"{path}: expected a picture that ends in {' or '.join(FORMS)}; name it so")
    picture = draw(result)
    if picture is None:
        raise ValueError(f"{path}: expected at least one case to draw, found none; check the labels")
    picture.save(str(path), scale_factor=1.5)


def points(result: Evaluation, family: str) -> pl.DataFrame:
    """One row a point of a curve, in the order in which it is drawn: `name`, `place`, `recall`, `precision`.

    A curve begins at recall 0 with the precision of its first step. `name` is the kind and its average
    precision.
    """
    kinds = result.by_kind.filter((pl.col("family") == family) & (pl.col("cases") > 0))
    figure = pl.col("average_precision").map_elements("{:.2f}".format, return_dtype=pl.String)
    name = pl.format("{} {}", "kind", figure).alias("name")
    names = kinds.select("kind", name)
    own = result.curves.with_columns(
        (pl.col("found") / pl.col("cases")).alias("recall"),
        (pl.col("right") / pl.col("alerts")).alias("precision"),
        (pl.int_range(pl.len()).over("kind") + 1).alias("place"),
    )
    starts = own.filter(pl.col("place") == 1).with_columns(
        pl.lit(0.0).alias("recall"), place=pl.lit(0, pl.Int64)
    )
    columns = ("kind", "place", "recall", "precision")
    silent = names.join(own, on="kind", how="anti").select(
        "kind",
        pl.lit(0, pl.Int64).alias("place"),
        pl.lit(0.0).alias("recall"),
        pl.lit(0.0).alias("precision"),
    )
    drawn = pl.concat([starts.select(columns), own.select(columns), silent.select(columns)]).sort("place")
    return names.join(drawn, on="kind", maintain_order="left_right").drop("kind")


def _panel(result: Evaluation, family: str) -> Any:
    drawn = points(result, family)
    if drawn.is_empty():
        return None
    names = drawn["name"].unique(maintain_order=True).to_list()
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(names))]
    dashes = [_DASHES[place // len(_COLOURS) % len(_DASHES)] for place in range(len(names))]
    widths = [_THINNEST + _WIDER * place / len(names) for place in reversed(range(len(names)))]
    legend = alt.Legend(title="kind, average precision", labelLimit=260, symbolType="stroke", symbolSize=300)
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)
    layers = []
    for name, width in zip(names, widths, strict=True):
        own = drawn.filter(pl.col("name") == name)
        line, end = (_at(rows).encode(color=colour) for rows in (own, own.tail(1)))
        layers.append(line.mark_line(interpolate="step-before", strokeWidth=width).encode(strokeDash=dash))
        layers.append(end.mark_point(filled=True, size=12 * width + 20, opacity=1))
    return alt.layer(*layers).properties(width=_SIDE, height=_SIDE, title=text(f"families.{family}", "en"))


def _at(rows: pl.DataFrame) -> alt.Chart:
    """Rows placed by recall and precision."""
    unit, axis = alt.Scale(domain=(0, 1), nice=False), alt.Axis(format=".1f", labelFlush=False)
    return alt.Chart(alt.Data(values=rows.to_dicts())).encode(
        x=alt.X("recall:Q", title="recall", scale=unit, axis=axis),
        y=alt.Y("precision:Q", title="precision", scale=unit, axis=axis),
        order="place:Q",
    )
