"""Labels and alerts from files, in the form that an evaluation takes.

Belongs here: formats, and refusing what cannot be evaluated. Does not belong here: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import polars as pl

from anomaly.core.kinds import KINDS
from anomaly.evaluation.matching import naive_utc

LABEL_COLUMNS = ("case_id", "kind", "subject_ids", "window_start", "window_end")
OPTIONAL_LABEL_COLUMNS = ("severity", "description", "affected")
ALERT_COLUMNS = ("alert_id", "kind", "subject_ids", "window_start", "window_end", "score")
OPTIONAL_ALERT_COLUMNS = ("evidence",)
_WINDOW = ("window_start", "window_end")


def read_labels(path: Path) -> pl.DataFrame:
    """Known cases from Parquet or CSV: one row a case, windows as naive UTC.

    In CSV subjects are joined with '|'. The optional columns `severity`, `description` and `affected` (JSON:
    source table to keys of rows) are null where the file does not have them; others are left out.

    Raises:
        ValueError: the file is no table, lacks a column or a value, names a case twice, a kind that the
            contract does not have, or a window that ends before it starts.
    """
    frame = _table(path, lambda: _parquet_or_csv(path), "labels as Parquet or CSV")
    _has(path, frame, LABEL_COLUMNS)
    if frame.schema["subject_ids"] == pl.String:
        frame = frame.with_columns(pl.col("subject_ids").str.split("|"))
    return _checked(path, frame, LABEL_COLUMNS, OPTIONAL_LABEL_COLUMNS)


def read_alerts(path: Path) -> pl.DataFrame:
    """Alerts from JSON lines or Parquet, as far as an evaluation needs them: one row an alert.

    JSON lines are what `carbonwarden alerts --format json` writes. Parquet has the contract's columns, or
    those of a published `fct_alerts`, whose lists are JSON texts. Windows become naive UTC; `evidence` is
    JSON text, null where the file does not have it.

    Raises:
        ValueError: as for labels, or a score that is no number.
    """
    if path.suffix == ".parquet":
        frame = _table(path, lambda: pl.read_parquet(path), "alerts as Parquet")
        if "subject_ids" not in frame.columns and "subject_ids_json" in frame.columns:
            subjects = pl.col("subject_ids_json").str.json_decode(pl.List(pl.String))
            frame = frame.with_columns(subjects.alias("subject_ids"))
    else:
        texts = ("alert_id", "kind", *_WINDOW, "evidence")
        schema = {
            "subject_ids": pl.List(pl.String()),
            "score": pl.Float64(),
            **dict.fromkeys(texts, pl.String()),
        }
        frame = _table(path, lambda: pl.read_ndjson(path, schema=schema), "one alert a line as JSON")
    _has(path, frame, ALERT_COLUMNS)
    frame = frame.with_columns(pl.col("score").cast(pl.Float64))
    if not frame["score"].drop_nulls().is_finite().all():
        raise ValueError(f"{path}: expected finite scores, found others; correct the column score")
    return _checked(path, frame, ALERT_COLUMNS, OPTIONAL_ALERT_COLUMNS)


def unknown_market(labels: pl.DataFrame, alerts: pl.DataFrame, known: Collection[str]) -> str | None:
    """A warning where not one subject of the labels occurs in the alerts or among `known` ids, else None.

    Such labels find nothing whatever the detectors do, so that zeros would say nothing about them.
    """
    subjects = set(labels["subject_ids"].explode().drop_nulls())
    met = subjects & {*alerts["subject_ids"].explode().drop_nulls(), *known}
    if not subjects or met or (alerts.is_empty() and not known):
        return None
    where = "the alerts or the published market" if known else "the alerts"
    return (
        f"not one of the {len(subjects):,} subjects of the labels (such as "
        f"{', '.join(sorted(subjects)[:3])}) occurs in {where}: "
        "these labels may belong to another market or seed. Compare them with "
        "the alerts of their own market."
    )


def _table(path: Path, read: Callable[[], pl.DataFrame], expected: str) -> pl.DataFrame:
    try:
        return read()
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected {expected}, found: {error}. Check the file.") from error


def _parquet_or_csv(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def _has(path: Path, frame: pl.DataFrame, needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise ValueError(
            f"{path}: expected the columns {', '.join(needed)}; missing {', '.join(missing)}. Add them."
        )


def _checked(path: Path, frame: pl.DataFrame, needed: Sequence[str], optional: Sequence[str]) -> pl.DataFrame:
    """The wanted columns, complete, with one row an id."""
    key = needed[0]
    for name in needed:
        lacking = frame.filter(pl.col(name).is_null() | _is_empty_list(frame, name))
        if lacking.height:
            raise ValueError(
                f"{path}: expected a {name} in every row, found {lacking.height:,} rows without "
                f"(such as {key} {lacking[key][0]}); fill them in"
            )
    twice = frame.filter(pl.col(key).is_duplicated())[key].unique().sort()
    if len(twice):
        raise ValueError(
            f"{path}: expected each {key} once, found {twice[0]} and {len(twice) - 1:,} more twice"
        )
    unknown = sorted(set(frame["kind"]) - set(KINDS))
    if unknown:
        raise ValueError(f"{path}: kinds that the contract does not have: {', '.join(unknown)}")
    try:
        frame = frame.with_columns(naive_utc(frame[name]) for name in _WINDOW)
    except ValueError as error:
        raise ValueError(f"{path}: expected windows as ISO 8601 moments, found: {error}") from error
    backwards = frame.filter(pl.col("window_end") < pl.col("window_start"))
    if backwards.height:
        raise ValueError(
            f"{path}: expected windows that end after they start, found {key} {backwards[key][0]}"
        )
    return frame.with_columns(_text(path, frame, name) for name in optional).select(*needed, *optional)


def _text(path: Path, frame: pl.DataFrame, name: str) -> pl.Expr:
    """An optional column as text, null where the file does not have it."""
    if name not in frame.columns:
        return pl.lit(None, pl.String).alias(name)
    if frame.schema[name].is_nested():
        raise ValueError(
            f"{path}: expected {name} as text (nested values as JSON), found {frame.schema[name]}; "
            "write it as JSON"
        )
    return pl.col(name).cast(pl.String)


def _is_empty_list(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Whether a list holds nothing but nulls and empty texts."""
    if not isinstance(frame.schema[name], pl.List):
        return pl.lit(value=False)
    return pl.col(name).list.eval(pl.element().filter(pl.element() != "")).list.len() == 0
