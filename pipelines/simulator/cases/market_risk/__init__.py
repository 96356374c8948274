"""Kinds of the family market_risk, one module each; `episode` is what market-wide ones share."""

from __future__ import annotations

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_risk import (
    compliance_squeeze,
    concentration,
    liquidity_drought,
    price_corridor,
    price_limit_hits,
    volatility_regime,
)

KINDS: tuple[Kind, ...] = (
    compliance_squeeze.KIND,
    concentration.KIND,
    liquidity_drought.KIND,
    price_corridor.KIND,
    price_limit_hits.KIND,
    volatility_regime.KIND,
)
