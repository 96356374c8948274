"""How old the data are, by source table: last delivery and last period covered.

Belongs here: ages and whether they are too old. Does not belong here: whether anything is missing between the
first and the last period (`inventory.gaps`).
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

import polars as pl
import streamlit as st

from anomaly.core.periods import latest_due
from dashboards.data import Snapshot, collect, key, scan

SCHEMA = {
    "table_name": pl.String,
    "received_on": pl.Date,
    "last_period": pl.String,
    "covered_until": pl.Date,
    "age_days": pl.Int64,
    "is_stale": pl.Boolean,
}
_DELIVERY = ("table_name", "received_on", "last_period")
_PERIOD = r"^\d{4}(-\d{2})?$"


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def ages(snapshot: Snapshot, as_of: str) -> pl.DataFrame:
    """One row a source table whose rows have a time, stale and oldest first.

    A table covers its last period as a whole, but no day after the as-of date. It is stale where a later
    period must have been delivered by the as-of date (`anomaly.core.periods.latest_due`).
    """
    frame = scan(snapshot, "fct_deliveries", _DELIVERY)
    if frame is None or not as_of:
        return pl.DataFrame(schema=SCHEMA)
    # A period after the as-of date is a fault of a row and says nothing about its table.
    dated = pl.col("last_period").str.contains(_PERIOD) & (pl.col("last_period") <= as_of[:7])
    rows = collect(
        frame.group_by("table_name").agg(
            pl.col("received_on").max(), pl.col("last_period").filter(dated).max()
        ),
        snapshot,
        "fct_deliveries",
    ).drop_nulls("last_period")
    day = dt.date.fromisoformat(as_of)
    aged = [{**row, **_age(row["last_period"], day)} for row in rows.iter_rows(named=True)]
    found = pl.DataFrame(aged, schema=SCHEMA)
    return found.sort("is_stale", "age_days", "table_name", descending=[True, True, False])


def _age(period: str, as_of: dt.date) -> dict[str, object]:
    unit = "year" if len(period) == 4 else "month"
    year, month = int(period[:4]), int(period[5:] or 12)
    until = min(dt.date(year, month, monthrange(year, month)[1]), as_of)
    return {
        "covered_until": until,
        "age_days": (as_of - until).days,
        "is_stale": period < latest_due(as_of, unit),
    }
