"""Thresholds of `volatility_regime`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    short_days: int
    history_days: int
    min_history_days: int
    days_per_year: float
    floor: float
    ratio: float
    candidate_ratio: float
    steady_quantile: float
    steady_ratio: float
    min_instruments: int
    gap_days: float
