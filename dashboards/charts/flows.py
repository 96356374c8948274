"""Accounts and what moved between them."""

from __future__ import annotations

import math

import altair as alt
import polars as pl

from dashboards.charts import style
from dashboards.language import Words

# With more arrows than this no pattern can be seen.
MAX_EDGES = 60


def edges_of(rows: pl.DataFrame, source: str, target: str, moment: str) -> pl.DataFrame:
    """One row a pair of accounts: tonnes, movements and its place by first movement; the largest first."""
    return (
        rows.filter(pl.col(source).is_not_null() & pl.col(target).is_not_null())
        .group_by(pl.col(source).alias("source"), pl.col(target).alias("target"))
        .agg(
            pl.col("quantity_tco2e").sum().alias("tonnes"),
            pl.len().alias("movements"),
            pl.col(moment).min().alias("first_at"),
        )
        .sort("first_at", "source", "target")
        .with_columns(pl.int_range(1, pl.len() + 1).alias("place"))
        .sort(["tonnes", "source", "target"], descending=[True, False, False])
        .head(MAX_EDGES)
    )


# A picture's width over its height, roughly: directions must be right on screen, not in data.
_WIDE = 1.5


def _circle(nodes: list[str]) -> dict[str, tuple[float, float]]:
    turn = 2 * math.pi / max(len(nodes), 1)
    return {node: (_WIDE * math.sin(at * turn), math.cos(at * turn)) for at, node in enumerate(nodes)}


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> dict[str, float]:
    """An arrow between two dots, shifted to its right so that the way back stays visible."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    shift, gap = 0.03, 0.13
    return {
        "x": start[0] + ux * gap + uy * shift,
        "y": start[1] + uy * gap - ux * shift,
        "x2": end[0] - ux * gap + uy * shift,
        "y2": end[1] - uy * gap - ux * shift,
        # Nearer to the sender, where arrows of other pairs seldom cross.
        "place_x": start[0] + (end[0] - start[0]) * 0.35 + uy * 3 * shift,
        "place_y": start[1] + (end[1] - start[1]) * 0.35 - ux * 3 * shift,
        "angle": math.degrees(math.atan2(dx, dy)) % 360,
    }


def _dots(places: dict[str, tuple[float, float]], names: dict[str, str], own: set[str]) -> pl.DataFrame:
    """One row an account; its name stands outside the circle, on the side where there is space."""
    rows = []
    for node, (x, y) in places.items():
        side = "center" if abs(x) < 0.15 * _WIDE else "left" if x > 0 else "right"
        rows.append(
            {
                "x": x,
                "y": y,
                "label_y": y + (math.copysign(0.2, y) if side == "center" else 0.0),
                "side": side,
                "id": node,
                "name": names.get(node, node),
                "own": node in own,
            }
        )
    return pl.DataFrame(rows)


def _arrows(
    edges: pl.DataFrame, places: dict[str, tuple[float, float]], names: dict[str, str]
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                **_arrow(places[row["source"]], places[row["target"]]),
                **row,
                "from": names.get(row["source"], row["source"]),
                "to": names.get(row["target"], row["target"]),
            }
            for row in edges.iter_rows(named=True)
            if row["source"] != row["target"]
        ]
    )


def flows(edges: pl.DataFrame, names: dict[str, str], words: Words) -> style.Picture | None:
    """Accounts on a circle and the quantities between them."""
    if edges.is_empty():
        return None
    pairs = edges.select("source", "target")
    places = _circle(list(dict.fromkeys(one for pair in pairs.iter_rows() for one in pair)))
    dots = _dots(places, names, set(edges.filter(pl.col("source") == pl.col("target"))["source"]))
    arrows = _arrows(edges, places, names)
    low, high = float(dots["y"].min()) - 0.35, float(dots["y"].max()) + 0.35  # type: ignore[arg-type]
    free = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    scales = {"x": alt.Scale(domain=[-2 * _WIDE, 2 * _WIDE]), "y": alt.Scale(domain=[low, high])}

    def at(x: str, y: str) -> dict[str, alt.X | alt.Y]:
        return {
            "x": alt.X(f"{x}:Q", scale=scales["x"], axis=free),
            "y": alt.Y(f"{y}:Q", scale=scales["y"], axis=free),
        }

    layers: list[alt.Chart] = []
    if arrows.height:
        tooltip = [
            alt.Tooltip("from:N", title=words("detail.from_account")),
            alt.Tooltip("to:N", title=words("detail.to_account")),
            alt.Tooltip("tonnes:Q", title=words.column("quantity_tco2e"), format=","),
            alt.Tooltip("movements:Q", title=words("detail.movements"), format=","),
            alt.Tooltip("place:Q", title=words("detail.place"), format="d"),
        ]
        width = alt.StrokeWidth("tonnes:Q", scale=alt.Scale(range=[1, 5], zero=True), legend=None)
        rules = alt.Chart(arrows).mark_rule(color=style.STEEL, opacity=0.8)
        heads = alt.Chart(arrows).mark_point(shape="triangle-up", filled=True, size=110, color=style.NAVY)
        turned = alt.Angle("angle:Q", scale=alt.Scale(domain=[0, 360], range=[0, 360]))
        layers = [
            rules.encode(**at("x", "y"), x2="x2:Q", y2="y2:Q", strokeWidth=width, tooltip=tooltip),
            heads.encode(**at("x2", "y2"), angle=turned, opacity=alt.value(1), tooltip=tooltip),
            alt.Chart(arrows)
            .mark_text(fontSize=12, fontWeight="bold", color=style.INK)
            .encode(**at("place_x", "place_y"), text="place:Q", tooltip=tooltip),
        ]
    # A ring in red marks an account that stands on both sides of a movement.
    ring = alt.condition("datum.own", alt.value(style.RED), alt.value(style.NAVY))
    layers.append(
        alt.Chart(dots)
        .mark_point(filled=True, size=240, opacity=1, strokeWidth=3)
        .encode(
            **at("x", "y"),
            fill=alt.value(style.NAVY),
            stroke=ring,
            tooltip=[
                alt.Tooltip("name:N", title=words.column("holder_name")),
                alt.Tooltip("id:N", title=words.column("account_id")),
            ],
        )
    )
    for side in dots["side"].unique().sort():
        text = alt.Chart(dots.filter(pl.col("side") == side)).mark_text(
            align=side,
            dx={"center": 0, "left": 13, "right": -13}[side],
            baseline="middle",
            fontSize=12,
            color=style.INK,
            limit=230,
        )
        layers.append(text.encode(**at("x", "label_y"), text="name:N"))
    return style.finish(alt.layer(*layers), 340)
