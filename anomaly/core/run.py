"""One run of all detectors over the marts of a snapshot.

Belongs here: which detectors can run, running them, and the frames that are handed over.
Does not belong here: what any of them looks for, and writing files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from anomaly.core.alerts import (
    ALERT_SCHEMA,
    FINDING_SCHEMA,
    Finding,
    alert_frame,
    distinct,
    evidence_frame,
    in_order,
)
from anomaly.core.assessment import ASSESSMENT_SCHEMA, assess
from anomaly.core.candidates import findings
from anomaly.core.coverage import coverage
from anomaly.core.detector import Detector, Inputs
from anomaly.core.discovery import all_detectors, limits_of
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.parts import Parts
from anomaly.core.policy import Policy, load_policy
from anomaly.core.reasons import NO_ROWS_OF
from anomaly.core.reuse import Earlier, Kept, ReadMarts

RAN, NOT_APPLICABLE, BROKEN = "ran", "not_applicable", "broken"
RUN_SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "version": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "is_critical": pl.Boolean,
    "candidates": pl.Int64,
    "alerts": pl.Int64,
    "undated": pl.Int64,
    "seconds": pl.Float64,
}
ROW_SCHEMA: dict[str, Any] = {**FINDING_SCHEMA, "is_alert": pl.Boolean}
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\s\\/'\":,;]+){2,}[\\/]?")


@dataclass(frozen=True)
class Run:
    """How one detector ran.

    Attributes:
        detector: which.
        state: ran, not applicable (no search had its marts) or broken.
        reason: what it lacked, or the error without paths; none where it ran.
        rows: candidates and alerts: `FINDING_SCHEMA` without a snapshot, and `is_alert`.
        undated: candidates left out because no due date is published for their year.
        seconds: time taken.
    """

    detector: Detector[Any]
    state: str
    reason: str | None = None
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ROW_SCHEMA))
    undated: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Detection:
    """What a run found and how each detector ran.

    Attributes:
        alerts: one row an alert.
        evidence: one row an alert and source row.
        assessments: one row an alert, `ASSESSMENT_SCHEMA`: what its level rests on, and what else is known.
        candidates: one row a candidate below its detector's threshold, columns as of alerts.
        runs: one row a detector, `RUN_SCHEMA`.
        coverage: one row a kind, source table and period, `coverage.SCHEMA`.
    """

    alerts: pl.DataFrame
    evidence: pl.DataFrame
    assessments: pl.DataFrame
    candidates: pl.DataFrame
    runs: pl.DataFrame
    coverage: pl.DataFrame


def check_policy(policy: Policy, detectors: Iterable[Detector[Any]]) -> None:
    """Refuse a policy that names a detector we do not have, or lacks or misspells a threshold."""
    detectors = list(detectors)
    known, named = {detector.kind for detector in detectors}, set(policy.detectors)
    if named - known:
        raise ValueError(
            f"policy.yml of {', '.join(sorted(named - known))}: expected a detector.py beside it, found none"
        )
    for detector in detectors:
        limits_of(detector, policy)


def detect(
    marts_dir: Path,
    policy: Policy | None = None,
    market: Market | None = None,
    snapshot_id: str = "",
    kinds: Iterable[str] | None = None,
    earlier: Earlier | None = None,
) -> Detection:
    """Run the detectors (all, or those of the given kinds) over the marts in a directory.

    A detector none of whose searches has its marts is not applicable. One that fails is broken and does not
    stop the others; the caller decides by `is_critical` what that means for the run. Findings in `earlier`
    that still hold are taken from there, and the new ones are kept in it.
    """
    policy, market = policy or load_policy(), market or Market()
    check_policy(policy, all_detectors())
    wanted = None if kinds is None else set(kinds)
    detectors = [found for found in all_detectors() if wanted is None or found.kind in wanted]
    runs = [_run(detector, marts_dir, policy, market, earlier) for detector in detectors]
    found = pl.concat([run.rows for run in runs] or [pl.DataFrame(schema=ROW_SCHEMA)])
    found = in_order(found.with_columns(snapshot_id=pl.lit(snapshot_id)))
    assessed = assess(found, Marts(marts_dir), policy, market)
    alerts, candidates = (
        assessed.filter(kept).select(ALERT_SCHEMA.keys())
        for kept in (pl.col("is_alert"), ~pl.col("is_alert"))
    )
    assessments = assessed.filter("is_alert").select(ASSESSMENT_SCHEMA.keys()).sort("alert_id")
    rows = pl.DataFrame([_row(run, policy) for run in runs], schema=RUN_SCHEMA, orient="row")
    seen = coverage(detectors, Marts(marts_dir), market.as_of, market.feeds)
    return Detection(alerts, evidence_frame(alerts), assessments, candidates, rows.sort("kind"), seen)


def _run(
    detector: Detector[Any], marts_dir: Path, policy: Policy, market: Market, earlier: Earlier | None
) -> Run:
    marts, start = ReadMarts(marts_dir), perf_counter()
    kept = earlier.recall(detector.kind, marts, market.as_of) if earlier else None
    if kept is not None:
        return Run(detector, RAN, None, kept.rows, kept.undated, perf_counter() - start)
    lacks = {search.name: search.lacks(marts) for search in detector.searches}
    if all(lacks.values()):
        every = sorted({mart for missing in lacks.values() for mart in missing})
        return Run(detector, NOT_APPLICABLE, NO_ROWS_OF + ", ".join(every))
    parts = earlier.parts(detector.kind) if earlier else Parts()
    inputs = Inputs(marts, limits_of(detector, policy), market, policy, detector.needs, parts)
    try:
        found = [
            finding
            for search in detector.searches
            if not lacks[search.name]
            for finding in findings(detector, search, search.find(inputs), inputs)
        ]
        # Titles and rows are made here, so that what is wrong with one finding concerns its detector alone.
        rows = _rows(distinct(found), detector, policy, market)
    except Exception as error:
        return Run(detector, BROKEN, _without_paths(error), seconds=perf_counter() - start)
    if earlier:
        as_of = market.as_of if inputs.is_dated else None
        earlier.keep(detector.kind, Kept(rows, inputs.undated), marts, as_of, parts)
    return Run(detector, RAN, None, rows, inputs.undated, perf_counter() - start)


def _rows(found: list[Finding], detector: Detector[Any], policy: Policy, market: Market) -> pl.DataFrame:
    frames = [
        alert_frame(
            [(finding, detector.version) for finding in found if finding.is_alert == kept],
            policy,
            market.id,
            snapshot_id="",
        ).with_columns(is_alert=pl.lit(kept))
        for kept in (True, False)
    ]
    return pl.concat(frames)


def _without_paths(error: Exception) -> str:
    """The error's kind and the first line of its message; a published table names no path of a machine."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {_PATH.sub('(path)', first)}"[:500]


def _row(run: Run, policy: Policy) -> dict[str, Any]:
    return {
        "kind": run.detector.kind,
        "version": run.detector.version,
        "state": run.state,
        "reason": run.reason,
        "is_critical": policy.detectors[run.detector.kind].critical,
        "candidates": run.rows.height,
        "alerts": int(run.rows["is_alert"].sum()),
        "undated": run.undated,
        "seconds": round(run.seconds, 2),
    }
