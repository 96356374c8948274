"""The detectors, one file a kind.

Belongs here: `find(context) -> findings` for a kind, and its place in `DETECTORS`. A detector reads marts and
policy, holds no number of its own and writes nothing. To add one: a file, an entry in `DETECTORS`, its
thresholds in `policy.yml`, its titles in `catalogue/messages/alerts.yml`, a test with a planted case
and a clean set.
Does not belong here: fitting (`models`), text, thresholds.
"""

from __future__ import annotations

from anomaly.detectors import (
    circular_trade,
    lab_date_conflict,
    late_report,
    ledger_break,
    liquidity_drought,
    mass_balance_gap,
    missing_report,
    off_market_block,
    output_mismatch,
    pass_through,
    price_limit_hits,
    surrender_shortfall,
    volatility_regime,
    wash_trade,
)
from anomaly.detectors.base import Context, Detector

DETECTORS: tuple[Detector, ...] = (
    wash_trade.DETECTOR,
    circular_trade.DETECTOR,
    off_market_block.DETECTOR,
    pass_through.DETECTOR,
    mass_balance_gap.DETECTOR,
    lab_date_conflict.DETECTOR,
    output_mismatch.DETECTOR,
    late_report.DETECTOR,
    missing_report.DETECTOR,
    surrender_shortfall.DETECTOR,
    ledger_break.DETECTOR,
    price_limit_hits.DETECTOR,
    volatility_regime.DETECTOR,
    liquidity_drought.DETECTOR,
)

__all__ = ["DETECTORS", "Context", "Detector"]
