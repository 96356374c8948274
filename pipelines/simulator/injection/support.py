"""What can be planted in which source, derived from the plan that a kind writes and the tables there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from pipelines.simulator.cases import falsification, manipulation
from pipelines.simulator.injection.copy import SourceCopy
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.plan import Plan

# Given prices cannot answer anymore to what would have moved them.
NEEDS_EXCHANGE = "prices and others' orders would have to answer to it, and given ones cannot"
NEEDS_TRUTH = "the case changes true values, and the source has only stated ones"
_WHOLE_MARKET = (
    "bid_rigging",
    "compliance_squeeze",
    "liquidity_drought",
    "marking_the_close",
    "price_corridor",
    "price_limit_hits",
    "ramping",
    "volatility_regime",
)
# Holdings make these cases, so that the record of holdings must be whole.
_OF_HOLDINGS = ("carry_over_exceeded", "concentration", "cornering", "position_limit")
_FAMILY_NEEDS = (
    (manipulation.KINDS, ("trades", "transfers")),
    (falsification.KINDS, ("units", "offset_projects")),
)
# Without this table the case would not show, even where its plan could be carried out in another one.
_KIND_NEEDS = {
    "insider_timing": "trades",
    "layering": "orders",
    "matched_orders": "orders",
    "off_market_block": "trades",
    "offset_overclaim": "offset_issuances",
    "spoofing": "orders",
}
# What shapes routine or truth and cannot or need not be carried out on given rows.
_IDLE = ("quiet", "withheld", "load_courses", "tags", "standstill")

# Fields of the plan, and the tables of which one must have rows (alternatives) for each.
_NEEDS: dict[str, tuple[str, ...]] = {
    "deals": ("trades", "transfers"),
    "orders": ("orders", "trades", "transfers"),
    "campaigns": ("trades",),
    "movements": ("transfers",),
    "opening": ("transfers",),
    "faults": ("trades",),
    "penalties": ("penalties",),
    "surrender_share": ("compliance",),
    "surrendered_late": ("compliance",),
    "offset_share": ("compliance",),
    "allocation_factor": ("allocations",),
    "adjustments": ("allocations",),
    "carry_over_factor": ("transfers",),
    "unlisted": ("entities",),
    "fuel": ("activity_reports", "unit_years"),
    "carbon": ("activity_reports", "unit_years"),
    "emission": ("activity_reports", "unit_years"),
    "output": ("activity_reports", "unit_years"),
    "heat": ("activity_reports",),
    "hours": ("unit_years",),
    "product": ("activity_reports",),
    "meter_fuel": ("meters_daily",),
    "meter_output": ("meters_daily",),
    "meter_product": ("meters_daily",),
    "monitor": ("cems_hourly",),
    "default_carbon": ("activity_reports",),
    "lab_dates": ("lab_tests",),
    "lab_figures": ("lab_tests",),
    "copied_months": ("activity_reports",),
    "invented_digits": ("activity_reports", "meters_daily", "cems_hourly"),
    "monitor_edits": ("cems_hourly",),
    "downtimes": ("cems_hourly",),
    "meter_edits": ("meters_daily",),
    "hours_targets": ("unit_years",),
    "emission_targets": ("emission_reports",),
    "month_filed_after": ("activity_reports",),
    "month_missing": ("activity_reports",),
    "year_filed_on": ("emission_reports",),
    "year_missing": ("emission_reports", "compliance"),
    "yearly_emissions": ("emission_reports",),
    "yield_factor": ("offset_issuances",),
    "extra": ("offset_issuances",),
    "doubles": ("offset_projects",),
    "early_days": ("offset_issuances",),
}


def check_kind(kind: str, copy: SourceCopy, is_whole: bool) -> None:
    """Refuse kinds that no given rows can show; `is_whole`: holdings follow from the transfers.

    Raises:
        UnplantableError: it cannot be planted.
    """
    if kind in _WHOLE_MARKET:
        raise UnplantableError(NEEDS_EXCHANGE)
    for family, tables in _FAMILY_NEEDS:
        if kind in {one.name for one in family} and not any(copy.has(table) for table in tables):
            raise UnplantableError(f"needs rows in {' or '.join(tables)}")
    if kind in _KIND_NEEDS and not copy.has(_KIND_NEEDS[kind]):
        raise UnplantableError(f"needs rows in {_KIND_NEEDS[kind]}")
    if kind in _OF_HOLDINGS and not is_whole:
        raise UnplantableError("holdings do not follow from the transfers of this source")


def check_plan(plan: Plan, copy: SourceCopy) -> None:
    """Refuse a plan of which a part cannot be carried out on the source's tables.

    Raises:
        UnplantableError: it cannot be planted.
    """
    for name in used(plan):
        if name in _IDLE:
            continue
        if name not in _NEEDS:
            why = NEEDS_EXCHANGE if hasattr(plan.trading, name) else NEEDS_TRUTH
            raise UnplantableError(f"{name.replace('_', ' ')}: {why}")
        if not any(copy.has(table) for table in _NEEDS[name]):
            raise UnplantableError(f"needs rows in {' or '.join(_NEEDS[name])}")


def used(plan: Plan) -> Iterator[str]:
    """Names of the plan's fields that say anything."""
    for part in (plan.trading, plan.emitters, plan.registry, plan.projects):
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, np.ndarray):
                is_used = bool(value.any()) if value.dtype == bool else bool((value != 1).any())
            else:
                is_used = bool(value)
            if is_used:
                yield field.name
