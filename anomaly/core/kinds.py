"""The kinds of findings and the families they belong to, those without a detector included.

They are the contract's. A kind is added by one line in `FAMILIES` and a module of simulated cases
(`pipelines.simulator.cases`), as each kind is measured. Its detector is a folder (`anomaly.detectors`); as
long as it has none its name stands in `messages/kinds.yml`.
"""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {
    "manipulation": (
        "wash_trade",
        "circular_trade",
        "matched_orders",
        "spoofing",
        "layering",
        "marking_the_close",
        "ramping",
        "off_market_block",
        "cornering",
        "pass_through",
        "insider_timing",
        "bid_rigging",
    ),
    "falsification": (
        "mass_balance_gap",
        "cems_gap",
        "repeated_values",
        "digit_anomaly",
        "flat_series",
        "lab_date_conflict",
        "lab_ratio_conflict",
        "template_report",
        "selective_default",
        "threshold_bunching",
        "convenient_downtime",
        "output_mismatch",
        "offset_overclaim",
    ),
    "compliance": (
        "late_report",
        "missing_report",
        "surrender_shortfall",
        "offset_cap_exceeded",
        "carry_over_exceeded",
        "unlisted_emitter",
        "allocation_error",
        "position_limit",
        "ledger_break",
    ),
    "market_risk": (
        "price_limit_hits",
        "volatility_regime",
        "liquidity_drought",
        "concentration",
        "price_corridor",
        "compliance_squeeze",
    ),
}
KINDS: dict[str, str] = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}
LEVELS = ("blue", "yellow", "orange", "red")
SUBJECT_TYPES = ("account", "entity", "unit", "service_body", "project", "instrument", "market")
