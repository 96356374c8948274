"""The figures of a group of cases and alerts: a kind, a family, a severity, everything.

Belongs here: what each figure is taken over. Does not belong here: which groups there are (`measure`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from anomaly.core.kinds import KINDS
from anomaly.evaluation import intervals, ranking
from anomaly.evaluation.rows import RowCounts

DEPTHS = (10, 20, 50)
RANKED = ("average_precision", *(f"precision_at_{k}" for k in DEPTHS))
SHARES = ("recall", "precision")
MEASURES: dict[str, pl.DataType] = {
    "cases": pl.Int64(),
    "found": pl.Int64(),
    "alerts": pl.Int64(),
    "right": pl.Int64(),
    **{f"{name}{end}": pl.Float64() for name in (*SHARES, *RANKED) for end in ("", "_low", "_high")},
    "days_median": pl.Float64(),
    "days_p90": pl.Float64(),
    "affected_rows": pl.Int64(),
    "named_rows": pl.Int64(),
    "row_recall": pl.Float64(),
    "row_recall_shared": pl.Float64(),
    "evidence_rows": pl.Int64(),
    "right_rows": pl.Int64(),
    "broad_rows": pl.Int64(),
    "row_precision": pl.Float64(),
}
_CELLS = 4_000_000  # alerts times resamples that are weighed at once; bounds memory

Figures = dict[str, Any]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Field:
    """All alerts and cases, what links them, and the draws of the bootstrap.

    Attributes:
        alerts: one row an alert, by id, with `family`.
        cases: one row a case, by id, with `family`, `severity`, and `days` (null where it was not found).
        finds: positions of alerts and of the cases that they find, in pairs.
        linked: the happening of each case and alert.
        drawn: how often each happening is drawn: one row a resample.
        case_rows: one row a case and table, as `RowCounts.cases`, with the case's groups.
        alert_rows: one row an alert and table, as `RowCounts.alerts`, with the alert's groups.
    """

    alerts: pl.DataFrame
    cases: pl.DataFrame
    finds: tuple[Places, Places]
    linked: intervals.Happenings
    drawn: NDArray[np.uint8]
    case_rows: pl.DataFrame | None
    alert_rows: pl.DataFrame | None


def lay_out(
    alerts: pl.DataFrame,
    cases: pl.DataFrame,
    matches: pl.DataFrame,
    rows: RowCounts | None,
    resamples: int,
    seed: int,
) -> Field:
    """Number alerts, cases and links, and draw the resamples."""
    finds = _places(alerts["alert_id"], matches["alert_id"]), _places(cases["case_id"], matches["case_id"])
    linked = intervals.happenings(cases.height, alerts.height, finds)
    groups = [
        (
            kind,
            linked.of_case[(cases["kind"] == kind).to_numpy()],
            linked.of_alert[(alerts["kind"] == kind).to_numpy()],
        )
        for kind in KINDS
    ]
    drawn = intervals.resample(groups, linked.count, resamples, seed)
    if rows is None:
        return Field(alerts, cases, finds, linked, drawn, None, None)
    alert_rows = rows.alerts.join(alerts.select("alert_id", "kind", "family"), on="alert_id")
    case_rows = rows.cases.join(cases.select("case_id", "kind", "family", "severity"), on="case_id")
    return Field(alerts, cases, finds, linked, drawn, case_rows, alert_rows)


def figures(field: Field, by: str | None = None, name: str | None = None) -> Figures:
    """All of `MEASURES` for the cases and alerts whose column `by` is `name`; for all of both without.

    Alerts have no severity: by severity, all figures that count alerts are None.
    """
    cases = _chosen(field.cases, by, name)
    found = field.cases["days"].is_not_null().to_numpy()[cases]
    row: Figures = dict.fromkeys(MEASURES)
    row |= {"cases": len(cases), "found": int(found.sum())}
    if len(cases):
        row["recall"] = float(found.mean())
        _put(row, "recall", intervals.wilson(row["recall"], field.linked.of_case[cases]))
    days = field.cases["days"].to_numpy()[cases][found]
    if len(days):
        row |= {"days_median": float(np.median(days)), "days_p90": float(np.quantile(days, 0.9))}
    if by != "severity":
        row |= _of_alerts(field, cases, _chosen(field.alerts, by, name))
    if field.case_rows is not None and field.alert_rows is not None:
        row |= _of_rows(field.case_rows, field.alert_rows, by, name)
    return row


def macro(field: Field) -> Figures:
    """Recall, precision and average precision as means over the kinds with cases; `kinds` counts them."""
    kinds = [kind for kind in KINDS if kind in set(field.cases["kind"])]
    row: Figures = {"kinds": len(kinds)}
    figured = [figures(field, "kind", kind) for kind in kinds]
    drawn = [
        resampled(field, _chosen(field.cases, "kind", kind), _chosen(field.alerts, "kind", kind))
        for kind in kinds
    ]
    for name in (*SHARES, "average_precision"):
        row[name] = float(np.mean([one[name] for one in figured])) if kinds else None
        means = np.mean([one[name] for one in drawn], axis=0) if kinds else np.zeros(0)
        _put(row, name, intervals.percentiles(means))
    return row


def curves(field: Field) -> Iterator[tuple[str, float, int, int, int, int]]:
    """One row a kind with cases and score: kind, score, alerts, right, found, cases."""
    for kind in KINDS:
        cases, alerts = _chosen(field.cases, "kind", kind), _chosen(field.alerts, "kind", kind)
        if len(cases) and len(alerts):
            ranked = _ranked(field, cases, alerts)
            for row in ranking.curve(ranked, ranking.take(ranked, _once(len(alerts)))):
                yield (kind, *row, len(cases))


def resampled(field: Field, cases: Places, alerts: Places) -> dict[str, NDArray[np.float64]]:
    """Recall, precision and the ranking figures in every resample."""
    ranked = _ranked(field, cases, alerts)
    names = (*SHARES, *RANKED)
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    step = max(1, _CELLS // max(len(alerts), len(cases), 1))
    for first in range(0, len(field.drawn), step):
        drawn = field.drawn[first : first + step]
        weights = drawn[:, field.linked.of_case[cases]]
        taken = ranking.take(ranked, drawn[:, field.linked.of_alert[alerts]])
        for name, figure in _weighed(ranked, taken, weights).items():
            parts[name].append(figure)
    return {name: np.concatenate(parts[name]) for name in names}


def _weighed(
    ranked: ranking.Ranking, taken: ranking.Taken, weights: NDArray[np.integer]
) -> dict[str, NDArray[np.float64]]:
    total = np.maximum(weights.sum(axis=1, dtype=np.int64), 1)
    row = {
        "recall": weights[:, ranked.first >= 0].sum(axis=1, dtype=np.int64) / total,
        "precision": taken.precision[:, -1] if taken.precision.shape[1] else np.zeros(len(weights)),
        "average_precision": ranking.average_precision(ranked, taken, weights),
    }
    return row | {f"precision_at_{k}": ranking.precision_at(k, taken) for k in DEPTHS}


def _of_alerts(field: Field, cases: Places, alerts: Places) -> Figures:
    """Everything that counts alerts."""
    ranked = _ranked(field, cases, alerts)
    row: Figures = {"alerts": len(alerts), "right": int(ranked.right.sum())}
    if not len(alerts) and not len(cases):
        return row
    point = _weighed(ranked, ranking.take(ranked, _once(len(alerts))), _once(len(cases)))
    measured = [name for name in point if name != "recall" and (len(cases) or name != "average_precision")]
    row |= {name: float(point[name][0]) for name in measured}
    _put(row, "precision", intervals.wilson(row["precision"], field.linked.of_alert[alerts]))
    if len(alerts):
        drawn = resampled(field, cases, alerts)
        for name in measured:
            if name in RANKED:
                _put(row, name, intervals.percentiles(drawn[name]))
    return row


def _of_rows(case_rows: pl.DataFrame, alert_rows: pl.DataFrame, by: str | None, name: str | None) -> Figures:
    """Sums and shares of rows; shares of nothing are None."""
    own = case_rows if by is None else case_rows.filter(pl.col(by) == name)
    row: Figures = {"affected_rows": own["affected"].sum(), "named_rows": own["named"].sum()}
    row["row_recall"] = _share(row["named_rows"], row["affected_rows"])
    row["row_recall_shared"] = _share(row["named_rows"], own.filter("shared")["affected"].sum())
    if by != "severity":
        theirs = alert_rows if by is None else alert_rows.filter(pl.col(by) == name)
        row |= {f"{one}_rows": theirs[one].sum() for one in ("evidence", "right", "broad")}
        row["row_precision"] = _share(row["right_rows"], row["evidence_rows"])
    return row


def _ranked(field: Field, cases: Places, alerts: Places) -> ranking.Ranking:
    """The ranking of these alerts against these cases, both by ascending position."""
    alert, case = field.finds
    own = np.isin(alert, alerts) & np.isin(case, cases)
    local = np.searchsorted(alerts, alert[own]), np.searchsorted(cases, case[own])
    scores = field.alerts["score"].cast(pl.Float64).to_numpy()[alerts]
    return ranking.rank(scores, len(cases), local)


def _chosen(frame: pl.DataFrame, by: str | None, name: str | None) -> Places:
    """Positions of the rows of a group."""
    return np.arange(frame.height) if by is None else np.flatnonzero((frame[by] == name).to_numpy())


def _places(ids: pl.Series, wanted: pl.Series) -> Places:
    """Positions of wanted ids in sorted ids."""
    return ids.search_sorted(wanted).cast(pl.Int64).to_numpy() if len(wanted) else np.zeros(0, np.int64)


def _once(count: int) -> NDArray[np.uint8]:
    """Every alert or case once."""
    return np.ones((1, count), np.uint8)


def _put(row: Figures, name: str, interval: intervals.Interval) -> None:
    row[f"{name}_low"], row[f"{name}_high"] = interval


def _share(part: Any, whole: Any) -> float | None:
    return part / whole if whole else None
