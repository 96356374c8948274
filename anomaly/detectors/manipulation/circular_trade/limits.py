"""Thresholds of `circular_trade`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    max_days: float
    leg_hours: float
    min_quantity: float
    min_dominance: float
    candidate_dominance: float
    min_accounts: int
    max_accounts: int
    min_retained: float
    max_gap_days: float
    closeness: float
    closeness_cap: float
    repeats: float
