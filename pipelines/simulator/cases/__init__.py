"""Known cases: what somebody does wrong, one module a kind, each in graded severity.

Belongs here: a function `arrange(stage, rng)` per kind that writes departures into the plan and opens
its cases, registered in `KINDS`. A case changes the world, never a published row, so its traces are
settled, counted and consistent like anything else.
Does not belong here: lawful oddities (`lookalikes`), and any knowledge of how cases are found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.simulator.cases import (
    circular_trade,
    lab_date_conflict,
    late_report,
    mass_balance_gap,
    missing_report,
    off_market_block,
    pass_through,
    price_limit_hits,
    surrender_shortfall,
    wash_trade,
)
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.seeds import Streams

KINDS: dict[str, Callable[[Stage, np.random.Generator], None]] = {
    "wash_trade": wash_trade.arrange,
    "circular_trade": circular_trade.arrange,
    "pass_through": pass_through.arrange,
    "off_market_block": off_market_block.arrange,
    "mass_balance_gap": mass_balance_gap.arrange,
    "lab_date_conflict": lab_date_conflict.arrange,
    "late_report": late_report.arrange,
    "missing_report": missing_report.arrange,
    "surrender_shortfall": surrender_shortfall.arrange,
    "price_limit_hits": price_limit_hits.arrange,
}


def arrange_all(stage: Stage, streams: Streams) -> None:
    """Set every kind of case on the stage."""
    for kind, arrange in KINDS.items():
        arrange(stage, streams.of("cases", kind))
