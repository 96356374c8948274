"""The known cases and the look-alikes as tables, with the rows that each case affected."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from pipelines.simulator.calendar import MICROSECONDS
from pipelines.simulator.cases.planner import Case, CasePlanner
from pipelines.simulator.frames import timestamps
from pipelines.simulator.sink import Sink, labels_path, lookalikes_path

_MARKS = {"case_id": "C", "lookalike_id": "A"}


def write_labels(planner: CasePlanner, sink: Sink, out: Path) -> tuple[pl.DataFrame, list[str]]:
    """Write the labels and the look-alikes beside `out`; returns the labels and what never happened.

    A case that left no row (its actors held nothing, say) is no case: it is named instead.
    """
    known, unrealised = [], []
    for case in planner.cases:
        affected = {**case.affected, **sink.affected.get(case.tag, {})}
        moments = sink.moments.get(case.tag)
        if case.window is None and moments is not None:
            case.window = moments[0], moments[1] + MICROSECONDS
        if case.window is None or not any(affected.values()):
            unrealised.append(f"{case.kind} ({case.severity}): {case.text}")
            continue
        case.affected = affected
        known.append(case)
    labels = label_table("case_id", known)
    labels.write_parquet(labels_path(out))
    seen = [case for case in planner.lookalikes if case.window is not None]
    label_table("lookalike_id", seen).write_parquet(lookalikes_path(out))
    return labels, unrealised


def label_table(key: str, cases: list[Case]) -> pl.DataFrame:
    """One row a case. `affected` is JSON: table name to the keys of its rows."""
    numbers = [f"{_MARKS[key]}-{number:04d}" for number in range(1, len(cases) + 1)]
    affected = [json.dumps(case.affected, sort_keys=True) for case in cases]
    windows = [case.window or (0, 0) for case in cases]
    return pl.DataFrame(
        {
            key: pl.Series(numbers, dtype=pl.String),
            "kind": pl.Series([case.kind for case in cases], dtype=pl.String),
            "subject_ids": pl.Series([case.subject_ids for case in cases], dtype=pl.List(pl.String)),
            "window_start": timestamps([window[0] for window in windows]),
            "window_end": timestamps([window[1] for window in windows]),
            "severity": pl.Series([case.severity for case in cases], dtype=pl.String),
            "description": pl.Series([case.text for case in cases], dtype=pl.String),
            "affected": pl.Series(affected, dtype=pl.String),
        }
    )
