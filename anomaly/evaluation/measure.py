"""The evaluation itself: every figure by kind, family and severity, overall and as a mean over kinds.

Belongs here: which groups there are, and what an evaluation hands over. Does not belong here: how a figure is
computed (`figures`, `ranking`, `intervals`, `rows`) or written (`output`, `picture`, `page`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from anomaly.core.kinds import FAMILIES, KINDS
from anomaly.evaluation import intervals
from anomaly.evaluation.figures import MEASURES, Field, Figures, curves, figures, lay_out, macro
from anomaly.evaluation.matching import first_findings, match
from anomaly.evaluation.reading import OPTIONAL_ALERT_COLUMNS, OPTIONAL_LABEL_COLUMNS, unknown_market
from anomaly.evaluation.rows import RowCounts, SourceKey, count_rows

CASE_COLUMNS = ("case_id", "kind", "family", "severity", "description", "found", "first_alert_id", "days")
ROW_SCHEMA = {
    "kind": pl.String(),
    "table": pl.String(),
    **dict.fromkeys(("affected_rows", "named_rows", "evidence_rows", "right_rows", "broad_rows"), pl.Int64()),
}
CURVE_SCHEMA = {
    "kind": pl.String(),
    "score": pl.Float64(),
    **dict.fromkeys(("alerts", "right", "found", "cases"), pl.Int64()),
}
NO_SEVERITY = "not given"
_SEVERITIES = ("faint", "plain", "blatant")


@dataclass(frozen=True)
class Evaluation:
    """What alerts are worth against known cases. `definitions.DEFINITIONS` says what each figure is.

    Attributes:
        by_kind: one row a kind of the contract, in its order, with `family` and all of `figures.MEASURES`.
        by_family: one row a family.
        by_severity: one row a severity that the labels name; whatever counts alerts is null.
        overall: the measures over all cases and alerts.
        macro: means over the kinds with cases, each kind weighing the same; `kinds` says how many.
        matches: one row an alert and case that it finds.
        cases: one row a case: whether, by which alert first and after how many days it was found.
        rows: one row a kind and source table: rows affected, named, of evidence, right and broad.
        curves: one row a kind and score: alerts, right ones and cases found at or above it.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        warnings: what a reader must know before believing the figures.
    """

    by_kind: pl.DataFrame
    by_family: pl.DataFrame
    by_severity: pl.DataFrame
    overall: Figures
    macro: Figures
    matches: pl.DataFrame
    cases: pl.DataFrame
    rows: pl.DataFrame
    curves: pl.DataFrame
    resamples: int
    seed: int
    warnings: list[str]


def evaluate(
    alerts: pl.DataFrame,
    labels: pl.DataFrame,
    tables: Mapping[str, SourceKey] | None = None,
    known: Collection[str] = (),
    resamples: int = intervals.RESAMPLES,
    seed: int = intervals.SEED,
) -> Evaluation:
    """Compare alerts with labels; the order of either does not matter.

    A figure is 0 where there was something to find, or an alert to be right, and nothing came of it. It is
    null where there was neither: recall and average precision without cases, precision with neither cases
    nor alerts, days and rows of evidence where nothing was found.

    Args:
        alerts: one row an alert, as `read_alerts` gives them; `evidence` may be missing.
        labels: one row a case, as `read_labels` gives them; optional columns may be missing.
        tables: keys of the source tables by name; without them no rows are counted.
        known: ids of the published market besides those in alerts, to recognise foreign labels.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: alerts or labels name a kind that the contract does not have, or an id twice.
    """
    alerts = _prepared(alerts, "alert_id", OPTIONAL_ALERT_COLUMNS)
    labels = _prepared(labels, "case_id", OPTIONAL_LABEL_COLUMNS)
    matches = match(alerts, labels)
    cases = labels.join(first_findings(alerts, labels, matches), on="case_id", how="left").sort("case_id")
    cases = cases.with_columns(
        pl.col("severity").fill_null(NO_SEVERITY), pl.col("days").is_not_null().alias("found")
    )
    counted = _counted(alerts, labels, matches, tables)
    field = lay_out(alerts, cases, matches, counted, resamples, seed)
    foreign = unknown_market(labels, alerts, known)
    return Evaluation(
        by_kind=_table(field, "kind", KINDS)
        .with_columns(pl.col("kind").replace_strict(KINDS, return_dtype=pl.String).alias("family"))
        .select("kind", "family", *MEASURES),
        by_family=_table(field, "family", FAMILIES),
        by_severity=_table(field, "severity", _severities(set(cases["severity"]))),
        overall=figures(field),
        macro=macro(field),
        matches=matches,
        cases=cases.select(CASE_COLUMNS),
        rows=_by_table(field),
        curves=pl.DataFrame(list(curves(field)), schema=CURVE_SCHEMA, orient="row"),
        resamples=resamples,
        seed=seed,
        warnings=[*([foreign] if foreign else []), *(counted.warnings if counted else [])],
    )


def _prepared(frame: pl.DataFrame, key: str, optional: Collection[str]) -> pl.DataFrame:
    """Sorted by id, with its family and every optional column."""
    frame = frame.with_columns(pl.col(key).cast(pl.String))
    unknown = sorted(set(frame["kind"]) - set(KINDS))
    if unknown:
        raise ValueError(f"{key}: expected kinds of the contract, found {', '.join(map(str, unknown))}")
    if frame[key].n_unique() != frame.height:
        twice = frame.filter(pl.col(key).is_duplicated())[key].sort()
        raise ValueError(f"expected each {key} once, found {twice[0]} more than once; remove the repetition")
    texts = [
        pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(None, pl.String).alias(name)
        for name in optional
    ]
    family = pl.col("kind").replace_strict(KINDS, return_dtype=pl.String).alias("family")
    return frame.with_columns(*texts, family).sort(key)


def _counted(
    alerts: pl.DataFrame,
    labels: pl.DataFrame,
    matches: pl.DataFrame,
    tables: Mapping[str, SourceKey] | None,
) -> RowCounts | None:
    """Rows, where tables are known and any label lists what it affected."""
    if tables is None or labels["affected"].drop_nulls().is_empty():
        return None
    return count_rows(alerts, labels, matches, tables)


def _table(field: Field, by: str, names: Collection[str]) -> pl.DataFrame:
    """One row a group, in the order of the names."""
    rows = [{by: name} | figures(field, by, name) for name in names]
    return pl.DataFrame(rows, schema={by: pl.String(), **MEASURES}, orient="row")


def _severities(named: set[str]) -> list[str]:
    """The usual ones by weight, then others by name, last those not given."""
    usual = [one for one in _SEVERITIES if one in named]
    return [*usual, *sorted(named - {*usual, NO_SEVERITY}), *({NO_SEVERITY} & named)]


def _by_table(field: Field) -> pl.DataFrame:
    """Row counts summed by kind, in the contract's order, and by source table."""
    if field.case_rows is None or field.alert_rows is None:
        return pl.DataFrame(schema=ROW_SCHEMA)
    place = ["kind", "table"]
    affected = field.case_rows.group_by(place).agg(
        pl.col("affected").sum().alias("affected_rows"), pl.col("named").sum().alias("named_rows")
    )
    evident = field.alert_rows.group_by(place).agg(
        pl.col(one).sum().alias(f"{one}_rows") for one in ("evidence", "right", "broad")
    )
    order = {kind: number for number, kind in enumerate(KINDS)}
    joined = affected.join(evident, on=place, how="left").fill_null(0)
    return joined.select(*ROW_SCHEMA).sort(
        pl.col("kind").replace_strict(order, return_dtype=pl.Int64), "table"
    )
