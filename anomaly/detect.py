"""One run of all detectors over the marts of a snapshot.

Belongs here: which detectors can run, running them, and the frames that are handed over.
Does not belong here: what any of them looks for, and writing files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from anomaly.detectors import DETECTORS, Context, Detector
from anomaly.findings import alert_frame, distinct, evidence_frame
from anomaly.market import Market
from anomaly.marts import Marts
from anomaly.policy import Policy, load_policy


@dataclass(frozen=True)
class Skipped:
    """A detector that could not run, and what it lacks."""

    detector: str
    lacks: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For a log: what is missing or empty."""
        needs = ", ".join(lack.replace("|", " or ") for lack in self.lacks)
        return f"{self.detector}: skipped, the marts have no rows of {needs}"


@dataclass(frozen=True)
class Detection:
    """What a run found."""

    alerts: pl.DataFrame
    evidence: pl.DataFrame
    skipped: list[Skipped]


def check_policy(policy: Policy, detectors: Iterable[Detector]) -> None:
    """Refuse a policy that names a detector we do not have, or lacks one that we have."""
    known, named = {detector.kind for detector in detectors}, set(policy.detectors)
    if known != named:
        raise ValueError(
            f"policy.yml, detectors: expected {', '.join(sorted(known))}; "
            f"without thresholds: {', '.join(sorted(known - named)) or 'none'}; "
            f"not known: {', '.join(sorted(named - known)) or 'none'}"
        )


def detect(
    marts_dir: Path,
    policy: Policy | None = None,
    market: Market | None = None,
    snapshot_id: str = "",
    kinds: Iterable[str] | None = None,
) -> Detection:
    """Run the detectors (all, or those of the given kinds) over the marts in a directory.

    A detector whose marts are missing or empty is skipped by name; any other failure is an error.
    """
    policy, market = policy or load_policy(), market or Market()
    check_policy(policy, DETECTORS)
    wanted = None if kinds is None else set(kinds)
    context = Context(Marts(marts_dir), policy, market)
    skipped, versioned = [], []
    for detector in DETECTORS:
        if wanted is not None and detector.kind not in wanted:
            continue
        lacks = detector.lacks(context.marts)
        if lacks:
            skipped.append(Skipped(detector.kind, tuple(lacks)))
            continue
        versioned += [(finding, detector.version) for finding in distinct(detector.find(context))]
    alerts = alert_frame(versioned, policy, market.id, snapshot_id)
    return Detection(alerts, evidence_frame(alerts), skipped)
