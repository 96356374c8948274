"""The rules as data: the reader of the seeds and the command that shows what held on a day."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.core.rules import RuleError, Rules


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules.load()


def printed(*arguments: str) -> list[dict]:
    done = CliRunner().invoke(app, ["rules", "--format", "json", *arguments])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_sectors_own_row_precedes_the_general_one(rules):
    def report_due(sector: str, year: int) -> str | None:
        keys = {"market": "cn", "sector": sector, "duty": "annual_report"}
        rule = rules.in_force("rule_compliance_calendar", date(year, 6, 1), keys, general=["sector"])
        return rule.values["month_day"]

    assert [report_due("steel", year) for year in (2023, 2024, 2025)] == ["03-31", "06-30", "03-31"]
    assert report_due("power", 2024) == "03-31"


def test_a_draft_holds_only_where_drafts_are_asked_for(rules):
    keys = {"market": "cn", "sector": "power", "unit_class": "coal_gt300", "product": "electricity"}
    drafted = rules.in_force("rule_benchmarks", date(2025, 1, 1), keys, drafts=True)
    assert (drafted.status, drafted.number()) == ("draft", 0.7902)
    with pytest.raises(RuleError, match="expected one row in force on 2025-01-01"):
        rules.in_force("rule_benchmarks", date(2025, 1, 1), keys)


def test_a_default_that_was_replaced_afterwards_is_known_by_its_day(rules):
    keys = {"market": "cn", "sector": "power", "unit_class": "all", "fuel": "coal"}
    keys["parameter"] = "carbon_per_heat"
    year = date(2021, 1, 1)

    def known(day: date) -> float:
        return rules.in_force("rule_emission_defaults", year, keys, known_at=day).number()

    assert [known(date(2022, 6, 7)), known(date(2022, 6, 8))] == [0.03356, 0.03085]


def test_an_unknown_table_and_an_empty_cell_are_errors(rules):
    with pytest.raises(RuleError, match="expected one of rule_price_limits"):
        rules.held("rule_of_thumb", date(2025, 1, 1))
    filing = rules.spans("rule_compliance_calendar", market="cn", sector="all", duty="monthly_filing")
    with pytest.raises(RuleError, match="expected a number in years_after"):
        filing[0].number("years_after")


def test_the_command_prints_penalties_of_the_day_with_both_titles():
    def penalties(day: str) -> dict[str, dict]:
        return {
            row["rule_id"]: row
            for row in printed("--as-of", day, "--market", "cn")
            if row["table"] == "rule_penalties" and row["keys"]["violation"] == "no_surrender"
        }

    before, after = penalties("2026-08-14"), penalties("2026-08-15")
    assert sorted(before) == ["A-14"]
    assert sorted(after) == ["A-42", "A-43"]
    step = after["A-42"]
    assert (step["title_zh"], step["title_en"]) == ("未按期清缴第一步", "Non-surrender, first step")
    assert step["document_zh"] == "中华人民共和国生态环境法典"
    assert (step["values"]["flat_min_cny"], step["is_verified"]) == ("1000000", True)


def test_the_command_prints_only_what_was_known():
    def law(*known: str) -> set[str]:
        return {row["rule_id"] for row in printed("--as-of", "2026-09-01", *known)}

    assert "A-42" in law() - law("--known-at", "2026-03-11")
    assert "A-14" in law("--known-at", "2026-03-11") - law()


def test_the_command_marks_a_stand_in_and_says_why():
    closures = [row for row in printed("--as-of", "2025-10-01") if row["table"] == "rule_market_closures"]
    assert [(row["status"], row["is_verified"]) for row in closures] == [("stand_in", False)]
    assert "242 open days" in closures[0]["note"]


def test_the_table_names_how_a_rule_was_verified():
    done = CliRunner().invoke(app, ["rules", "--as-of", "2025-06-01", "--market", "eu"])
    assert done.exit_code == 0
    assert "unverified" in done.stdout
    assert "欧盟" in done.stdout


def test_a_day_that_is_none_is_wrong_use():
    done = CliRunner().invoke(app, ["rules", "--as-of", "June"])
    assert "expected a day as YYYY-MM-DD, found 'June'" in str(done.exception)
