"""Reading faults: impossible readings, figures in another unit of measure, and what was expected."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import faults, page
from dashboards.charts import faults as charts
from dashboards.language import Words
from dashboards.page import Card, Desk, Tile


def _expected(ranges: pl.DataFrame, words: Words) -> dict[tuple[str, str], str]:
    """By source table and quantity: what a reading can be, in words."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in ranges.iter_rows(named=True):
        interval = words(
            "readings.interval",
            minimum=words.figure(row["minimum"]),
            maximum=words.figure(row["maximum"]),
            unit=words.unit(row["unit"]),
        )
        applies = row["applies_to"]
        text = interval if applies == "all" else f"{words.code('fuel_state', applies)} {interval}"
        found.setdefault((row["source_table"], row["quantity"]), []).append(text)
    return {name: words("common.list_separator").join(texts) for name, texts in found.items()}


def _listed(rows: pl.DataFrame, ranges: pl.DataFrame, words: Words) -> pl.DataFrame:
    """The faults with what was expected, in the columns of the page."""
    expected = _expected(ranges, words)
    texts = [
        words("readings.same_magnitude")
        if row["fault"] == "unit_of_measure"
        else expected.get((row["source_table"], row["quantity"]))
        for row in rows.iter_rows(named=True)
    ]
    return rows.with_columns(pl.Series("expected", texts, dtype=pl.String)).select(
        "entity_name",
        "unit_id",
        pl.col("period").alias("gap_period"),
        "quantity",
        "fault",
        "lowest",
        "highest",
        "expected",
        "unit_factor",
        "readings",
        "source_table",
        "province_code",
    )


def _tiles(desk: Desk, rows: pl.DataFrame) -> None:
    words = desk.words
    units = rows["unit_id"].n_unique()
    other_unit = rows.filter(pl.col("fault") == "unit_of_measure")
    impossible = rows.filter(pl.col("fault") == "impossible_value")
    page.tiles(
        desk,
        [
            Tile(words("readings.units"), words.number(units)),
            Tile(words("readings.impossible"), words.number(int(impossible["readings"].sum() or 0))),
            Tile(words("readings.other_unit"), words.number(other_unit.height)),
        ],
        in_row=3,
    )


def main() -> None:
    """Totals and pictures, then every fault; without any, what was looked at."""
    desk, snapshot = page.begin("reading_faults")
    words = desk.words
    rows, ranges = faults.faults(snapshot), faults.possible(snapshot)
    if rows.is_empty():
        with st.container(border=True):
            if faults.are_delivered(snapshot):
                st.success(words("readings.none"), icon=":material/check_circle:")
                st.markdown(words("readings.none_means"))
            else:
                st.info(words("readings.not_delivered"))
                st.markdown(words("readings.not_delivered_means"))
    else:
        _tiles(desk, rows)
        page.cards(
            [
                Card(words("readings.over_time"), charts.over_time(rows, words)),
                Card(words("readings.by_quantity"), charts.by_quantity(rows, words)),
            ]
        )
        with page.section(words("readings.list"), words("readings.list_lead")):
            page.table(desk, _listed(rows, ranges, words), "reading-faults")
    if ranges.height:
        with page.section(words("readings.ranges"), words("readings.ranges_lead")):
            page.table(desk, ranges, "reading-ranges")


if __name__ == "__main__":
    main()
