"""Figures of law in the simulator are those of the rule seeds, also where code needs them as constants."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.core.rules import Rules
from pipelines.simulator import calendar, calibration_plants, law
from pipelines.simulator.allocation import final_booked_on, final_decided_on
from pipelines.simulator.trading import kernel

DAY = date(2024, 6, 3)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules.load()


def trading(rules: Rules, mode: str, parameter: str) -> float:
    keys = {"market": "cn", "mode": mode, "parameter": parameter}
    return rules.in_force("rule_trading_parameters", DAY, keys).number()


def test_constants_of_compiled_code_are_the_exchanges_rules(rules):
    assert trading(rules, "listed", "order_below") == kernel.LISTED_BELOW
    assert trading(rules, "listed", "price_levels") == kernel.VISIBLE_LEVELS


def test_the_session_is_that_of_the_exchange(rules):
    opens, closes = (trading(rules, "listed", f"morning_{end}") for end in ("open", "close"))
    again, ends = (trading(rules, "listed", f"afternoon_{end}") for end in ("open", "close"))
    assert (opens, again) == (calendar.MORNING_OPEN, calendar.AFTERNOON_OPEN)
    assert closes - opens == calendar.HALF_SESSION
    assert closes - opens + ends - again == calendar.SESSION_SECONDS


def test_final_allocation_is_decided_and_booked_on_the_last_days_allowed():
    decided = [final_decided_on(2024, sector) for sector in ("power", "steel")]
    booked = [final_booked_on(2024, sector) for sector in ("power", "steel")]
    assert decided == [date(2025, 7, 31), date(2025, 9, 30)]
    assert booked == [date(2025, 8, 20), date(2025, 10, 20)]


@pytest.mark.parametrize(
    ("year", "sector", "due"),
    [
        (2023, "power", date(2024, 6, 30)),  # before the first rule on file
        (2024, "power", date(2025, 6, 30)),
        (2024, "steel", date(2025, 8, 31)),
        (2025, "steel", date(2026, 7, 31)),
        (2024, "chemicals", date(2025, 6, 30)),
    ],
)
def test_verification_is_done_by_the_calendar(year, sector, due):
    assert law.verification_due(year, sector) == due


def test_industry_is_covered_from_the_first_year_of_its_allocation_rules():
    assert law.industry_since() == 2024


@pytest.mark.parametrize("fuel", ["coal", "lignite", "anthracite", "coke", "natural_gas"])
def test_factors_of_fuels_are_the_defaults(rules, fuel):
    keys = {"market": "cn", "sector": "steel", "unit_class": "all", "fuel": fuel}

    def default(parameter: str) -> float:
        general = ["sector"] if parameter == "oxidation_factor" else []
        wanted = keys | {"parameter": parameter}
        return rules.in_force("rule_emission_defaults", DAY, wanted, general=general).number()

    known = calibration_plants.CARBON_PER_HEAT | {
        "coke": calibration_plants.COKE_CARBON,
        "natural_gas": calibration_plants.GAS_CARBON,
    }
    assert default("carbon_per_heat") == known[fuel]
    assert default("oxidation_factor") == calibration_plants.OXIDATION


@pytest.mark.parametrize(
    ("violation", "acted_on", "least", "most", "multiples"),
    [
        ("missing_report", date(2024, 4, 30), 10_000, 30_000, None),
        ("missing_report", date(2024, 5, 1), 50_000, 500_000, None),
        ("no_surrender", date(2023, 12, 31), 20_000, 30_000, None),
        ("no_surrender", date(2024, 12, 31), None, None, (5, 10)),
        ("manipulation", date(2025, 1, 1), 500_000, 5_000_000, (1, 10)),
    ],
)
def test_a_fine_is_that_of_the_day_of_the_act(violation, acted_on, least, most, multiples):
    fine = law.fine(violation, acted_on)
    assert fine is not None
    assert (fine.least, fine.most, fine.multiples) == (least, most, multiples)


def test_what_no_rule_fined_has_no_fine():
    assert law.fine("manipulation", date(2023, 1, 1)) is None
