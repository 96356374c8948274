"""How good are the alerts? Recall, precision and average precision against known cases.

An alert finds a case when its kind is the same, its subjects include at least half of the case's, and its
window overlaps the case's. Precision counts an alert as right when it finds a case; recall counts a
case once.
Belongs here: matching and metrics. A run never reads labels; only an evaluation does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from anomaly.catalogue.kinds import KINDS

METRICS_SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "family": pl.String,
    "cases": pl.Int64,
    "found": pl.Int64,
    "recall": pl.Float64,
    "alerts": pl.Int64,
    "right": pl.Int64,
    "precision": pl.Float64,
    "average_precision": pl.Float64,
}


@dataclass(frozen=True)
class Evaluation:
    """Metrics by kind and overall, and which alert found which case."""

    by_kind: pl.DataFrame
    overall: dict[str, float | int]
    matches: pl.DataFrame


def evaluate(alerts: pl.DataFrame, labels: pl.DataFrame) -> Evaluation:
    """Hold alerts against labels.

    Kinds with cases but no alerts count as zero; kinds with alerts but no cases have precision zero and take
    part in the overall precision. Overall recall and precision are over all cases and alerts; the overall
    average precision ranks all alerts together by score, `mean_average_precision` averages the kinds
    with cases.
    """
    matches = match(alerts, labels)
    cases = labels["case_id"].n_unique()
    rows = [
        _metrics(kind, alerts.filter(pl.col("kind") == kind), labels.filter(pl.col("kind") == kind), matches)
        for kind in sorted({*alerts["kind"], *labels["kind"]})
    ]
    by_kind = pl.DataFrame(rows, schema=METRICS_SCHEMA, orient="row")
    right = matches["alert_id"].n_unique()
    found = matches["case_id"].n_unique()
    with_cases = by_kind.filter(pl.col("cases") > 0)["average_precision"]
    return Evaluation(
        by_kind,
        {
            "cases": cases,
            "found": found,
            "recall": found / cases if cases else 0.0,
            "alerts": alerts.height,
            "right": right,
            "precision": right / alerts.height if alerts.height else 0.0,
            "average_precision": average_precision(alerts, matches, cases),
            "mean_average_precision": float(sum(with_cases) / len(with_cases)) if len(with_cases) else 0.0,
        },
        matches,
    )


def match(alerts: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Which alert finds which case: `alert_id`, `case_id`."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in labels.sort("case_id").iter_rows(named=True):
        by_kind[case["kind"]].append(case)
    found = []
    for alert in alerts.sort("alert_id").iter_rows(named=True):
        subjects = set(alert["subject_ids"])
        for case in by_kind.get(alert["kind"], ()):
            wanted = set(case["subject_ids"])
            overlaps = (
                _utc(alert["window_start"]) < _utc(case["window_end"])
                and _utc(case["window_start"]) < _utc(alert["window_end"])
            )  # fmt: skip
            if wanted and 2 * len(wanted & subjects) >= len(wanted) and overlaps:
                found.append((alert["alert_id"], case["case_id"]))
    return pl.DataFrame(found, schema={"alert_id": pl.String, "case_id": pl.String}, orient="row")


def average_precision(alerts: pl.DataFrame, matches: pl.DataFrame, cases: int) -> float:
    """Area under recall and precision as alerts are taken by falling score.

    Recall rises when a case is first found. Alerts with equal scores have no order among themselves, so
    they are taken together: precision and recall are read after the whole tie.
    """
    if not cases or alerts.is_empty():
        return 0.0
    finds: dict[str, set[str]] = defaultdict(set)
    for alert_id, case_id in matches.iter_rows():
        finds[alert_id].add(case_id)
    taken = right = 0
    seen: set[str] = set()
    area = 0.0
    ordered = alerts.sort(["score", "alert_id"], descending=[True, False])
    for _, tie in ordered.group_by("score", maintain_order=True):
        before = len(seen)
        for alert_id in tie["alert_id"]:
            taken += 1
            right += bool(finds[alert_id])
            seen |= finds[alert_id]
        area += (len(seen) - before) / cases * (right / taken)
    return area


def read_labels(path: Path) -> pl.DataFrame:
    """Labels from Parquet or CSV (subjects joined with '|'), windows as naive UTC."""
    labels = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    needed = ("case_id", "kind", "subject_ids", "window_start", "window_end")
    missing = [name for name in needed if name not in labels.columns]
    if missing:
        raise ValueError(f"{path}: expected the columns {', '.join(needed)}; missing {', '.join(missing)}")
    if labels.schema["subject_ids"] == pl.String:
        labels = labels.with_columns(pl.col("subject_ids").str.split("|"))
    labels = labels.with_columns(_naive(labels, name) for name in needed[3:])
    unknown = sorted(set(labels["kind"]) - set(KINDS))
    if unknown:
        raise ValueError(f"{path}: kinds that the contract does not have: {', '.join(unknown)}")
    return labels.select(needed)


def _metrics(
    kind: str, alerts: pl.DataFrame, labels: pl.DataFrame, matches: pl.DataFrame
) -> tuple[object, ...]:
    own = matches.filter(pl.col("alert_id").is_in(alerts["alert_id"].implode()))
    found, right = own["case_id"].n_unique(), own["alert_id"].n_unique()
    return (
        kind,
        KINDS.get(kind, "unknown"),
        labels.height,
        found,
        found / labels.height if labels.height else 0.0,
        alerts.height,
        right,
        right / alerts.height if alerts.height else 0.0,
        average_precision(alerts, own, labels.height),
    )


def _naive(labels: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    if labels.schema[name] == pl.String:
        column = column.str.to_datetime(time_unit="us", time_zone="UTC")
    elif getattr(labels.schema[name], "time_zone", None):
        column = column.dt.convert_time_zone("UTC")
    return column.dt.replace_time_zone(None).cast(pl.Datetime("us")).alias(name)


def _utc(moment: Any) -> Any:
    """Naive UTC of a moment, whichever of the two forms it has."""
    if moment.tzinfo is None:
        return moment
    return (moment - moment.utcoffset()).replace(tzinfo=None)


def kinds_without_cases(labels: pl.DataFrame) -> Iterable[str]:
    """Kinds of the contract that the labels hold no case of."""
    return sorted(set(KINDS) - set(labels["kind"]))
