"""Thresholds of `pass_through`, as its policy.yml lists them."""

from __future__ import annotations

from pydantic import Field

from anomaly.core.detector import Thresholds

PAUSES = "fct_account_pauses"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    min_quantity: float
    max_hours: float
    min_ratio: float
    young_days: float
    # The mart holds no shorter pause.
    dormant_days: float = Field(ge=30)
    min_relays: float
    relays: float
    relays_cap: float
    haste: float
    haste_cap: float
