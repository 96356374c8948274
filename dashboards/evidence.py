"""The rows behind an alert, looked up again in the published marts.

Belongs here: which mart holds which source table, and finding rows by the keys an alert names.
Does not belong here: judging them, drawing them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from dashboards.data import Snapshot, collect, key, scan, schema

# Where a source table's rows are after the build. A table that is not here is published in no mart.
MART_OF = {
    "entities": "dim_entities",
    "accounts": "dim_accounts",
    "units": "dim_units",
    "transfers": "fct_transfers",
    "compliance": "fct_compliance_years",
    "emission_reports": "fct_emission_reports",
    "market_days": "fct_market_days",
    "trades": "fct_trades",
    "unit_years": "fct_unit_years",
    "activity_reports": "fct_mass_balance_months",
    "lab_tests": "fct_lab_tests",
}

# Where a mart is coarser than its source, the part of the source's key that finds its rows.
_KEYS = {"activity_reports": ("unit_id", "month"), "emission_reports": ("entity_id", "year")}

# Enough to see a finding; the alert's export has all keys.
LIMIT = 1_000


@dataclass(frozen=True)
class Evidence:
    """One source table's rows behind an alert; `mart` is None where no mart holds the table."""

    table: str
    mart: str | None
    rows: pl.DataFrame
    named: int
    missing: int


def keys_frame(entry: dict[str, Any]) -> pl.DataFrame:
    """The keys of one evidence entry as text columns, repeated keys once."""
    columns = [str(name) for name in entry.get("key", [])]
    rows = [[None if value is None else str(value) for value in row] for row in entry.get("rows", [])]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").unique(
        maintain_order=True
    )


def _typed(keys: pl.DataFrame, found: dict[str, pl.DataType]) -> pl.DataFrame:
    """Text keys in the mart's own types; a key that does not fit its type becomes null."""
    casts = []
    for name in keys.columns:
        kind = found[name]
        column = pl.col(name)
        if isinstance(kind, pl.Date):
            column = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        elif isinstance(kind, pl.Datetime):
            column = column.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)
        else:
            column = column.cast(kind, strict=False)
        casts.append(column)
    return keys.with_columns(casts).unique(maintain_order=True)


def _lookup(snapshot: Snapshot, table: str, keys: pl.DataFrame) -> Evidence:
    mart = MART_OF.get(table)
    found = schema(snapshot, mart) if mart else {}
    shared = [name for name in _KEYS.get(table, keys.columns) if name in found and name in keys.columns]
    if not mart or not shared:
        return Evidence(table, None, keys.head(LIMIT), keys.height, 0)
    wanted = _typed(keys.select(shared), found)
    frame = scan(snapshot, mart, tuple(found))
    assert frame is not None  # noqa: S101  the schema above came from the same mart
    narrowed = frame.filter(pl.col(shared[0]).is_in(wanted[shared[0]].unique().implode()))
    rows = collect(narrowed.join(wanted.lazy(), on=shared, how="semi").sort(shared), snapshot, mart)
    unmatched = wanted.join(rows, on=shared, how="anti").height
    return Evidence(table, mart, rows, wanted.height, unmatched)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Snapshot: key})
def look_up(snapshot: Snapshot, entries: list[dict[str, Any]]) -> list[Evidence]:
    """The rows of every evidence entry, one result a source table, in the alert's order."""
    merged: dict[tuple[str, tuple[str, ...]], list[Any]] = {}
    for entry in entries:
        # A part of a table that is named by a range of time has its start and end beside the key.
        ends = {name: entry[name] for name in ("from", "to") if name in entry}
        rows = [[*row, *ends.values()] for row in entry["rows"]]
        merged.setdefault((entry["table"], (*entry["key"], *ends)), []).extend(rows)
    return [
        _lookup(snapshot, table, keys_frame({"key": list(columns), "rows": rows}))
        for (table, columns), rows in merged.items()
    ]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Snapshot: key})
def context(
    snapshot: Snapshot, mart: str, column: str, ids: tuple[str, ...], columns: tuple[str, ...]
) -> pl.DataFrame:
    """The named columns of a mart's rows that belong to some ids: what surrounds the evidence."""
    frame = scan(snapshot, mart, columns)
    if frame is None or not ids:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return collect(frame.filter(pl.col(column).is_in(list(ids))), snapshot, mart)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Snapshot: key})
def account_names(snapshot: Snapshot, ids: tuple[str, ...]) -> dict[str, str]:
    """Holder names of accounts; an account without a name keeps its id."""
    if not schema(snapshot, "dim_accounts"):
        return {}
    rows = context(snapshot, "dim_accounts", "account_id", ids, ("account_id", "holder_name"))
    return {account: name or account for account, name in rows.iter_rows()}
