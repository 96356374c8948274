"""Thresholds of `mass_balance_gap`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    fuel_gap: float
    meter_gap: float
    cems_gap: float
    lab_gap: float
    fuel_spread: float
    fuel_bias: float
    meter_spread: float
    meter_bias: float
    lab_spread: float
    lab_bias: float
    cems_spread: float
    sum_slack: float
    sum_limit: float
    candidate_share: float
    cems_valid_share: float
    min_months: float
    cems_bias: float
    scales: float
    reference_cap: float
    repeat_months: float
    repeat_cap: float
