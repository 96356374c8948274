"""Kinds of the family compliance, one module each."""

from __future__ import annotations

from pipelines.simulator.cases.compliance import (
    allocation_error,
    carry_over_exceeded,
    late_report,
    ledger_break,
    missing_report,
    offset_cap_exceeded,
    position_limit,
    surrender_shortfall,
    unlisted_emitter,
)
from pipelines.simulator.cases.kinds import Kind

KINDS: tuple[Kind, ...] = (
    allocation_error.KIND,
    carry_over_exceeded.KIND,
    late_report.KIND,
    ledger_break.KIND,
    missing_report.KIND,
    offset_cap_exceeded.KIND,
    position_limit.KIND,
    surrender_shortfall.KIND,
    unlisted_emitter.KIND,
)
