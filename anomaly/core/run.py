"""One run of all detectors over the marts of a snapshot.

Belongs here: which detectors can run, running them, and the frames that are handed over.
Does not belong here: what any of them looks for, and writing files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from anomaly.core.alerts import Finding, alert_frame, distinct, evidence_frame
from anomaly.core.candidates import findings
from anomaly.core.coverage import coverage
from anomaly.core.detector import Detector, Inputs
from anomaly.core.discovery import all_detectors, limits_of
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import Policy, load_policy

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
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\s\\/'\":,;]+){2,}[\\/]?")


@dataclass(frozen=True)
class Run:
    """How one detector ran.

    Attributes:
        detector: which.
        state: ran, not applicable (no search had its marts) or broken.
        reason: what it lacked, or the error without paths; none where it ran.
        findings: candidates and alerts.
        undated: candidates left out because no due date is published for their year.
        seconds: time taken.
    """

    detector: Detector[Any]
    state: str
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    undated: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Detection:
    """What a run found and how each detector ran.

    Attributes:
        alerts: one row an alert.
        evidence: one row an alert and source row.
        candidates: one row a candidate below its detector's threshold, columns as of alerts.
        runs: one row a detector, `RUN_SCHEMA`.
        coverage: one row a kind, source table and period, `coverage.SCHEMA`.
    """

    alerts: pl.DataFrame
    evidence: pl.DataFrame
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
) -> Detection:
    """Run the detectors (all, or those of the given kinds) over the marts in a directory.

    A detector none of whose searches has its marts is not applicable. One that fails is broken and does not
    stop the others; the caller decides by `is_critical` what that means for the run.
    """
    policy, market = policy or load_policy(), market or Market()
    check_policy(policy, all_detectors())
    wanted = None if kinds is None else set(kinds)
    detectors = [found for found in all_detectors() if wanted is None or found.kind in wanted]
    marts = Marts(marts_dir)
    runs = [_run(detector, marts, policy, market) for detector in detectors]
    found = [(finding, run.detector.version) for run in runs for finding in run.findings]
    alerts, candidates = (
        alert_frame([pair for pair in found if pair[0].is_alert == kept], policy, market.id, snapshot_id)
        for kept in (True, False)
    )
    rows = pl.DataFrame([_row(run, policy) for run in runs], schema=RUN_SCHEMA, orient="row")
    seen = coverage(detectors, marts, market.as_of, market.feeds)
    return Detection(alerts, evidence_frame(alerts), candidates, rows.sort("kind"), seen)


def _run(detector: Detector[Any], marts: Marts, policy: Policy, market: Market) -> Run:
    lacks = {search.name: search.lacks(marts) for search in detector.searches}
    if all(lacks.values()):
        every = sorted({mart for missing in lacks.values() for mart in missing})
        return Run(detector, NOT_APPLICABLE, f"no rows of {', '.join(every)}")
    inputs = Inputs(marts, limits_of(detector, policy), market, policy, detector.needs)
    start = perf_counter()
    try:
        found = [
            finding
            for search in detector.searches
            if not lacks[search.name]
            for finding in findings(detector, search, search.find(inputs), inputs)
        ]
        rows = distinct(found)
        # Titles and rows are made here, so that what is wrong with one finding concerns its detector alone.
        alert_frame([(finding, detector.version) for finding in rows], policy, market.id, "")
    except Exception as error:
        return Run(detector, BROKEN, _without_paths(error), seconds=perf_counter() - start)
    return Run(detector, RAN, None, tuple(rows), inputs.undated, perf_counter() - start)


def _without_paths(error: Exception) -> str:
    """The error's kind and the first line of its message; a published table names no path of a machine."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {_PATH.sub('(path)', first)}"[:500]


def _row(run: Run, policy: Policy) -> dict[str, Any]:
    alerts = sum(finding.is_alert for finding in run.findings)
    return {
        "kind": run.detector.kind,
        "version": run.detector.version,
        "state": run.state,
        "reason": run.reason,
        "is_critical": policy.detectors[run.detector.kind].critical,
        "candidates": len(run.findings),
        "alerts": alerts,
        "undated": run.undated,
        "seconds": round(run.seconds, 2),
    }
