"""Figures of law that the simulated market obeys, read from the project's seeds of rules.

Belongs here: one function a figure, for the market that is simulated. Does not belong here: numbers that the
simulation chooses itself; they stand in the calibration modules.

A draft holds where nothing else does: the benchmarks of 2025 are known from a draft only. Figures without a
date are those of the first simulated day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from pipelines.core.rules import Rule, RuleError, Rules

MARKET = "cn"
INDUSTRY = ("cement", "steel", "aluminium")
_FIRST_DAY = date(2024, 1, 1)


@cache
def _rules() -> Rules:
    return Rules.load()


def _of_year(table: str, year: int, **keys: str) -> Rule:
    general = ("sector",) if "sector" in keys else ()
    return _rules().in_force(
        table, date(year, 1, 1), {"market": MARKET, **keys}, drafts=True, general=general
    )


@cache
def due_on(duty: str, year: int, sector: str = "all") -> date:
    """The day on which a duty of a report year falls due."""
    rule = _of_year("rule_compliance_calendar", year, duty=duty, sector=sector)
    return date.fromisoformat(f"{year + int(rule.number('years_after'))}-{rule.values['month_day']}")


@cache
def industry_since() -> int:
    """First compliance year of cement, steel and aluminium."""
    rows = _rules().spans("rule_allocation_parameters", market=MARKET, sector="steel")
    return min(rule.valid_from.year for rule in rows)


@cache
def verification_due(year: int, sector: str) -> date:
    """The day by which the verification of a report year is done.

    The years before the first rule on file take that rule's day.
    """
    of_sector = sector if sector in INDUSTRY else "power"
    rows = _rules().spans("rule_compliance_calendar", market=MARKET, duty="verification", sector=of_sector)
    since = rows[0].valid_from.year
    due = due_on("verification", max(year, since), of_sector)
    return due.replace(year=due.year - max(since - year, 0))


@cache
def benchmarks(product: str, year: int) -> dict[str, float]:
    """Allowances a unit of electricity (t/MWh) or heat (t/GJ), by unit class."""
    rows = _rules().held("rule_benchmarks", date(year, 1, 1), drafts=True)
    wanted = {"market": MARKET, "product": product}
    return {
        rule.keys["unit_class"]: rule.number() for rule in rows if wanted.items() <= dict(rule.keys).items()
    }


@cache
def allocation(parameter: str, year: int, sector: str = "power") -> float:
    """A number in the allocation formulas of a sector and year."""
    return _of_year("rule_allocation_parameters", year, parameter=parameter, sector=sector).number()


@cache
def offset_cap(year: int) -> float:
    """Share of the obligation that credits may cover."""
    return _of_year("rule_offset_cap", year).number()


@cache
def carry_over(vintage: int) -> tuple[int, float]:
    """What may be carried over into a vintage: a base in t, and a multiple of net sales."""
    rows = _rules().spans("rule_carry_over", market=MARKET, into_vintage=str(vintage))
    return int(rows[-1].number("base_tco2e")), rows[-1].number("net_sale_multiple")


@cache
def holding_limit() -> int:
    """Most that an account without an obligation may hold, and others beyond their allocation, t."""
    keys = {"market": MARKET, "holder": "other", "measure": "limit"}
    return int(_rules().in_force("rule_holding_limits", _FIRST_DAY, keys).number())


@cache
def filing_days() -> int:
    """Days after a month's end within which the month is to be filed."""
    keys = {"market": MARKET, "duty": "monthly_filing", "sector": "all"}
    rule = _rules().in_force("rule_compliance_calendar", _FIRST_DAY, keys)
    return int(rule.number("days_after_month_end"))


@cache
def listing_threshold() -> float:
    """Emissions of a year from which an emitter is listed, t."""
    keys = {"market": MARKET, "sector": "all", "parameter": "entry_threshold"}
    return _rules().in_force("rule_allocation_parameters", _FIRST_DAY, keys).number()


@cache
def default_carbon(unit_class: str) -> float:
    """Carbon per heat of coal that a power unit did not analyse, tC/GJ."""
    keys = {"market": MARKET, "sector": "power", "unit_class": unit_class, "fuel": "coal"}
    keys["parameter"] = "carbon_per_heat"
    rules = _rules()
    return rules.in_force("rule_emission_defaults", _FIRST_DAY, keys, general=("unit_class",)).number()


@dataclass(frozen=True)
class Fine:
    """The range of a company's fine, CNY, and its multiples where it goes by a gain or a shortfall's value.

    Attributes:
        least: lowest flat fine; None where the fine is a multiple only.
        most: highest flat fine.
        gain: gain from which the fine is a multiple of it.
        multiples: lowest and highest multiple.
    """

    least: int | None
    most: int | None
    gain: int | None
    multiples: tuple[float, float] | None


@cache
def fine(violation: str, acted_on: date) -> Fine | None:
    """What the rule that held on the day of the act says; None where nothing was fined."""
    keys = {"market": MARKET, "violation": violation, "step": "1", "subject": "entity"}
    try:
        rule = _rules().in_force("rule_penalties", acted_on, keys)
    except RuleError:
        return None

    def number(name: str) -> float | None:
        return rule.number(name) if rule.values[name] is not None else None

    least, most, gain = (number(name) for name in ("flat_min_cny", "flat_max_cny", "gain_below_cny"))
    low, high = number("multiple_min"), number("multiple_max")
    return Fine(
        None if least is None else int(least),
        None if most is None else int(most),
        None if gain is None else int(gain),
        None if low is None or high is None else (low, high),
    )


@cache
def block_from() -> int:
    """Least quantity of a block, t."""
    keys = {"market": MARKET, "mode": "block", "parameter": "order_from"}
    return int(_rules().in_force("rule_trading_parameters", _FIRST_DAY, keys).number())


@cache
def price_limit_pct(mode: str) -> int:
    """Most by which a price may differ from the previous close, %."""
    keys = {"market": MARKET, "unit_type": "CEA", "mode": mode}
    return round(100 * _rules().in_force("rule_price_limits", _FIRST_DAY, keys).number())


@cache
def closures() -> tuple[tuple[date, date], ...]:
    """Spans of days on which the exchange is closed, weekends apart."""
    rows = _rules().spans("rule_market_closures", market=MARKET)
    return tuple((rule.valid_from, rule.valid_to or rule.valid_from) for rule in rows)
