"""The list of alerts: reading the columns it needs, filtering, counting.

Belongs here: everything about alerts that needs no page. Does not belong here: widgets, pictures.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from dashboards.data import Snapshot, collect, key, scan, schema

MART = "fct_alerts"
ASSESSMENTS = "fct_alert_assessments"
STAKES = ("stake_tco2e", "stake_money", "is_explained")
LEVELS = ("red", "orange", "yellow", "blue")
FAMILIES = ("manipulation", "falsification", "compliance", "market_risk")

_SLIM = (
    "alert_id",
    "kind",
    "family",
    "level",
    "score",
    "subject_type",
    "province_code",
    "window_start",
    "window_end",
    "title_zh",
    "title_en",
)
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True)
class AlertFilter:
    """What a reader asked for; empty means everything."""

    levels: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    start: dt.date | None = None
    end: dt.date | None = None
    query: str = ""
    newest_first: bool = False


def _texts(found: dict[str, pl.DataType], name: str) -> pl.Expr | None:
    """A list of texts, whether the engine keeps it as a list or as JSON text."""
    column = next((one for one in (f"{name}_json", name) if one in found), None)
    if column is None:
        return None
    listed = pl.col(column)
    if found[column] == pl.String:
        listed = listed.str.json_decode(pl.List(pl.String))
    return listed.alias(name)


def _with_stakes(snapshot: Snapshot, alerts: pl.LazyFrame) -> pl.LazyFrame:
    """Alerts with `STAKES`, null where the snapshot has no assessments."""
    stakes = scan(snapshot, ASSESSMENTS, ("alert_id", *STAKES))
    if stakes is None:
        return alerts.with_columns(
            stake_tco2e=pl.lit(None, pl.Float64), stake_money=pl.lit(None, pl.Float64), is_explained=False
        )
    return alerts.join(stakes, on="alert_id", how="left")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def listing(snapshot: Snapshot) -> pl.DataFrame:
    """One row an alert, with what a list shows and a filter reads.

    Most severe first, within a level by tonnes and money at stake, unknown stakes last.
    """
    found = schema(snapshot, MART)
    optional = [name for name in ("entity_name", "subject_ids", "subject_ids_json") if name in found]
    frame = scan(snapshot, MART, (*_SLIM, *optional))
    if frame is None:
        stakes = dict.fromkeys(STAKES, pl.Float64)
        return pl.DataFrame(schema={**dict.fromkeys(_SLIM, pl.String), "subjects": pl.String, **stakes})
    subjects = _texts(found, "subject_ids")
    ids = pl.lit("") if subjects is None else subjects.list.join(", ")
    name = pl.col("entity_name") if "entity_name" in optional else pl.lit(None, pl.String)
    return collect(
        _with_stakes(snapshot, frame)
        .with_columns(ids.alias("subject_ids"), pl.coalesce(name, ids).alias("subjects"))
        .with_columns(
            pl.concat_str(
                ["alert_id", "subjects", "subject_ids", "title_zh", "title_en"],
                separator="\n",
                ignore_nulls=True,
            )
            .str.to_lowercase()
            .alias("haystack"),
            pl.col("level").replace_strict(_RANK, default=len(LEVELS), return_dtype=pl.Int8).alias("rank"),
        )
        .sort(
            ["rank", "stake_tco2e", "stake_money", "score", "alert_id"],
            descending=[False, True, True, True, False],
            nulls_last=True,
        )
        .drop(optional if "subject_ids" not in optional else [n for n in optional if n != "subject_ids"]),
        snapshot,
        MART,
    )


def select(frame: pl.DataFrame, wanted: AlertFilter) -> pl.DataFrame:
    """The alerts that pass a filter, in the order it asks for."""
    conditions = [
        pl.col(column).is_in(list(values))
        for column, values in (
            ("level", wanted.levels),
            ("family", wanted.families),
            ("kind", wanted.kinds),
            ("province_code", wanted.provinces),
        )
        if values
    ]
    if wanted.start and wanted.end and wanted.start > wanted.end:
        return frame.clear()
    # Windows are half-open: an alert that ends at midnight of the first day asked for is outside.
    if wanted.start:
        conditions.append(pl.col("window_end") > pl.lit(wanted.start).cast(pl.Datetime("us")))
    if wanted.end:
        after = wanted.end + dt.timedelta(days=1)
        conditions.append(pl.col("window_start") < pl.lit(after).cast(pl.Datetime("us")))
    conditions += [
        pl.col("haystack").str.contains(word, literal=True) for word in wanted.query.lower().split()
    ]
    chosen = frame.filter(*conditions) if conditions else frame
    if wanted.newest_first:
        chosen = chosen.sort(["window_end", "rank", "alert_id"], descending=[True, False, False])
    return chosen


def level_counts(frame: pl.DataFrame) -> dict[str, int]:
    """Alerts of each level, most severe first, zero included."""
    counted = dict(frame.group_by("level").len().iter_rows())
    return {level: counted.get(level, 0) for level in LEVELS}


def by_time(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a period and level: how many alerts end in it.

    Months as long as that gives at most six years of them, years beyond.
    """
    if frame.is_empty():
        return pl.DataFrame(schema={"period": pl.Date, "level": pl.String, "alerts": pl.UInt32})
    # An end at midnight belongs to the day before, as windows are half-open.
    last = (pl.col("window_end") - pl.duration(microseconds=1)).dt.date()
    days = frame.select(last.alias("last"))["last"].drop_nulls()
    span = (days.max() - days.min()).days if len(days) else 0  # type: ignore[operator,union-attr]
    every = "1mo" if span <= 6 * 366 else "1y"
    return (
        frame.group_by(last.dt.truncate(every).alias("period"), "level")
        .agg(pl.len().alias("alerts"))
        .drop_nulls()
        .sort("period", "level")
    )


def by_kind(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a kind and level: how many alerts."""
    return frame.group_by("kind", "level").agg(pl.len().alias("alerts")).sort("kind", "level")


@dataclass(frozen=True)
class Alert:
    """One alert with its measures and evidence."""

    row: dict[str, Any]
    subject_ids: list[str]
    rule_refs: list[str]
    measures: dict[str, dict[str, Any]]
    evidence: list[dict[str, Any]]

    def __getitem__(self, name: str) -> Any:
        return self.row.get(name)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Snapshot: key})
def one(snapshot: Snapshot, alert_id: str) -> Alert | None:
    """The alert of that id, or None."""
    found = schema(snapshot, MART)
    frame = scan(snapshot, MART, tuple(found))
    if frame is None:
        return None
    rows = collect(frame.filter(pl.col("alert_id") == alert_id).head(1), snapshot, MART)
    if rows.is_empty():
        return None
    lists = {}
    for name in ("subject_ids", "rule_refs"):
        texts = _texts(found, name)
        lists[name] = [] if texts is None else rows.select(texts).item().to_list()
    row = rows.row(0, named=True)
    return Alert(
        row=row,
        subject_ids=lists["subject_ids"],
        rule_refs=lists["rule_refs"],
        measures=json.loads(row.get("measures") or "{}"),
        evidence=json.loads(row.get("evidence") or "[]"),
    )


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def export(snapshot: Snapshot, ids: tuple[str, ...]) -> pl.DataFrame:
    """The alerts of those ids with all their columns, in that order."""
    found = schema(snapshot, MART)
    frame = scan(snapshot, MART, tuple(found))
    if frame is None:
        return pl.DataFrame()
    order = pl.DataFrame({"alert_id": ids}, schema={"alert_id": pl.String}).with_row_index("position")
    rows = collect(frame.join(order.lazy(), on="alert_id"), snapshot, MART)
    return rows.sort("position").drop("position")


def no_detector_ran(snapshot: Snapshot) -> bool:
    """Whether no detector found any row that it could look at, so that no alert means nothing."""
    frame = scan(snapshot, "fct_detector_runs", ("state",))
    if frame is None:
        return False
    states = collect(frame.unique(), snapshot, "fct_detector_runs")["state"].to_list()
    return states == ["not_applicable"]
