"""Kinds of the family manipulation, one module each; `bait` is what spoofing and layering share."""

from __future__ import annotations

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.manipulation import (
    bid_rigging,
    circular_trade,
    cornering,
    insider_timing,
    layering,
    marking_the_close,
    matched_orders,
    off_market_block,
    pass_through,
    ramping,
    spoofing,
    wash_trade,
)

KINDS: tuple[Kind, ...] = (
    bid_rigging.KIND,
    circular_trade.KIND,
    cornering.KIND,
    insider_timing.KIND,
    layering.KIND,
    marking_the_close.KIND,
    matched_orders.KIND,
    off_market_block.KIND,
    pass_through.KIND,
    ramping.KIND,
    spoofing.KIND,
    wash_trade.KIND,
)
