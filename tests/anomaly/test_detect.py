"""A run: skipping, stable ids, evidence rows, replay."""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from anomaly.core.alerts import ALERT_SCHEMA
from anomaly.core.discovery import all_detectors
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.run import detect
from anomaly.replay import replay
from tests.anomaly import obligations


def compliance(count=3):
    return pl.DataFrame(
        {
            "entity_id": [f"E{n}" for n in range(count)],
            "year": [2023] * count,
            "entity_name": [f"厂 {n}" for n in range(count)],
            "province_code": ["110000"] * count,
            "due_on": [date(2024, 12, 31)] * count,
            "basis": ["annual"] * count,
            "required_tco2e": [1000.0] * count,
            "provided_tco2e": [1000.0 - 100 * n for n in range(count)],
            "shortfall_tco2e": [100.0 * n for n in range(count)],
            "verdict": ["compliant" if n == 0 else "not_compliant" for n in range(count)],
            "verified_emissions_tco2e": [1000.0] * count,
            "registry_status": ["compliant"] * count,
        }
    )


def states(result):
    return dict(result.runs.select("kind", "state").iter_rows())


def test_detectors_without_rows_are_not_applicable_and_say_what_they_lack(marts):
    compliance().clear().write_parquet(marts / "fct_compliance_years.parquet")
    result = detect(marts)
    assert result.alerts.is_empty() and result.alerts.schema == pl.Schema(ALERT_SCHEMA)
    assert states(result) == {detector.kind: "not_applicable" for detector in all_detectors()}
    reasons = dict(result.runs.select("kind", "reason").iter_rows())
    assert reasons["surrender_shortfall"] == "no rows of fct_compliance_years"


def test_a_lacking_column_breaks_its_detectors_alone_and_is_named(marts):
    compliance().drop("registry_status").write_parquet(marts / "fct_compliance_years.parquet")
    obligations.filings().write_parquet(marts / "fct_report_obligations.parquet")
    result = detect(marts)
    assert states(result)["surrender_shortfall"] == "broken"
    assert states(result)["late_report"] == "ran"
    (reason,) = result.runs.filter(pl.col("state") == "broken")["reason"]
    assert "registry_status" in reason and str(marts) not in reason


def test_what_a_detector_raises_is_published_without_paths(marts, monkeypatch):
    compliance().write_parquet(marts / "fct_compliance_years.parquet")

    def fail(*arguments):
        raise OSError(f"cannot open {marts}/fct_compliance_years.parquet today")

    monkeypatch.setattr("anomaly.core.run.findings", fail)
    result = detect(marts, kinds=["surrender_shortfall"])
    assert result.runs["reason"].to_list() == ["OSError: cannot open (path) today"]
    assert result.alerts.is_empty()


def test_a_folder_of_files_is_a_mart(marts):
    folder = marts / "fct_compliance_years"
    folder.mkdir()
    compliance(1).write_parquet(folder / "a.parquet")
    compliance(3).tail(2).write_parquet(folder / "b.parquet")
    assert Marts(marts).read("fct_compliance_years", "entity_id").height == 3
    assert detect(marts).alerts.height == 2


def test_ids_and_rows_are_equal_whatever_the_order_of_rows(marts):
    compliance(6).write_parquet(marts / "fct_compliance_years.parquet")
    first = detect(marts, snapshot_id="s")
    compliance(6).reverse().write_parquet(marts / "fct_compliance_years.parquet")
    second = detect(marts, snapshot_id="s")
    assert first.alerts.equals(second.alerts) and first.evidence.equals(second.evidence)
    assert first.alerts["alert_id"].is_unique().all()
    assert first.alerts["alert_id"].str.contains(r"^A-[0-9a-f]{16}$").all()
    assert first.alerts["score"].is_sorted(descending=True)


def test_every_alert_has_evidence_rows_and_both_titles(marts):
    compliance(6).write_parquet(marts / "fct_compliance_years.parquet")
    result = detect(marts)
    assert set(result.evidence["alert_id"]) == set(result.alerts["alert_id"])
    assert json.loads(result.evidence["record_key"][0]).keys() == {"entity_id", "year"}
    for row in result.alerts.iter_rows(named=True):
        assert row["title_zh"] and row["title_en"] and row["measures"] == json.dumps(
            json.loads(row["measures"]), ensure_ascii=False, sort_keys=True
        )  # fmt: skip


def test_rules_of_a_market_without_law_on_file_are_left_out(marts):
    compliance().write_parquet(marts / "fct_compliance_years.parquet")
    alerts = detect(marts, market=Market("eu", "Europe/Brussels", "EUR")).alerts
    assert alerts["rule_refs"].list.len().sum() == 0


def test_replay_gives_the_same_alert_and_reports_a_changed_one(marts):
    compliance(4).write_parquet(marts / "fct_compliance_years.parquet")
    snapshot = marts.parent
    manifest = {"as_of": "2025-01-31", "market": {"id": "cn", "timezone": "Asia/Shanghai", "currency": "CNY"}}
    (snapshot / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    market = Market.from_settings({"as_of": manifest["as_of"], **manifest["market"]})
    alert = detect(marts, market=market, snapshot_id="s").alerts.row(0, named=True)
    assert replay(alert, snapshot).is_equal
    assert replay(alert | {"score": 0.1}, snapshot).differs == ("score",)
    assert replay(alert | {"alert_id": "A-0000000000000000"}, snapshot).again is None
