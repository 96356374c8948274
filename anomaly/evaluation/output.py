"""An evaluation as one JSON document that holds everything.

Belongs here: the document's form. Does not belong here: printing it.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.evaluation.definitions import DEFINITIONS
from anomaly.evaluation.intervals import CONFIDENCE
from anomaly.evaluation.measure import Evaluation


def as_document(result: Evaluation) -> dict[str, Any]:
    """The evaluation as plain values: figures by group, cases, matches, rows, curves and what they mean."""
    return {
        "definitions": DEFINITIONS,
        "intervals": {"confidence": CONFIDENCE, "resamples": result.resamples, "seed": result.seed},
        "warnings": result.warnings,
        "overall": result.overall,
        "macro": result.macro,
        "by_kind": result.by_kind.to_dicts(),
        "by_family": result.by_family.to_dicts(),
        "by_severity": result.by_severity.to_dicts(),
        "rows": result.rows.to_dicts(),
        "curves": result.curves.to_dicts(),
        "cases": result.cases.to_dicts(),
        "matches": result.matches.to_dicts(),
        "kinds_without_cases": kinds_without(result, "cases"),
        "kinds_without_alerts": kinds_without(result, "alerts"),
    }


def kinds_without(result: Evaluation, what: str) -> list[str]:
    """Kinds of the contract, in its order, that have no `cases` or no `alerts`."""
    return result.by_kind.filter(pl.col(what) == 0)["kind"].to_list()
