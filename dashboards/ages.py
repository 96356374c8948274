"""How old the data are, by source table: last delivery and last period covered.

Belongs here: ages and whether they are too old. Does not belong here: whether anything is missing between the
first and the last period (`inventory.gaps`).
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

import polars as pl
import streamlit as st

from anomaly.core.periods import EVENTS, latest_due
from dashboards.data import Snapshot, collect, key, scan

SCHEMA = {
    "table_name": pl.String,
    "received_on": pl.Date,
    "last_period": pl.String,
    "covered_until": pl.Date,
    "age_days": pl.Int64,
    "is_stale": pl.Boolean,
}
_PERIOD = r"^\d{4}(-\d{2})?$"
_CURRENT = ("in_force", "copy")
"""States of a delivery whose content counts; others were replaced or withdrawn."""


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def ages(snapshot: Snapshot, as_of: str) -> pl.DataFrame:
    """One row a source table whose rows have a time, stale and oldest first.

    A table covers the last period of its kept rows as a whole, but no day after the as-of date. It is stale
    where a later period must have been delivered by the as-of date (`anomaly.core.periods.latest_due`).
    Tables of single events are left out: that nothing happened since is no sign of old data.
    """
    if not as_of:
        return pl.DataFrame(schema=SCHEMA)
    covered, received = _covered(snapshot, as_of), _received(snapshot)
    if covered is None or received is None:
        return pl.DataFrame(schema=SCHEMA)
    day = dt.date.fromisoformat(as_of)
    rows = covered.join(received, on="table_name").iter_rows(named=True)
    found = pl.DataFrame([{**row, **_age(row["last_period"], day)} for row in rows], schema=SCHEMA)
    return found.sort("is_stale", "age_days", "table_name", descending=[True, True, False])


def _covered(snapshot: Snapshot, as_of: str) -> pl.DataFrame | None:
    """`table_name` and `last_period` of kept rows, without tables of events."""
    frame = scan(snapshot, "fct_row_counts", ("table_name", "period"))
    if frame is None:
        return None
    # A period after the as-of date is a fault of a row and says nothing about its table.
    dated = pl.col("period").str.contains(_PERIOD) & (pl.col("period") <= as_of[:7])
    regular = ~pl.col("table_name").is_in(EVENTS)
    last = (
        frame.filter(dated & regular).group_by("table_name").agg(pl.col("period").max().alias("last_period"))
    )
    return collect(last, snapshot, "fct_row_counts")


def _received(snapshot: Snapshot) -> pl.DataFrame | None:
    """`table_name` and `received_on` of its last delivery that counts."""
    frame = scan(snapshot, "fct_deliveries", ("table_name", "received_on", "status"))
    if frame is None:
        return None
    current = frame.filter(pl.col("status").is_in(_CURRENT))
    return collect(
        current.group_by("table_name").agg(pl.col("received_on").max()), snapshot, "fct_deliveries"
    )


def _age(period: str, as_of: dt.date) -> dict[str, object]:
    unit = "year" if len(period) == 4 else "month"
    year, month = int(period[:4]), int(period[5:] or 12)
    until = min(dt.date(year, month, monthrange(year, month)[1]), as_of)
    return {
        "covered_until": until,
        "age_days": (as_of - until).days,
        "is_stale": period < latest_due(as_of, unit),
    }
