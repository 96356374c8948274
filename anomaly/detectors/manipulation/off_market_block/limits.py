"""Thresholds of `off_market_block`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    history_blocks: int
    min_blocks: int
    usual_discount: float
    scale_floor: float
    away: float
    candidate_away: float
    scales: float
    cap: float
    same_party: float
