"""Exposures say which marts the detectors and the desk's pages read, and no other."""

from __future__ import annotations

import re

import pytest

from anomaly.core.discovery import all_detectors
from pipelines.cli.exposures import exposures, main, published
from pipelines.warehouse.project import read_manifest

LEARNED = {"expected_emissions"}
"""Tables of learned models, which dbt does not build."""
BY_NAME = {exposure["name"]: exposure for exposure in exposures()}


def marts_of(name: str) -> set[str]:
    return {re.fullmatch(r"ref\('(\w+)'\)", entry)[1] for entry in BY_NAME[name]["depends_on"]}


def test_the_checkout_says_what_detectors_and_desk_declare(tmp_path, capsys):
    assert main(["--check"]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "exposures.yml" in capsys.readouterr().err
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_dbt_knows_every_exposure():
    assert {node["name"] for node in read_manifest()["exposures"].values()} == BY_NAME.keys()


@pytest.mark.parametrize("detector", all_detectors(), ids=lambda detector: detector.kind)
def test_a_detector_depends_on_the_marts_of_its_needs(detector):
    assert marts_of(f"detector_{detector.kind}") == {need.mart for need in detector.needs} - LEARNED


def test_a_page_depends_on_what_it_and_its_modules_query():
    alerts = {"fct_alerts", "fct_alert_assessments", "fct_detector_runs"}
    assert marts_of("desk_early_warnings") == alerts
    assert {"feat_market_days", "fct_market_days", "fct_compliance_years"} <= marts_of("desk_market_health")
    assert {"rule_articles", "fct_alerts", "dim_accounts"} <= marts_of("desk_alert_detail")


def test_every_exposure_reads_something_that_is_published():
    for name in BY_NAME:
        assert marts_of(name)
        assert marts_of(name) <= published()
