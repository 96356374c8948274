"""What the data-status page lists: deliveries, gaps, checks, detectors, periods, files.

Belongs here: readers of the marts about a run and of the snapshot's folder. Does not belong here: the
accounting of rows (`dashboards.accounts`), widgets, pictures, judgements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboards.data import Snapshot, collect, key, marts, row_count, scan, schema

_DETECTOR_RUN = ("kind", "state", "reason", "version", "candidates", "alerts")
_COVERAGE = ("kind", "table_name", "period", "state", "reason", "detail")
_GAP = (
    "severity",
    "check_name",
    "table_name",
    "period",
    "province_code",
    "column_name",
    "observed",
    "expected",
    "unit",
)
_BY_LANGUAGE = ("description", "why")
_DELIVERY = {
    "table_name": "table_name",
    "file": "file",
    "last_period": "last_period",
    "row_count": "row_count",
    "blank_lines": "blank_lines",
    "received_on": "received_on",
    "expected_on": "expected_on",
    "days_late": "days_late",
    "expectation": "expectation_basis",
    "state": "delivery_state",
    "status": "delivery_status",
    "copy_of": "copy_of",
}
_RESULT = (
    "gate",
    "table_name",
    "description",
    "column_name",
    "severity",
    "success",
    "observed",
    "expected",
    "unexpected_count",
    "element_count",
    "rule_ref",
    "why",
)
# Columns that date a row, the finest first.
_TIMES = ("date", "trade_date", "transferred_at", "month", "window_end", "period", "year")
_NO_PERIOD = "all"


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Snapshot: key})
def quality_results(snapshot: Snapshot, language: str) -> pl.DataFrame:
    """One row a check, failed ones first, with its description and reason in the language."""
    given = {f"{name}_{language}": name for name in _BY_LANGUAGE}
    wanted = (*(name for name in _RESULT if name not in _BY_LANGUAGE), *given)
    frame = scan(snapshot, "fct_quality_results", (*wanted, "position"))
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_RESULT, pl.String))
    rank = pl.col("severity").replace_strict({"critical": 0, "warning": 1, "info": 2}, default=3)
    rows = frame.sort("success", rank, "gate", "position", nulls_last=True).drop("position")
    return collect(rows.rename(given).select(_RESULT), snapshot, "fct_quality_results")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def detector_runs(snapshot: Snapshot) -> pl.DataFrame:
    """One row a detector, broken ones first."""
    frame = scan(snapshot, "fct_detector_runs", _DETECTOR_RUN)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_DETECTOR_RUN, pl.String))
    rank = pl.col("state").replace_strict({"broken": 0, "not_applicable": 1}, default=2)
    return collect(frame.sort(rank, "kind"), snapshot, "fct_detector_runs")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def not_covered(snapshot: Snapshot) -> pl.DataFrame:
    """What detectors did not see: one row a kind, source table, state and reason, with its periods."""
    frame = scan(snapshot, "fct_detection_coverage", _COVERAGE)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_COVERAGE, pl.String))
    grouped = (
        frame.filter(pl.col("state") != "covered")
        .group_by("kind", "table_name", "state", "reason", "detail")
        .agg(
            pl.col("period").n_unique().alias("periods"),
            pl.col("period").min().alias("first_period"),
            pl.col("period").max().alias("last_period"),
        )
        .sort("state", "kind", "table_name", "reason", "detail")
    )
    return collect(grouped, snapshot, "fct_detection_coverage")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def gaps(snapshot: Snapshot, language: str) -> pl.DataFrame:
    """One row a gap in what was delivered, the highest severity first, with the reason in the language."""
    why = f"why_{language}"
    frame = scan(snapshot, "fct_completeness", (*_GAP, "state", why))
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys((*_GAP, "why"), pl.String))
    rank = pl.col("severity").replace_strict({"critical": 0, "warning": 1, "info": 2}, default=3)
    rows = frame.filter(pl.col("state") == "found").sort(rank, *_GAP[1:6]).select(*_GAP, why)
    return collect(rows.rename({"period": "gap_period", why: "why"}), snapshot, "fct_completeness")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def deliveries(snapshot: Snapshot) -> pl.DataFrame:
    """One row a delivered file, the latest by its expectation first."""
    frame = scan(snapshot, "fct_deliveries", tuple(_DELIVERY))
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(_DELIVERY.values(), pl.String))
    rows = frame.sort("days_late", "received_on", "file", descending=[True, True, False], nulls_last=True)
    return collect(rows.select(list(_DELIVERY)).rename(_DELIVERY), snapshot, "fct_deliveries")


def refused_results(refusal: dict[str, Any], language: str) -> pl.DataFrame:
    """The checks that a refused run failed, in the columns of `quality_results`."""
    numbers = {"unexpected_count", "element_count"}
    rows = []
    for result in refusal.get("results", []):
        given = {
            **result,
            "description": result.get(f"description_{language}") or result.get("expectation"),
            "why": result.get(f"why_{language}"),
        }
        row = {name: given.get(name) for name in _RESULT}
        texts = {name: None if value is None else str(value) for name, value in row.items()}
        rows.append({**texts, "success": bool(row["success"]), **{name: row[name] for name in numbers}})
    kinds = {
        name: pl.Boolean if name == "success" else pl.Int64 if name in numbers else pl.String
        for name in _RESULT
    }
    return pl.DataFrame(rows, schema=kinds, strict=False)


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def freshness(snapshot: Snapshot) -> pl.DataFrame:
    """One row a published mart: rows, first and newest period."""
    rows = []
    for mart in marts(snapshot):
        found = schema(snapshot, mart)
        time = next((name for name in _TIMES if name in found), None)
        first = last = None
        frame = scan(snapshot, mart, (time,)) if time else None
        if frame is not None and time:
            column = pl.col(time).cast(pl.String).str.slice(0, 10)
            ends = collect(
                frame.select(column.filter(column != _NO_PERIOD)).select(
                    pl.col(time).min().alias("first"), pl.col(time).max().alias("last")
                ),
                snapshot,
                mart,
            )
            first, last = ends.row(0)
        rows.append({"mart": mart, "rows": row_count(snapshot, mart), "first": first, "last": last})
    schema_of = {"mart": pl.String, "rows": pl.Int64, "first": pl.String, "last": pl.String}
    return pl.DataFrame(rows, schema=schema_of)


def data_docs(snapshot: Snapshot) -> list[Path]:
    """The entry pages of the snapshot's Data Docs."""
    folder = snapshot.folder / "data_docs"
    return sorted(path for path in (folder / "index.html", *folder.glob("*/index.html")) if path.is_file())
