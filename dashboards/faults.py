"""What the page of reading faults lists: faults of readings, and what a reading can be.

Belongs here: readers of the fault mart and of the seed with the possible ranges. Does not belong here:
widgets, pictures, judgements.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import accounts
from dashboards.data import Snapshot, collect, key, scan

_FAULT = (
    "source_table",
    "unit_id",
    "entity_name",
    "province_code",
    "period",
    "quantity",
    "fault",
    "readings",
    "lowest",
    "highest",
    "unit_factor",
)
_RANGE = ("source_table", "quantity", "applies_to", "minimum", "maximum", "unit")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def faults(snapshot: Snapshot) -> pl.DataFrame:
    """One row a source table, unit, period, quantity and fault, the latest first."""
    frame = scan(snapshot, "fct_reading_faults", _FAULT)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_FAULT, pl.String))
    rows = frame.sort(
        "period", *_FAULT[:2], "quantity", "fault", descending=[True, False, False, False, False]
    )
    return collect(rows, snapshot, "fct_reading_faults")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def possible(snapshot: Snapshot) -> pl.DataFrame:
    """What a reading can be: one row a source table, quantity (or meter) and what it applies to."""
    frame = scan(snapshot, "reading_ranges", _RANGE)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_RANGE, pl.String))
    is_meter = pl.col("quantity") == "value"
    # Prices and quantities of trading and of the registry have ranges of their own; they are no readings.
    rows = (
        frame.filter(~pl.col("source_table").is_in(["trading", "registry"]))
        .with_columns(
            pl.when(is_meter).then(pl.col("applies_to")).otherwise(pl.col("quantity")).alias("quantity"),
            pl.when(is_meter).then(pl.lit("all")).otherwise(pl.col("applies_to")).alias("applies_to"),
        )
        .sort(*_RANGE[:3])
    )
    return collect(rows, snapshot, "reading_ranges")


def are_delivered(snapshot: Snapshot) -> bool:
    """Whether any table of readings has a row that counts."""
    tables = set(possible(snapshot)["source_table"])
    kept = accounts.accounting(snapshot).filter(pl.col("rows_kept") > 0)
    return not tables.isdisjoint(kept["table_name"])
