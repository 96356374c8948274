"""Thresholds of `output_mismatch`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds

KIND = "output_mismatch"
GJ_PER_MWH = 3.6


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    meter_tolerance: float
    min_months: int
    usual_quantile: float
    min_history: int
    min_load: float
    least_scatter: float
    min_drop: float
    min_distance: float
    overhaul_gain: float
    fuel_uncertainty: float
    coal_efficiency: float
    total_efficiency: float
    bound_margin: float
    repeat_months: float
    repeat_cap: float
    peer_score: float
    peer_cap: float
    min_hours: float
    coal_co2_per_gj: float
    mixed_co2_per_gj: float
    second_proof: float
