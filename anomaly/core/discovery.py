"""Finding the detectors: every folder `anomaly/detectors/<family>/<kind>` with a `detector.py` is one.

Belongs here: the walk over the folders and the checks that a folder is complete.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from anomaly.core.detector import Detector
from anomaly.core.kinds import KINDS
from anomaly.core.policy import Policy, checked
from anomaly.core.texts import DETECTORS


@cache
def all_detectors() -> tuple[Detector[Any], ...]:
    """The detectors of all folders, in the order of `KINDS`."""
    found = [_load(file.parent.parent.name, file.parent.name) for file in DETECTORS.glob("*/*/detector.py")]
    return tuple(sorted(found, key=lambda detector: list(KINDS).index(detector.kind)))


def _load(family: str, kind: str) -> Detector[Any]:
    detector = getattr(import_module(f"anomaly.detectors.{family}.{kind}.detector"), "DETECTOR", None)
    if not isinstance(detector, Detector) or detector.kind != kind or KINDS.get(kind) != family:
        raise ValueError(
            f"anomaly/detectors/{family}/{kind}/detector.py: expected DETECTOR of kind {kind!r}, a kind "
            f"of the family {family!r} in anomaly/core/kinds.py; found {detector!r}"
        )
    return detector


def limits_of(detector: Detector[Any], policy: Policy) -> Any:
    """The detector's thresholds, filled from the policy and checked against its class."""
    own = policy.detectors.get(detector.kind)
    file = DETECTORS / KINDS[detector.kind] / detector.kind / "policy.yml"
    if own is None:
        raise ValueError(f"{file}: expected thresholds of {detector.kind}, found no such file")
    return checked(file, detector.thresholds, own.values)
