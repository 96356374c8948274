"""What the ingestion gate lets in, what it warns about and what it refuses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

Case = tuple[str, dict[str, Any], set[str]]
"""A table, a change of its plausible row, and the expectations that must say so."""
ACCOUNTING = {
    "table_name": ["trades", "orders"],
    "files": [1, 1],
    "rows_in": [1000, 10],
    "rows_kept": [1000, 10],
    "rows_superseded": [0, 0],
    "rows_quarantined": [0, 0],
}


def test_plausible_tables_pass_without_a_word(ingestion_gate, plausible, broken):
    result = ingestion_gate({table: [row] for table, row in plausible.items()})
    assert broken(result) == {}
    assert result.passed
    judged = {row.table_name for row in result.results if row.success}
    assert judged >= plausible.keys()


# Each breaks no other figure.
WARNINGS: list[Case] = [
    ("market_days", {"close": 80}, {"close_outside_limits", "close_outside_range"}),
    (
        "market_days",
        {"low": 75, "limit_down": 71, "listed_value": 90_000, "block_value": 20_000_000},
        {"low_above_high", "limits_reversed", "listed_average_gap", "block_average"},
    ),
    ("market_days", {"previous_close": 30, "limit_down": None}, {"close_step"}),
    ("trades", {"ts": datetime(2025, 7, 3)}, {"ts_after_as_of"}),
    ("trades", {"ts": datetime(1999, 7, 3)}, {"year_traded"}),
    ("accounts", {"closed_on": date(2020, 1, 1)}, {"closed_before_opened"}),
    ("entities", {"entity_name": "  "}, {"name_blank"}),
    ("units", {"capacity": 600_000.0}, {"capacity_mw"}),
    ("consortium_members", {"share": 0.4}, {"consortium_shares.share_sum"}),
    ("control_relations", {"valid_to": date(2020, 1, 1)}, {"ended_before_begun"}),
    ("control_relations", {"share": 1.2}, {"share_held"}),
    ("compliance", {"due_on": date(2023, 12, 31)}, {"due_lag"}),
    (
        "activity_reports",
        {
            "oxidation_factor": 0.8,
            "electricity_supplied": 240_000.0,
            "month": date(2025, 1, 2),
            "carbon_content": 0.9,
        },
        {"oxidation", "supplied_above_generated", "day_of_month", "carbon_per_heat_coal"},
    ),
    (
        "activity_reports",
        {"fuel": "natural_gas", "fuel_consumption": 9000.0, "ncv": 450.0, "carbon_content": 6.5},
        {"ncv_gas", "carbon_gas"},
    ),
    (
        "emission_reports",
        {"process": 4e5, "verified_total": 0.9e6},
        {"components_over_total", "verified_over_total"},
    ),
    ("lab_tests", {"ash": 70.0, "moisture": 12.0}, {"ash_pct", "total_moisture_below_moisture"}),
    ("lab_tests", {"carbon": 73.0, "ncv": 15.0}, {"carbon_daf_bituminous", "carbon_per_heat_bituminous"}),
    ("lab_tests", {"fuel": "lignite"}, {"carbon_daf_lignite"}),
    ("lab_tests", {"fuel": "anthracite"}, {"carbon_daf_anthracite"}),
    (
        "cems_hourly",
        {"co2_concentration": 24.0, "o2": 23.0, "operating": 1.2},
        {"co2_concentration_pct", "o2_pct", "operating_share", "dry_gas_above_air"},
    ),
    ("unit_years", {"operating_hours": 8800.0}, {"hours"}),
    ("meters_daily", {"value": -1.0}, {"reading"}),
]


def rounds(cases: list[Case]) -> list[list[Case]]:
    """The cases in rounds that change each table at most once: a suite judges its own table alone."""
    found: list[list[Case]] = []
    for case in cases:
        fits = (one for one in found if case[0] not in {table for table, *_ in one})
        taken = next(fits, None)
        if taken is None:
            found.append([case])
        else:
            taken.append(case)
    return found


@pytest.mark.parametrize("cases", rounds(WARNINGS))
def test_odd_figures_are_warnings_and_name_their_row(ingestion_gate, plausible, broken, cases):
    result = ingestion_gate({table: [plausible[table] | change] for table, change, _ in cases})
    found = broken(result)
    expected = {f"{table}.{name}" for table, _, names in cases for name in names}
    assert {name: found.get(name) for name in expected} == dict.fromkeys(expected, "warning")
    assert result.passed
    for row in result.results:
        if f"{row.table_name}.{row.expectation}" in expected:
            assert (row.unexpected_count, row.element_count) == (1, 1)
            assert row.observed.startswith("1 / 1; ")


REFUSALS: list[Case] = [
    ("trades", {"price": -3, "quantity": 0}, {"price_majority", "quantity_majority"}),
    ("transfers", {"quantity": -5}, {"quantity_majority"}),
    ("market_days", {"close": 0}, {"close_majority"}),
    ("market_days", {"listed_value": 7.1}, {"listed_average_majority"}),
    ("compliance", {"verified_emissions": 1.5e9}, {"verified_majority"}),
    ("emission_reports", {"total": 2e9}, {"total_majority"}),
    (
        "activity_reports",
        {"ncv": 21_000.0, "carbon_content": 55.0},
        {"ncv_coal_majority", "carbon_coal_majority", "reported_over_implied"},
    ),
    ("lab_tests", {"ncv": 5000.0, "carbon": 0.6}, {"ncv_majority", "carbon_majority"}),
    ("cems_hourly", {"co2_mass": 500_000.0}, {"co2_per_heat_majority"}),
    ("unit_years", {"co2_mass": 2.8e9}, {"co2_per_heat_coal_majority"}),
]


@pytest.mark.parametrize("cases", rounds(REFUSALS))
def test_a_wrong_unit_over_most_rows_refuses_the_run(ingestion_gate, plausible, cases):
    result = ingestion_gate({table: [plausible[table] | change] for table, change, _ in cases})
    refused = {(row.table_name, row.expectation) for row in result.refusals}
    assert refused == {(table, name) for table, _, names in cases for name in names}
    assert not result.passed


def test_a_movement_of_two_sides_names_both(ingestion_gate, plausible):
    """An issuance has no sender, a cancellation no receiver, and half of a carry-over one side alone."""
    half = {"from_account": None}, {"to_account": None}
    whole = [half[0] | {"kind": "issuance"}, half[1] | {"kind": "cancellation"}]
    whole += [side | {"kind": "carry_over"} for side in half]
    wrong = [side | {"kind": "trade_settlement"} for side in half]
    result = ingestion_gate({"transfers": [plausible["transfers"] | one for one in (*whole, *wrong)]})
    counts = {row.expectation: row.unexpected_count for row in result.results}
    assert (counts["sender_named"], counts["receiver_named"]) == (1, 1)


def test_the_same_slip_in_one_row_of_many_only_warns(ingestion_gate, plausible, broken):
    rows = [plausible["trades"]] * 99 + [plausible["trades"] | {"price": -3}]
    result = ingestion_gate({"trades": rows})
    assert broken(result) == {"trades.price": "warning"}
    assert result.passed


@pytest.mark.parametrize(("market", "refused"), [("us-arp", True), ("cn", False)])
def test_short_tons_over_mmbtu_are_found_where_heat_is_gross(ingestion_gate, plausible, market, refused):
    # Bituminous coal, 0.0893 t/GJ, left in the programme's own units.
    row = plausible["unit_years"] | {"heat_input": 1000.0, "co2_mass": 1000 * 0.0893 * 1.055056 / 0.90718474}
    result = ingestion_gate({"unit_years": [row]}, market={"id": market, "currency": "USD"})
    assert not result.passed if refused else result.passed


def test_order_sizes_are_held_to_the_rule_of_the_chinese_market_alone(ingestion_gate, plausible, broken):
    tables = {"orders": [plausible["orders"] | {"quantity": 250_000}]}
    assert broken(ingestion_gate(tables)) == {"orders.listed_size": "info"}
    assert broken(ingestion_gate(tables, market={"id": "eu", "currency": "EUR"})) == {}


def test_a_price_is_judged_in_its_own_currency(ingestion_gate, plausible, broken):
    tables = {"trades": [plausible["trades"] | {"price": 300}]}
    assert broken(ingestion_gate(tables)) == {}
    assert broken(ingestion_gate(tables, market={"id": "eu", "currency": "EUR"})) == {
        "trades.price": "warning"
    }


def _accounting(**changes: list[int]) -> pl.DataFrame:
    return pl.DataFrame(ACCOUNTING | changes)


def _files(**changes: object) -> pl.DataFrame:
    """The account of one file, with 1,000 rows and 500 t."""
    account = {
        "stage": "lake",
        "table_name": "trades",
        "file": "trades.csv",
        "rows_in": 1000,
        "rows_kept": 1000,
        "rows_superseded": 0,
        "rows_quarantined": 0,
        "rows_without_data": 0,
        "rows_repeated": 0,
        "tonnes_in": 500.0,
        "tonnes_quarantined": 0.0,
    }
    return pl.DataFrame([account | changes])


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"rows_quarantined": 10}, {}),
        ({"rows_quarantined": 11}, {"lost_notice": "warning"}),
        ({"rows_quarantined": 201}, {"lost_notice": "warning", "lost_share": "critical"}),
        # An identical copy of a file loses nothing.
        ({"rows_quarantined": 1000, "rows_repeated": 1000, "rows_kept": 0}, {}),
        # Few rows of a small file refuse no run.
        ({"rows_in": 40, "rows_quarantined": 20}, {"lost_notice": "warning"}),
        (
            {"rows_quarantined": 10, "tonnes_quarantined": 101.0},
            {"tonnes_notice": "warning", "tonnes_share": "critical"},
        ),
        # One wrong amount may be larger than all others together.
        ({"rows_quarantined": 1, "tonnes_quarantined": 490.0}, {"tonnes_notice": "warning"}),
        ({"rows_quarantined": 10, "tonnes_in": None, "tonnes_quarantined": None}, {}),
    ],
)
def test_a_file_is_judged_by_the_rows_and_the_tonnes_that_it_lost(ingestion_gate, broken, changes, found):
    result = broken(ingestion_gate({"file_accounting": _files(**changes)}))
    prefix = "file_accounting."
    judged = {
        name.removeprefix(prefix): severity for name, severity in result.items() if name.startswith(prefix)
    }
    assert {name.removeprefix(prefix): severity for name, severity in judged.items()} == found


def test_a_fifth_of_a_table_quarantined_refuses_the_run(ingestion_gate, broken):
    result = ingestion_gate({"row_accounting": _accounting(rows_quarantined=[201, 0])})
    assert broken(result)["row_accounting.quarantined_share"] == "critical"
    assert "table_name=trades: 0.201" in result.refusals[0].observed


def test_bad_rows_of_a_handful_only_warn(ingestion_gate, plausible, broken):
    accounting = _accounting(rows_quarantined=[0, 5], rows_kept=[1000, 5])
    result = ingestion_gate({"row_accounting": accounting, "trades": [plausible["trades"]]})
    assert broken(result) == {"row_accounting.quarantined_notice": "warning"}


def test_a_table_turned_away_whole_refuses_the_run(ingestion_gate, broken):
    accounting = _accounting(rows_quarantined=[0, 10], rows_kept=[1000, 0])
    assert (
        broken(ingestion_gate({"row_accounting": accounting}))["row_accounting.all_quarantined"] == "critical"
    )


def test_fewer_rows_than_last_time_warn_and_a_lost_table_counts_as_none(ingestion_gate, broken):
    now = _accounting(rows_kept=[700, 10])
    before = pl.concat(
        [_accounting(), pl.DataFrame(ACCOUNTING)[:1].with_columns(table_name=pl.lit("lab_tests"))]
    )
    result = ingestion_gate({"row_accounting": now, "previous_row_accounting": before})
    row = next(row for row in result.results if row.expectation.endswith("kept_over_previous"))
    assert (row.severity, row.success, row.unexpected_count) == ("warning", False, 2)
    assert "lab_tests: 0" in row.observed
    assert "trades: 0.7" in row.observed


def test_a_source_without_a_row_in_any_table_is_refused(ingestion_gate, broken):
    empty = {"entities": [], "accounts": [], "trades": []}
    assert broken(ingestion_gate(empty)) == {"gate_tables.content.rows_in_all": "critical"}


def test_absent_and_empty_tables_are_skipped_and_never_count_as_success(ingestion_gate, plausible):
    result = ingestion_gate({"trades": [], "accounts": [plausible["accounts"]]})
    skipped = {row.table_name: row for row in result.skipped}
    assert skipped["trades"].observed == "0 rows"
    assert skipped["orders"].observed == "no table orders"
    assert {row.success for row in result.skipped} == {None}
    assert {row.severity for row in result.skipped} == {"info"}


def test_a_figure_without_any_value_is_not_judged(ingestion_gate, plausible):
    result = ingestion_gate({"trades": [plausible["trades"] | {"price": None}]})
    row = next(row for row in result.results if row.expectation == "price_majority")
    assert (row.success, row.observed, row.element_count) == (None, "no values", 0)
    assert result.passed


def _gap(severity, state="found"):
    return {
        "check_name": ["rows_lost"],
        "severity": [severity],
        "state": [state],
        "table_name": ["meters_daily"],
        "period": ["2024-05"],
        "province_code": ["330000"],
        "column_name": ["all"],
        "observed": [0.0],
        "expected": [0.5],
        "unit": ["share"],
    }


@pytest.mark.parametrize(
    ("severity", "expectation"),
    [("critical", "gaps_that_refuse"), ("warning", "gaps_that_warn"), ("info", "gaps_noted")],
)
def test_a_gap_in_the_delivery_counts_by_its_severity(ingestion_gate, broken, severity, expectation):
    result = ingestion_gate({"completeness": pl.DataFrame(_gap(severity))})
    assert broken(result) == {f"completeness.{expectation}": severity}
    assert result.passed == (severity != "critical")
    (row,) = [row for row in result.results if row.success is False]
    assert "meters_daily" in row.observed and "2024-05" in row.observed and "330000" in row.observed


def test_a_delivery_without_gaps_passes(ingestion_gate, broken):
    assert broken(ingestion_gate({"completeness": pl.DataFrame(_gap("critical", "passed"))})) == {}
