"""Thresholds of `surrender_shortfall`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    share_weight: float
    shortfall_share: float
    tonnes_weight: float
    tonnes_full: float
    overdue_weight: float
    overdue_days: float
    made_good_factor: float
