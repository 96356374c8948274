"""surrender_shortfall, missing_report, late_report, lab_date_conflict."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.anomaly import obligations


def replaced(name, planted, value):
    """The column with another value where the case is planted."""
    return pl.when(planted).then(value).otherwise(pl.col(name)).alias(name)


def compliance_years(**changed):
    rows = [
            {
                "entity_id": f"E{n}", "year": 2023, "entity_name": f"Plant {n}", "province_code": "110000",
                "due_on": date(2024, 12, 31), "basis": "annual", "required_tco2e": 1000.0,
                "provided_tco2e": 1000.0, "shortfall_tco2e": 0.0, "verdict": "compliant",
                "registry_status": "compliant", "verified_emissions_tco2e": 1000.0,
            }
            for n in range(10)
    ]  # fmt: skip
    rows[3].update(changed)
    return pl.DataFrame(rows)


def test_surrender_shortfall_names_the_gap_and_not_the_registry_status(marts, run):
    compliance_years().write_parquet(marts / "fct_compliance_years.parquet")
    assert run("surrender_shortfall").is_empty()
    planted = compliance_years(provided_tco2e=800.0, shortfall_tco2e=200.0, verdict="not_compliant")
    planted.write_parquet(marts / "fct_compliance_years.parquet")
    alert = run("surrender_shortfall").row(0, named=True)
    assert alert["subject_ids"] == ["E3"]
    assert alert["window_start"] == datetime(2022, 12, 31, 16)
    assert alert["window_end"] == datetime(2024, 12, 31, 16)
    assert json.loads(alert["measures"])["shortfall"]["value"] == 200
    assert json.loads(alert["evidence"]) == [
        {"table": "compliance", "key": ["entity_id", "year"], "rows": [["E3", 2023]]}
    ]
    assert "A-14" in alert["rule_refs"]


FIGURES = ("verified_emissions_tco2e", "required_tco2e", "provided_tco2e", "shortfall_tco2e")


def years_of(entity, first, emissions, provided, verdicts, basis="cumulative"):
    """Compliance years of one entity: emissions, what was provided by then, and what is due adds up."""
    due = np.cumsum([e or 0.0 for e in emissions]).tolist() if basis == "cumulative" else emissions
    return pl.DataFrame(
        {
            "entity_id": entity, "year": range(first, first + len(emissions)), "entity_name": entity,
            "province_code": "DE", "due_on": [date(first + n + 1, 4, 30) for n in range(len(emissions))],
            "basis": basis, "required_tco2e": due, "provided_tco2e": provided,
            "shortfall_tco2e": [max((d or 0) - (p or 0), 0) for d, p in zip(due, provided, strict=True)],
            "verdict": verdicts, "registry_status": "not_compliant", "verified_emissions_tco2e": emissions,
        },
        schema_overrides=dict.fromkeys(FIGURES, pl.Float64),
    )  # fmt: skip


SHORT, FULL, NONE = "not_compliant", "compliant", "not_reported"


def shortfalls(run, marts, frame, **market):
    frame.write_parquet(marts / "fct_compliance_years.parquet")
    alerts = run("surrender_shortfall", **{"id": "eu", "as_of": date(2026, 11, 22)} | market)
    return alerts.sort("window_start").with_columns(
        made_good=pl.col("measures").map_elements(
            lambda text: json.loads(text).get("made_good_year", {}).get("value"), return_dtype=pl.String
        )
    )


def test_a_shortfall_that_a_later_year_covers_says_so_and_stays_blue(marts, run):
    frame = years_of("E1", 2005, [9e6, 9e6, 9e6], [0.0, 9e6, 27e6], [SHORT, SHORT, FULL])
    alerts = shortfalls(run, marts, frame)
    assert alerts["made_good"].to_list() == ["2007", "2007"]
    assert alerts["level"].to_list() == ["blue", "blue"]
    assert "made good by 2007" in alerts["title_en"][0] and "2007 年度补足" in alerts["title_zh"][0]
    assert json.loads(alerts["evidence"][0])[0]["rows"] == [["E1", 2005], ["E1", 2007]]
    assert json.loads(alerts["measures"][0])["registry_status"]["value"] == "not_compliant"


@pytest.mark.parametrize("restart", [900.0, 5e5])
def test_figures_that_start_again_make_nothing_good(marts, run, restart):
    """Whether the new period's first total is below the last one's or above it."""
    first = years_of("E1", 2006, [1e5, 1e5], [1e5, 1e5], [FULL, SHORT])
    second = years_of("E1", 2008, [restart, 50.0], [restart, restart + 50.0], [FULL, FULL])
    alerts = shortfalls(run, marts, pl.concat([first, second]))
    assert alerts["made_good"].to_list() == [None]
    assert alerts["level"][0] != "blue"


def test_annual_figures_make_nothing_good(marts, run):
    frame = years_of("E1", 2020, [1e5, 1e5], [0.0, 1e5], [SHORT, FULL], basis="annual")
    assert shortfalls(run, marts, frame)["made_good"].to_list() == [None]


def test_open_shortfalls_rise_with_tonnes_and_share_and_hardly_with_age(marts, run):
    def score(due, missing, **market):
        frame = years_of("E1", 2015, [due], [due - missing], [SHORT])
        return shortfalls(run, marts, frame, **market)["score"][0]

    assert score(1e6, 1e6) > score(1e4, 1e4) > score(100.0, 100.0)
    assert score(1e5, 1e5) > score(1e6, 1e5)
    assert 0 < score(1e4, 1e4) - score(1e4, 1e4, as_of=date(2016, 5, 1)) < 0.05
    assert score(1e6, 1e6) >= 0.9 > score(1e4, 1e4) and score(100.0, 100.0) < 0.75


def test_the_registry_status_is_shown_and_not_scored(marts, run):
    frame = years_of("E1", 2015, [1e5], [0.0], [SHORT])
    agreed = shortfalls(run, marts, frame)
    other = shortfalls(run, marts, frame.with_columns(registry_status=pl.lit("compliant")))
    assert agreed["score"].to_list() == other["score"].to_list()
    assert json.loads(other["measures"][0])["registry_status"]["value"] == "compliant"


def write_verified(marts, years):
    years.write_parquet(marts / "fct_compliance_years.parquet")
    obligations.verified(years).write_parquet(marts / "fct_report_obligations.parquet")


def test_missing_report_finds_an_unreported_year(marts, run):
    unreported = {"verdict": "not_reported", "verified_emissions_tco2e": None}
    write_verified(marts, compliance_years(**unreported))
    alert = run("missing_report").row(0, named=True)
    assert alert["subject_ids"] == ["E3"]
    assert alert["rule_refs"] == ["A-09", "C-05"]


def absent_years(run, marts, emissions, first=2015):
    verdicts = [NONE if e is None else FULL for e in emissions]
    frame = years_of("E1", first, emissions, emissions, verdicts, basis="annual")
    write_verified(marts, frame)
    return run("missing_report", id="eu", as_of=date(2026, 11, 22)).sort("window_start")


def test_a_closure_is_reported_by_its_first_year(marts, run):
    alerts = absent_years(run, marts, [8e5, 7e5, None, None, None])
    assert alerts["level"].to_list() == ["red", "blue", "blue"]
    assert "none since 2017" in alerts["title_en"][1] and "2017 年度起" in alerts["title_zh"][1]
    measures = json.loads(alerts["measures"][2])
    assert measures["last_emissions"]["value"] == 7e5
    assert measures["last_emissions_year"]["value"] == "2016"


def test_a_gap_that_ends_is_no_closure(marts, run):
    alerts = absent_years(run, marts, [8e5, None, None, 8e5])
    assert alerts["level"].to_list() == ["red", "red"]


def test_an_absent_year_rises_with_the_emissions_last_known_and_not_with_age(marts, run):
    def score(*emissions, first=2015):
        return absent_years(run, marts, list(emissions), first)["score"][0]

    assert score(1e6, None) > score(1e3, None) > score(None)
    assert score(1e3, None) == score(1e3, None, first=2006)
    assert score(None, 1e3) == score(1e3, None)


def write_obligations(marts, rows):
    rows.write_parquet(marts / "fct_report_obligations.parquet")


@pytest.mark.parametrize("kind", ["late_report", "missing_report"])
def test_filings_in_time_stay_silent(marts, run, kind):
    write_obligations(marts, obligations.filings())
    assert run(kind).is_empty()


def test_late_and_missing_filings(marts, run):
    month = pl.col("period_start").dt.month()
    gone = (pl.col("subject_id") == "U01") & month.is_in([6, 7])
    late = (pl.col("subject_id") == "U08") & (month == 3)
    rows = obligations.filings().with_columns(
        replaced("submitted_at", gone, None),
        replaced("days_late", late, 12),
        pl.when(gone)
        .then(pl.lit("missing"))
        .when(late)
        .then(pl.lit("late"))
        .otherwise("state")
        .alias("state"),
    )
    write_obligations(marts, rows)
    missing = run("missing_report", as_of=date(2025, 3, 1))
    assert missing["subject_ids"].to_list() == [["E01", "U01"]]
    assert missing["rule_refs"].to_list() == [["C-04"]]
    assert json.loads(missing["measures"][0])["missing_months"]["value"] == 2
    assert run("late_report")["subject_ids"].to_list() == [["E08", "U08"]]


def test_months_missing_apart_are_findings_apart(marts, run):
    gone = (pl.col("subject_id") == "U01") & pl.col("period_start").dt.month().is_in([2, 3, 9])
    write_obligations(marts, obligations.filings().with_columns(replaced("state", gone, pl.lit("missing"))))
    found = [
        json.loads(measures)["missing_months"]["value"] for measures in run("missing_report")["measures"]
    ]
    assert sorted(found) == [1, 2]


def test_a_late_report_shows_its_first_submission(marts, run):
    write_obligations(marts, obligations.frame([obligations.annual(revision_count=3)]))
    assert run("late_report").is_empty()
    late = {"submitted_at": datetime(2024, 4, 20), "days_late": 20, "state": "late", "revision_count": 3}
    write_obligations(marts, obligations.frame([obligations.annual(**late)]))
    alert = run("late_report").row(0, named=True)
    assert json.loads(alert["measures"])["first_submitted_at"]["value"] == "2024-04-20T00:00:00Z"
    assert json.loads(alert["evidence"])[0]["rows"] == [["E1", 2023]]


def test_a_year_missing_in_both_places_is_one_finding(marts, run):
    missing = {"state": "missing", "submitted_at": None, "days_late": None}
    both = [
        obligations.annual(**missing, report_kind=kind) for kind in ("annual_report", "verified_emissions")
    ]
    write_obligations(marts, obligations.frame([*both, obligations.annual("E2")]))
    assert run("missing_report")["subject_ids"].to_list() == [["E1"]]


@pytest.mark.parametrize("kind", ["surrender_shortfall", "missing_report"])
def test_an_unknown_verdict_is_no_finding(marts, run, kind):
    unknown = {"verdict": None, "shortfall_tco2e": None, "provided_tco2e": None}
    write_verified(marts, compliance_years(**unknown))
    assert run(kind).is_empty()


def lab_tests(entities=8, count=36):
    rng = np.random.default_rng(6)
    rows = []
    for entity in range(entities):
        for n in range(count):
            sampled = date(2024, 1, 5) + timedelta(days=10 * n + entity)
            rows.append(
                {
                    "sample_id": f"S{entity}-{n:03}", "entity_id": f"E{entity}",
                    "entity_name": f"Plant {entity}",
                    "province_code": "110000", "unit_id": f"U{entity}", "lab_id": f"L{entity % 2}",
                    "lab_name": f"Lab {entity % 2}", "fuel": "coal", "sampled_on": sampled,
                    "received_on": sampled + timedelta(days=2), "tested_on": sampled + timedelta(days=5),
                    "reported_on": sampled + timedelta(days=9), "carbon_pct": float(rng.normal(60, 2)),
                    "days_to_report": 9, "tested_before_sampled": False, "tested_before_received": False,
                    "reported_before_tested": False, "received_before_sampled": False,
                }
            )  # fmt: skip
    return pl.DataFrame(rows)


def test_lab_dates_in_order_stay_silent(marts, run):
    lab_tests().write_parquet(marts / "fct_lab_tests.parquet")
    assert run("lab_date_conflict").is_empty()


def test_lab_date_conflict_finds_impossible_dates(marts, run):
    bad = pl.col("sample_id").is_in(["S3-010", "S3-011"])
    lab_tests().with_columns(
        replaced("tested_on", bad, pl.col("sampled_on") - timedelta(days=3)),
        bad.alias("tested_before_sampled"),
    ).write_parquet(marts / "fct_lab_tests.parquet")  # fmt: skip
    alert = run("lab_date_conflict").row(0, named=True)
    assert "E3" in alert["subject_ids"]
    assert json.loads(alert["evidence"])[0]["rows"] == [["S3-010"], ["S3-011"]]


def batches(marts, **changes):
    """One batch of twelve months' samples, as the mart has it."""
    batch = {
        "entity_id": "E5", "entity_name": "Plant 5", "province_code": "110000", "unit_id": "U5",
        "lab_id": "L1", "lab_name": "Lab 1", "tested_on": date(2025, 2, 1), "samples": 12, "months": 12,
        "carbon_spread_pct": 0.1, "first_on": date(2024, 1, 5), "last_on": date(2025, 2, 4),
        "sample_ids_json": '["S5-000","S5-001"]',
    }  # fmt: skip
    pl.DataFrame([batch | changes]).write_parquet(marts / "fct_lab_batches.parquet")


def test_lab_date_conflict_finds_a_bulk_test_split_into_months(marts, run):
    lab_tests().write_parquet(marts / "fct_lab_tests.parquet")
    batches(marts)
    alike = run("lab_date_conflict").row(0, named=True)
    assert alike["subject_ids"] == ["E5", "L1", "U5"]
    assert json.loads(alike["measures"])["months_tested_at_once"]["value"] == 12
    assert json.loads(alike["evidence"])[0]["rows"] == [["S5-000"], ["S5-001"]]
    batches(marts, carbon_spread_pct=2.0)
    assert run("lab_date_conflict")["score"][0] < alike["score"]
    batches(marts, months=2)
    assert run("lab_date_conflict").is_empty()


@pytest.mark.parametrize(("tests", "days", "found"), [(40, 30, 1), (39, 30, 0), (40, 19, 0), (12, 30, 0)])
def test_a_laboratory_day_is_compared_with_its_busy_days(marts, run, tests, days, found):
    day = {
        "lab_id": "L1", "lab_name": "Lab 1", "tested_on": date(2024, 5, 6), "tests": tests,
        "days_with_tests": days, "tests_on_a_busy_day": 10.0, "sample_ids_json": '["S1","S2"]',
    }  # fmt: skip
    pl.DataFrame([day]).write_parquet(marts / "fct_lab_days.parquet")
    assert run("lab_date_conflict")["subject_ids"].to_list() == [["L1"]] * found


def test_reports_after_forty_days_stay_at_the_lowest_level(marts, run):
    slow = pl.col("entity_id") == "E2"
    lab_tests().with_columns(replaced("days_to_report", slow, 61)).write_parquet(
        marts / "fct_lab_tests.parquet"
    )
    alerts = run("lab_date_conflict")
    assert alerts["level"].to_list() == ["blue"]
