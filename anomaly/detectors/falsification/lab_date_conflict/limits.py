"""Thresholds of `lab_date_conflict`, as its policy.yml lists them."""

from __future__ import annotations

from anomaly.core.detector import Thresholds


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    samples: float
    gap_days: float
    bulk_months: float
    alike_carbon: float
    alike_score: float
    overfull: float
    least_busy: float
    lab_days: float
    report_days: float
    late_samples: float
    late_cap: float
