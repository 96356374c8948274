"""Known cases: they are labelled, they happened, and nothing else tells them apart."""

import json
from datetime import date, timedelta
from itertools import groupby, pairwise

import polars as pl
import pytest

from pipelines.contract.tables import TABLES

GRADED = ["faint", "plain", "blatant"]


def _touched(row, name):
    return [key[0] if len(key) == 1 else key for key in json.loads(row["touched"]).get(name, [])]


def test_clean_market_has_no_labels(clean_market):
    assert clean_market.report.cases == {}
    assert clean_market.labels.height == 0
    assert {"case_id", "kind", "subject_ids", "window_start", "window_end"} <= set(
        clean_market.labels.columns
    )


def test_every_kind_comes_in_three_severities(market):
    by_kind = market.labels.group_by("kind").agg(pl.col("severity").unique(), pl.len())
    assert {
        "wash_trade", "circular_trade", "mass_balance_gap", "lab_date_conflict", "surrender_shortfall",
    } <= set(by_kind["kind"])  # fmt: skip
    for kind, severities, count in by_kind.rows():
        assert set(severities) == set(GRADED), kind
        assert count >= 3


def test_subjects_exist_and_windows_are_not_empty(market):
    known = {
        *market["accounts"]["account_id"], *market["entities"]["entity_id"], *market["units"]["unit_id"],
        *market["instruments"]["instrument_id"],
    }  # fmt: skip
    for row in market.labels.iter_rows(named=True):
        assert set(row["subject_ids"]) <= known
        assert row["window_start"] < row["window_end"]
        for name in json.loads(row["touched"]):
            assert name in TABLES
    assert market.labels["case_id"].is_unique().all()


def test_wash_trades_leave_positions_as_they_were(market):
    trades = market["trades"]
    controllers = dict(market["accounts"].select("account_id", "controller_id").rows())
    for row in market.labels.filter(pl.col("kind") == "wash_trade").iter_rows(named=True):
        own = trades.filter(pl.col("trade_id").is_in(_touched(row, "trades")))
        assert own.height >= 4
        assert own["ts"].is_between(row["window_start"], row["window_end"]).all()
        bought = dict(own.group_by("buy_account_id").agg(pl.col("quantity").sum()).rows())
        sold = dict(own.group_by("sell_account_id").agg(pl.col("quantity").sum()).rows())
        assert {*bought, *sold} <= set(row["subject_ids"])
        drift = max(abs(bought.get(account, 0) - sold.get(account, 0)) for account in row["subject_ids"])
        assert drift <= 0.1 * own["quantity"].sum()
        if "one controller" in row["description"]:
            assert len({controllers[account] for account in row["subject_ids"]}) == 1
            assert controllers[row["subject_ids"][0]] is not None


def test_circles_close(market):
    for row in market.labels.filter(pl.col("kind") == "circular_trade").iter_rows(named=True):
        moves = market["transfers"].filter(pl.col("transfer_id").is_in(_touched(row, "transfers"))).sort("ts")
        members = row["subject_ids"]
        assert moves.height >= len(members) >= 3
        assert set(moves["from_account"]) == set(moves["to_account"]) == set(members)
        legs = [pair for pair, _ in groupby(moves.select("from_account", "to_account").rows())]
        for leg, (giver, taker) in enumerate(legs):
            assert giver == members[leg % len(members)]
            assert taker == members[(leg + 1) % len(members)]
        assert (row["window_end"] - row["window_start"]).days <= 14


def test_pass_through_runs_through_young_accounts_within_a_day(market):
    opened = dict(market["accounts"].select("account_id", "opened_on").rows())
    for row in market.labels.filter(pl.col("kind") == "pass_through").iter_rows(named=True):
        moves = market["transfers"].filter(
            pl.col("transfer_id").is_in(_touched(row, "transfers")) & (pl.col("kind") == "other")
        )
        assert moves["ts"].dt.date().n_unique() == 1
        assert moves.height == len(row["subject_ids"])
        day = moves["ts"].dt.date()[0]
        assert min((day - opened[account]).days for account in row["subject_ids"]) < 21


def test_mass_balance_cases_report_less_than_was_burned(market):
    read = market["meters_daily"].filter(pl.col("meter") == "coal_feed")
    read = read.group_by("unit_id", pl.col("date").dt.truncate("1mo").alias("month")).agg(
        pl.col("value").sum()
    )
    tests = market["lab_tests"].with_columns(
        (pl.col("carbon") / 100 * (100 - pl.col("total_moisture")) / (100 - pl.col("moisture"))).alias(
            "analysed"
        ),
        pl.col("sampled_on").dt.truncate("1mo").alias("month"),
    )
    joined = (
        market["activity_reports"]
        .join(read, on=["unit_id", "month"])
        .join(tests.select("unit_id", "month", "analysed"), on=["unit_id", "month"])
    )
    true = pl.col("value") * pl.col("analysed") * pl.col("oxidation_factor") * 44 / 12
    joined = joined.with_columns((pl.col("reported_emissions") / true).alias("share"))
    for row in market.labels.filter(pl.col("kind") == "mass_balance_gap").iter_rows(named=True):
        own = joined.filter(
            (pl.col("unit_id") == row["subject_ids"][1])
            & (pl.col("month") >= row["window_start"].date())
            & (pl.col("month") < row["window_end"].date())
        )
        ceiling = {"faint": 0.995, "plain": 0.94, "blatant": 0.90}[row["severity"]]
        assert own.height >= 6
        assert own.filter(pl.col("share") > 0)["share"].median() < ceiling
        others = joined.filter(
            (pl.col("unit_id") == row["subject_ids"][1]) & (pl.col("month") < row["window_start"].date())
        )
        assert others.height == 0 or others["share"].median() == pytest.approx(1, abs=0.01)


def test_lab_cases_state_impossible_dates_and_others_do_not(market):
    tests = market["lab_tests"]
    steps = ["sampled_on", "received_on", "tested_on", "reported_on"]
    broken = pl.any_horizontal(pl.col(a) > pl.col(b) for a, b in pairwise(steps))
    odd = set(tests.filter(broken)["unit_id"])
    cases = market.labels.filter(pl.col("kind") == "lab_date_conflict")
    assert odd == {row["subject_ids"][1] for row in cases.iter_rows(named=True)}
    for row in cases.iter_rows(named=True):
        own = tests.filter(pl.col("sample_id").is_in(_touched(row, "lab_tests")))
        assert own.height >= 1
        assert own.filter(broken).height >= 1
        if "bulk" in row["description"]:
            assert own["tested_on"].n_unique() == 1


def test_shortfalls_and_missing_reports_are_in_the_registry(market):
    registry = market["compliance"]
    short = registry.filter(pl.col("surrendered") < pl.col("obligation"))
    cases = market.labels.filter(pl.col("kind") == "surrender_shortfall")
    assert set(short["entity_id"]) == {row["subject_ids"][0] for row in cases.iter_rows(named=True)}
    assert set(short["registry_status"]) == {"not_compliant"}
    absent = registry.filter(pl.col("registry_status") == "not_reported")
    assert absent.height == 1
    reports = market["emission_reports"]
    assert reports.join(absent, on=["entity_id", "year"]).height == 0


def test_late_reports_are_late_and_only_they(market):
    local = pl.col("submitted_at").dt.convert_time_zone("Asia/Shanghai").dt.date()
    annual = market["emission_reports"].filter(local > pl.date(pl.col("year") + 1, 3, 31))
    monthly = market["activity_reports"].filter((local - pl.col("month").dt.month_end()).dt.total_days() > 40)
    late = {*annual["entity_id"], *monthly["unit_id"]}
    cases = market.labels.filter(pl.col("kind") == "late_report")
    assert late == {row["subject_ids"][-1] for row in cases.iter_rows(named=True)}


def test_runs_at_the_limit_close_there(market):
    days = market["market_days"]
    at_limit = days.filter(
        (pl.col("close") == pl.col("limit_up")) | (pl.col("close") == pl.col("limit_down"))
    )
    hits = set(at_limit.select("date", "instrument_id").rows())
    for row in market.labels.filter(pl.col("kind") == "price_limit_hits").iter_rows(named=True):
        planned = {(date.fromisoformat(day), instrument) for day, instrument in _touched(row, "market_days")}
        assert planned <= hits
        assert {day for day, _ in planned} <= {
            row["window_start"].date() + timedelta(days=n)
            for n in range((row["window_end"] - row["window_start"]).days)
        }


def test_look_alikes_are_there_and_unlabelled(clean_market):
    kinds = set(clean_market["transfers"]["kind"])
    assert {"gift", "other"} <= kinds
    power = clean_market["activity_reports"].filter(pl.col("fuel").is_in(["coal", "lignite", "anthracite"]))
    sampled = set(clean_market["lab_tests"]["unit_id"])
    assert power.filter(pl.col("unit_id").is_in(sampled) & (pl.col("carbon_basis") == "default")).height > 0
