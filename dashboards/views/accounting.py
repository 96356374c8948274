"""Accounting of rows: where every row and tonne went, from the published file to the mart, and why."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import accounts, page
from dashboards.charts import accounting as charts
from dashboards.page import Desk, Tile
from pipelines.contract.reasons import NOTICED_SHARE, REFUSED_SHARE

_RARE = ("rows_superseded", "rows_repeated", "rows_without_data")
"""Columns that are left out where every file has zero."""


def _tiles(desk: Desk, rows: pl.DataFrame, files: pl.DataFrame) -> None:
    words = desk.words
    totals = {name: int(rows[name].sum() or 0) for name in rows.columns if name.startswith("rows_")}
    received = max(totals.get("rows_in", 0), 1)
    lost = float(files["tonnes_quarantined"].sum() or 0.0)
    above = files.filter(
        (pl.col("lost_share") > NOTICED_SHARE) | (pl.col("lost_tonnes_share") > NOTICED_SHARE)
    ).height
    page.tiles(
        desk,
        [
            Tile(words("accounting.files"), words.number(files.height)),
            Tile(
                words("status.rows_quarantined"),
                words.number(totals.get("rows_quarantined", 0)),
                words(
                    "status.share_of", share=words.percent(totals.get("rows_quarantined", 0) / received, 2)
                ),
            ),
            Tile(words("accounting.tonnes_lost"), words.tonnes(lost)),
            Tile(
                words("accounting.above", share=words.percent(NOTICED_SHARE, 0)),
                words.number(above),
                help=words("accounting.above_help", share=words.percent(REFUSED_SHARE, 0)),
            ),
        ],
    )


def _tables(desk: Desk, rows: pl.DataFrame) -> None:
    words = desk.words
    with page.section(words("status.received"), words("status.received_lead")):
        if rows.is_empty():
            st.caption(words("status.nothing"))
            return
        picture = charts.accounting(rows, words)
        if picture is None:
            page.table(desk, rows, "accounting")
            return
        left, right = st.columns([2, 3])
        with left:
            page.draw(picture)
        with right:
            page.table(desk, rows, "accounting")


def _files(desk: Desk, files: pl.DataFrame) -> None:
    words = desk.words
    lead = words(
        "accounting.by_file_lead",
        notice=words.percent(NOTICED_SHARE, 0),
        refused=words.percent(REFUSED_SHARE, 0),
    )
    with page.section(words("accounting.by_file"), lead):
        if files.is_empty():
            st.caption(words("status.nothing"))
            return
        page.draw(charts.files(files, words))
        unused = [name for name in _RARE if not files[name].sum()]
        page.table(desk, files.drop(unused), "files")


def _reasons(desk: Desk, reasons: pl.DataFrame, sample: pl.DataFrame) -> None:
    words = desk.words
    with page.section(words("status.quarantine"), words("status.quarantine_lead")):
        if reasons.is_empty():
            st.success(words("status.quarantine_none"), icon=":material/check_circle:")
            return
        page.draw(charts.quarantine(reasons, words))
        page.table(desk, reasons, "reasons")
        st.markdown(f"**{words('status.sample')}**")
        page.table(desk, sample, "quarantine")


def main() -> None:
    """Totals, then tables, files and reasons."""
    desk, snapshot = page.begin("accounting")
    rows, files = accounts.accounting(snapshot), accounts.files(snapshot)
    _tiles(desk, rows, files)
    _tables(desk, rows)
    _files(desk, files)
    _reasons(desk, accounts.reasons(snapshot), accounts.quarantine_sample(snapshot))


if __name__ == "__main__":
    main()
