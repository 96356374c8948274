"""Thresholds of `missing_report`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    tonnes_weight: float
    tonnes_full: float
    following_factor: float
    base_score_month: float
    missing_months: float
    blank_share: float
    stated_share: float
