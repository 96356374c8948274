"""Thresholds of `wash_trade`; values and reasons in policy.yml."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    max_gap_days: float
    base_same_account: float
    base_same_party: float
    base_block: float
    min_returned: float
    trades: float
    max_p: float
    least_meetings: float
    max_seeds: int
    max_accounts: int
    max_days: float
    margin: float
    closed_trades: int
    closed_cap: float
    surprise: float
    min_internal: float
    min_score: float
