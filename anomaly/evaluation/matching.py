"""Which alert finds which case, and how soon.

An alert finds a case when the kind is the same, the alert's subjects include at least half of the case's, and
the windows overlap. Windows are half-open, so that two adjacent ones do not overlap. The labels of cases are
written by `pipelines.simulator.labels` and read by `anomaly.evaluation.reading`.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

MATCH_SCHEMA = {"alert_id": pl.String(), "case_id": pl.String()}
_DAY = 86_400_000_000


def match(alerts: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """One row for each alert and case that it finds: `alert_id`, `case_id`, sorted by both.

    A subject that is listed twice counts once. A case without subjects is found by nothing.
    """
    wanted = _subjects(labels, "case_id").with_columns(pl.len().over("case_id").alias("wanted"))
    named = _subjects(alerts, "alert_id")
    shared = wanted.join(named, on=["kind", "subject_id"]).group_by("alert_id", "case_id")
    half = shared.agg(pl.len().alias("shared"), pl.col("wanted").first()).filter(
        2 * pl.col("shared") >= pl.col("wanted")
    )
    pairs = half.join(_windows(alerts, "alert_id"), on="alert_id").join(
        _windows(labels, "case_id"), on="case_id", suffix="_case"
    )
    overlapping = pairs.filter(
        (pl.col("window_start") < pl.col("window_end_case"))
        & (pl.col("window_start_case") < pl.col("window_end"))
    )
    return overlapping.select("alert_id", "case_id").cast(MATCH_SCHEMA).sort("alert_id", "case_id")  # type: ignore[arg-type]


def first_findings(alerts: pl.DataFrame, labels: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """One row a found case: the alert that shows it first, and after how many days.

    Columns `case_id`, `first_alert_id`, `days`. The first alert is the one whose window ends first, since
    that is when its evidence was complete; days run from the start of the case's window to that end. They
    are never negative: windows that overlap leave the alert's end after the case's start.
    """
    ends = _windows(alerts, "alert_id").select("alert_id", "window_end")
    starts = _windows(labels, "case_id").select("case_id", "window_start")
    found = matches.join(ends, on="alert_id").join(starts, on="case_id")
    days = (pl.col("window_end") - pl.col("window_start")).dt.total_microseconds() / _DAY
    first = found.sort("case_id", "window_end", "alert_id").unique("case_id", keep="first")
    return first.select("case_id", pl.col("alert_id").alias("first_alert_id"), days.alias("days")).sort(
        "case_id"
    )


def naive_utc(moments: pl.Series) -> pl.Series:
    """Moments, days or ISO 8601 texts as UTC without a time zone; a text without an offset is UTC.

    Raises:
        ValueError: a text is no moment.
    """
    if moments.dtype == pl.String:
        return pl.Series(moments.name, [_parsed(text) for text in moments], dtype=pl.Datetime("us"))
    if getattr(moments.dtype, "time_zone", None):
        moments = moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return moments.cast(pl.Datetime("us"))


def _parsed(text: str | None) -> datetime | None:
    moment = None if text is None else datetime.fromisoformat(text)
    return moment if moment is None or moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _subjects(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row an id and subject, with the kind."""
    subjects = pl.col("subject_ids").cast(pl.List(pl.String)).alias("subject_id")
    return frame.select(key, "kind", subjects).explode("subject_id").drop_nulls().unique()


def _windows(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    return frame.select(key, naive_utc(frame["window_start"]), naive_utc(frame["window_end"]))
