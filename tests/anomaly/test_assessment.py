"""What is at stake decides a level with the score, and quarantined rows that explain a finding cap it."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.alerts import Evidence, Finding, alert_frame
from anomaly.core.assessment import ASSESSMENT_SCHEMA, assess
from anomaly.core.discovery import all_detectors
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import LEVELS, load_policy
from anomaly.core.stakes import Stake, Sum, with_stakes
from anomaly.core.texts import LANGUAGES, text

POLICY = load_policy()


def finding(**values: object) -> Finding:
    base = {
        "kind": "ledger_break", "subject_type": "account", "subject_ids": ("ACC-1", "ACC-2"),
        "window_start": datetime(2025, 3, 1), "window_end": datetime(2025, 3, 2), "score": 0.95,
        "measures": {}, "evidence": (Evidence("trades", ("trade_id",), (("T-1",),)),), "variant": "default",
        "title_values": {
            "trade_date": date(2025, 3, 1), "sell_account_id": "ACC-1", "buy_account_id": "ACC-2",
            "traded": 1.0, "settled": 0.0,
        },
        "stake_basis": "unsettled", "stake_tco2e": 60_000.0, "rests_on": ("transfers",), "is_absence": True,
    }  # fmt: skip
    return Finding(**{**base, **values})  # type: ignore[arg-type]


def assessed(folder: Path, *findings: Finding) -> list[dict]:
    rows = alert_frame([(one, "1") for one in findings], POLICY, "cn", "s")
    return assess(rows, Marts(folder), POLICY, Market()).to_dicts()


def write(folder: Path, mart: str, *rows: dict, **types: object) -> None:
    pl.DataFrame(list(rows), schema_overrides=types or None).write_parquet(folder / f"{mart}.parquet")


def quarantine(folder: Path, **values: object) -> None:
    row = {
        "quarantine_id": "Q-1", "table_name": "transfers", "record_key": '{"transfer_id": "M-1"}',
        "reason": "wrong_type", "column_name": "quantity", "file": "transfers/2025-03.csv", "row_number": 7,
        "period": "2025-03", "tonnes": 60_000.0, "ids_json": '["M-1", "T-1"]',
    }  # fmt: skip
    write(folder, "fct_quarantine", row | values, tonnes=pl.Float64)


@pytest.mark.parametrize(
    ("score", "tonnes", "money", "level", "reason"),
    [
        (0.9999, 1.0, 95.0, "yellow", "stake_minor"),
        (0.9999, 1_000.0, 95_000.0, "orange", "stake_limited"),
        (0.9999, 1_000.0, 600_000.0, "red", "score"),
        (0.76, 60_000.0, None, "orange", "score"),
        (0.72, 1_600_000.0, None, "red", "stake_major"),
        (0.5, 1_600_000.0, None, "blue", "score"),
        (0.95, None, None, "orange", "stake_unknown"),
        (0.5, None, None, "blue", "score"),
    ],
)
def test_a_level_follows_from_score_and_stake(score, tonnes, money, level, reason):
    graded = POLICY.grade(score, tonnes, money, "CNY")
    assert (graded.level, graded.decided_by) == (level, reason)


def test_tonnes_that_were_only_exposed_do_not_raise_a_level():
    assert POLICY.grade(0.72, 1.6e6, None, "CNY", is_exposure=True).level == "yellow"


def test_money_in_a_currency_without_a_limit_does_not_count():
    assert POLICY.grade(0.95, 50.0, 1e9, "CNY").level == "red"
    assert POLICY.grade(0.95, 50.0, 1e9, "XYZ").level == "yellow"
    unknown = POLICY.grade(0.95, None, 1e9, "EUR")
    assert (unknown.level, unknown.decided_by) == ("orange", "stake_unknown")


def test_a_higher_score_or_stake_never_lowers_a_level():
    scores, tonnes = [0.1 * step for step in range(10)], [0.0, 50, 500, 7_000, 2e6]
    grades = [[LEVELS.index(POLICY.grade(s, t, None, "CNY").level) for t in tonnes] for s in scores]
    assert all(row == sorted(row) for row in grades)
    assert all(list(column) == sorted(column) for column in zip(*grades, strict=True))


def test_every_search_says_what_its_tonnes_are_and_every_reason_has_a_text():
    bases = {search.stake.basis for detector in all_detectors() for search in detector.searches}
    reasons = {"score", "stake_unknown", "explained", *(f"stake_{name}" for name in POLICY.stakes)}
    for language in LANGUAGES:
        assert all(text(f"stakes.basis.{basis}", language) for basis in bases)
        assert all(text(f"stakes.level_reason.{reason}", language) for reason in reasons)


def test_a_sum_adds_the_rows_that_a_candidate_names(tmp_path):
    months = [date(2025, 1, 1), date(2025, 2, 1)]
    rows = [
        {"unit_id": "U-1", "month": month, "tonnes": tonnes}
        for month, tonnes in zip(months, (10.0, 5.0), strict=True)
    ]
    write(tmp_path, "fct_months", *rows, {"unit_id": "U-2", "month": months[0], "tonnes": None})
    stake = Stake("reported", Sum("fct_months", ("tonnes",), ("unit_id", "month")), share="share")
    candidates = pl.DataFrame(
        {"unit_id": ["U-1", "U-2", "U-9"], "month": [months, months[:1], months], "share": [0.5, 0.5, 0.5]}
    )
    assert with_stakes(candidates, stake, Marts(tmp_path))["stake_tco2e"].to_list() == [7.5, None, None]
    by_month = candidates.with_columns(share=pl.Series([[0.5, 1.0], [0.5], [0.5, 0.5]]))
    assert with_stakes(by_month, stake, Marts(tmp_path))["stake_tco2e"].to_list() == [10.0, None, None]
    absent = Stake("reported", Sum("fct_other", ("tonnes",), ("unit_id",)))
    assert with_stakes(candidates, absent, Marts(tmp_path))["stake_tco2e"].to_list() == [None] * 3


def test_money_is_that_of_the_trades_or_follows_from_a_price_of_that_time(tmp_path):
    day = {"unit_type": "CEA", "listed_value": 900.0, "listed_volume_tco2e": 10}
    credits = {"date": date(2025, 2, 27), "unit_type": "CCER", "listed_value": 1.0, "listed_volume_tco2e": 1}
    write(
        tmp_path, "fct_market_days", {"date": date(2025, 2, 27), **day}, credits,
        {"date": date(2025, 2, 28), **day, "listed_value": 2_200.0, "listed_volume_tco2e": 20},
        {"date": date(2025, 3, 3), **day, "listed_value": 9e9},
    )  # fmt: skip
    early = {"window_start": datetime(2024, 3, 1), "window_end": datetime(2024, 4, 1)}
    rows = assessed(
        tmp_path,
        finding(stake_tco2e=2.0),
        finding(stake_tco2e=2.0, stake_money=150.0, subject_ids=("ACC-3",)),
        finding(stake_tco2e=2.0, **early),
        finding(stake_tco2e=None, subject_ids=("ACC-4",)),
    )
    found = {row["money_basis"]: (row["stake_money"], row["price"], row["price_on"]) for row in rows}
    average = pytest.approx(3_100 / 30)
    assert found == {
        "market_price": (pytest.approx(206.67), average, date(2025, 2, 28)),
        "trades": (150.0, None, None),
        "no_price": (None, None, None),
        "no_tonnes": (None, None, None),
    }
    assert set(ASSESSMENT_SCHEMA) <= set(rows[0])


@pytest.mark.parametrize(
    ("values", "is_explained"),
    [
        ({}, True),
        ({"tonnes": None}, True),
        ({"tonnes": 12.0}, False),
        ({"table_name": "orders"}, False),
        ({"reason": "duplicate_row"}, False),
        ({"ids_json": '["ACC-1", "ACC-2"]'}, True),
        ({"ids_json": '["ACC-1", "ACC-2"]', "period": "unknown"}, True),
        ({"ids_json": '["ACC-1", "ACC-2"]', "period": "2024-07"}, False),
        ({"ids_json": '["ACC-1", "ACC-9"]'}, False),
        ({"ids_json": None, "record_key": '{"trade_id": "T-1"}'}, True),
    ],
)
def test_quarantined_rows_of_the_same_subjects_and_period_explain_a_finding(tmp_path, values, is_explained):
    quarantine(tmp_path, **values)
    (row,) = assessed(tmp_path, finding())
    assert row["is_explained"] == is_explained
    assert (row["level"], row["level_by_score"]) == ("yellow" if is_explained else "red", "red")
    if is_explained:
        listed = json.loads(row["explained_by"])["rows"]
        assert [one["file"] for one in listed] == ["transfers/2025-03.csv"] and row["explaining_rows"] == 1


def test_a_finding_that_rests_on_no_table_is_explained_by_none(tmp_path):
    quarantine(tmp_path)
    (row,) = assessed(tmp_path, finding(rests_on=()))
    assert not row["is_explained"] and row["level"] == "red"


@pytest.mark.parametrize(
    ("kept", "is_absence", "capped"), [(99, True, True), (9_999, True, False), (99, False, False)]
)
def test_an_absent_row_proves_nothing_in_a_faulty_delivery(tmp_path, kept, is_absence, capped):
    quarantine(tmp_path, ids_json="[]")
    write(
        tmp_path, "fct_row_counts", {"table_name": "transfers", "period": "2025-03", "row_count": kept},
        {"table_name": "transfers", "period": "2025-02", "row_count": 1_000_000},
    )  # fmt: skip
    (row,) = assessed(tmp_path, finding(is_absence=is_absence))
    assert row["is_explained"] == capped
    if capped:
        deliveries = json.loads(row["explained_by"])["deliveries"]
        assert deliveries == [{"table_name": "transfers", "share": 0.01}]


@pytest.mark.parametrize("period", ["2025-03", "unknown"])
def test_a_delivery_of_which_no_row_was_kept_explains_an_absent_row(tmp_path, period):
    quarantine(tmp_path, ids_json="[]", period=period)
    write(
        tmp_path, "fct_row_counts", {"table_name": "transfers", "period": "2025-01", "row_count": 1_000_000}
    )
    (row,) = assessed(tmp_path, finding())
    assert json.loads(row["explained_by"])["deliveries"] == [{"table_name": "transfers", "share": 1.0}]


def test_an_absent_row_proves_nothing_where_a_period_has_a_gap(tmp_path):
    gap = {
        "check_name": "rows_few", "table_name": "transfers", "period": "2025-03", "province_code": "all",
        "column_name": "all", "state": "found", "severity": "warning",
    }  # fmt: skip
    write(tmp_path, "fct_completeness", gap, gap | {"period": "2025-01"})
    (row,) = assessed(tmp_path, finding())
    assert [one["period"] for one in json.loads(row["explained_by"])["gaps"]] == ["2025-03"]


def test_one_controller_on_the_day_of_the_finding_is_named(tmp_path):
    relation = {"subject_type": "account", "party_id": "GRP-1", "valid_from": date(2025, 1, 1)}
    rows = [{"subject_id": name, **relation, "valid_to": date(2025, 3, 1)} for name in ("ACC-1", "ACC-2")]
    write(tmp_path, "dim_control", *rows)
    first_of_march = {"window_start": datetime(2025, 2, 28, 16), "window_end": datetime(2025, 3, 1, 16)}
    today, later = assessed(
        tmp_path,
        finding(**first_of_march),
        finding(window_start=datetime(2025, 3, 1, 16), window_end=datetime(2025, 3, 1, 20), score=0.9),
    )
    assert json.loads(today["facts"]) == [
        {"fact": "one_controller", "party": "GRP-1", "accounts": ["ACC-1", "ACC-2"]}
    ]
    assert json.loads(later["facts"]) == []


def short(entity: str = "E-1") -> Finding:
    years = Evidence("compliance", ("entity_id", "year"), ((entity, 2024),))
    return finding(
        kind="surrender_shortfall", subject_type="entity", subject_ids=(entity,), evidence=(years,),
        title_values={"entity": entity, "year": 2024, "shortfall": 100.0, "shortfall_share": 0.1},
        stake_basis="short", stake_tco2e=100.0,
    )  # fmt: skip


@pytest.mark.parametrize("credits", [0, 5_000])
def test_a_short_entity_that_holds_enough_and_a_registry_that_differs_are_named(tmp_path, credits):
    write(tmp_path, "dim_accounts", {"account_id": "ACC-1", "entity_id": "E-1"})
    balance = {"account_id": "ACC-1", "unit_type": "CEA", "vintage": 2024}
    write(
        tmp_path, "fct_holdings", {**balance, "date": date(2025, 1, 2), "balance_tco2e": 40},
        {**balance, "date": date(2025, 2, 2), "balance_tco2e": 90},
        {**balance, "vintage": 2023, "date": date(2024, 1, 2), "balance_tco2e": 10},
        {**balance, "unit_type": "CCER", "date": date(2025, 2, 9), "balance_tco2e": credits},
    )  # fmt: skip
    write(
        tmp_path, "fct_compliance_years",
        {
            "entity_id": "E-1", "year": 2024, "verdict": "not_compliant", "registry_status": "A",
            "agrees_with_registry": False,
        },
    )  # fmt: skip
    (row,) = assessed(tmp_path, short())
    holds, differs = json.loads(row["facts"])
    assert holds == {
        "fact": "holds_enough", "entity": "E-1", "held": 100.0, "units": ["CEA"], "lacking": 100.0,
        "last_moved_on": "2025-02-02",
    }  # fmt: skip
    assert (differs["fact"], differs["registry_status"], differs["verdict"]) == (
        "registry_differs",
        "A",
        "not_compliant",
    )
    for fact in (holds, differs):
        values = {name: value for name, value in fact.items() if name != "fact"}
        assert all(text(f"facts.{fact['fact']}", language, **values) for language in LANGUAGES)


def test_quarantined_transfers_of_its_accounts_explain_a_short_entity(tmp_path):
    write(tmp_path, "dim_accounts", {"account_id": "ACC-1", "entity_id": "E-1"})
    quarantine(tmp_path, ids_json='["ACC-1", "ACC-9"]')
    found = assessed(tmp_path, short(), short("E-2"))
    assert {row["subject_ids"][0]: row["explaining_rows"] for row in found} == {"E-1": 1, "E-2": 0}


def test_a_table_that_names_no_accounts_need_not_name_two_of_them(tmp_path):
    quarantine(tmp_path, table_name="market_days", ids_json='["CEA24"]', tonnes=None)
    block = finding(subject_ids=("ACC-1", "ACC-2", "CEA24"), rests_on=("market_days",), is_absence=False)
    (row,) = assessed(tmp_path, block)
    assert row["explaining_rows"] == 1
