"""What the accounting page lists: where rows and tonnes went, by table, file and reason.

Belongs here: readers of the accounting marts. Does not belong here: widgets, pictures, judgements.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards.data import Snapshot, collect, key, scan

_ACCOUNTING = ("table_name", "files", "rows_in", "rows_kept", "rows_superseded", "rows_quarantined")
_FILE = (
    "stage",
    "table_name",
    "file",
    "rows_in",
    "rows_kept",
    "rows_superseded",
    "rows_quarantined",
    "rows_repeated",
    "rows_without_data",
    "tonnes_in",
    "tonnes_quarantined",
)
_FILE_COLUMNS = (
    *_FILE[:7],
    "lost_share",
    "tonnes_in",
    "tonnes_quarantined",
    "lost_tonnes_share",
    *_FILE[7:9],
)
_REASON = (
    "table_name",
    "file",
    "reason",
    "column_name",
    "row_count",
    "tonnes",
    "example_row_number",
    "example_value",
)
_QUARANTINE = ("table_name", "reason", "column_name", "value", "record_key", "file", "row_number")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def accounting(snapshot: Snapshot) -> pl.DataFrame:
    """One row a source table that received anything."""
    frame = scan(snapshot, "fct_row_accounting", _ACCOUNTING)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_ACCOUNTING, pl.Int64))
    rows = frame.filter(pl.col("rows_in") > 0).sort("rows_in", "table_name", descending=[True, False])
    return collect(rows, snapshot, "fct_row_accounting")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def files(snapshot: Snapshot) -> pl.DataFrame:
    """One row a stage, table and file, the largest share of lost rows first.

    Lost are quarantined rows that repeat no kept one; shares are fractions of 1 of its rows and tonnes.
    """
    frame = scan(snapshot, "fct_file_accounting", _FILE)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_FILE_COLUMNS, pl.Float64))
    lost = pl.col("rows_quarantined") - pl.col("rows_repeated")
    shares = (
        pl.when(pl.col("rows_in") > 0).then(lost / pl.col("rows_in")).alias("lost_share"),
        pl.when(pl.col("tonnes_in") > 0)
        .then(pl.col("tonnes_quarantined") / pl.col("tonnes_in"))
        .alias("lost_tonnes_share"),
    )
    order = ("lost_share", "rows_superseded", *_FILE[:3])
    rows = frame.with_columns(shares).sort(
        order, descending=[True, True, False, False, False], nulls_last=True
    )
    return collect(rows.select(_FILE_COLUMNS), snapshot, "fct_file_accounting")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def reasons(snapshot: Snapshot) -> pl.DataFrame:
    """One row a table, file, reason and column, the most frequent first."""
    frame = scan(snapshot, "fct_quarantine_reasons", _REASON)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_REASON, pl.String))
    rows = frame.with_columns(pl.col("column_name").replace({"none": None}))
    return collect(
        rows.sort("row_count", *_REASON[:4], descending=[True, False, False, False, False]),
        snapshot,
        "fct_quarantine_reasons",
    )


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def quarantine_sample(snapshot: Snapshot, each: int = 50) -> pl.DataFrame:
    """Up to `each` rows of every table and reason."""
    frame = scan(snapshot, "fct_quarantine", _QUARANTINE)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_QUARANTINE, pl.String))
    rows = frame.sort("table_name", "reason", "file", "row_number").group_by(
        "table_name", "reason", maintain_order=True
    )
    return collect(rows.head(each).select(_QUARANTINE), snapshot, "fct_quarantine")
