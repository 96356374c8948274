"""One run of all detectors over the marts of a snapshot.

Belongs here: which detectors can run, running them, and the frames that are handed over.
Does not belong here: what any of them looks for, and writing files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from anomaly.core.alerts import Finding, alert_frame, distinct, evidence_frame
from anomaly.core.candidates import findings
from anomaly.core.detector import Detector, Inputs
from anomaly.core.discovery import all_detectors, limits_of
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import Policy, load_policy


@dataclass(frozen=True)
class Skipped:
    """A detector that could not run, and what it lacks."""

    detector: str
    lacks: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For a log: what is missing or empty."""
        return f"{self.detector}: skipped, the marts have no rows of {', '.join(self.lacks)}"


@dataclass(frozen=True)
class Detection:
    """What a run found."""

    alerts: pl.DataFrame
    evidence: pl.DataFrame
    skipped: list[Skipped]


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

    A detector none of whose searches has its marts is skipped by name; any other failure is an error.
    """
    policy, market = policy or load_policy(), market or Market()
    detectors = all_detectors()
    check_policy(policy, detectors)
    wanted = None if kinds is None else set(kinds)
    marts = Marts(marts_dir)
    skipped, versioned = [], []
    for detector in detectors:
        if wanted is not None and detector.kind not in wanted:
            continue
        lacks = {search.name: search.lacks(marts) for search in detector.searches}
        if all(lacks.values()):
            every = sorted({mart for missing in lacks.values() for mart in missing})
            skipped.append(Skipped(detector.kind, tuple(every)))
            continue
        found = distinct(_found(detector, marts, policy, market))
        versioned += [(finding, detector.version) for finding in found if finding.is_alert]
    alerts = alert_frame(versioned, policy, market.id, snapshot_id)
    return Detection(alerts, evidence_frame(alerts), skipped)


def _found(detector: Detector[Any], marts: Marts, policy: Policy, market: Market) -> list[Finding]:
    inputs = Inputs(marts, limits_of(detector, policy), market, policy, detector.needs)
    return [
        finding
        for search in detector.searches
        if not search.lacks(marts)
        for finding in findings(detector, search, search.find(inputs), inputs)
    ]
