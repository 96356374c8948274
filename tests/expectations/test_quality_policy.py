"""Policy, suites and texts belong together: no bound without a check, no check without texts."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from anomaly.core.texts import Texts
from expectations import policy
from expectations.gates import GATES, suites_of
from expectations.policy import Bound, Market, Reason, bound, entry_names
from expectations.runner import MESSAGES
from expectations.suite import Frame
from pipelines.cli import checks

TEXTS = Texts(MESSAGES)

MARKETS = (Market(), Market("eu", "EUR"), Market("us-ca", "USD"), Market("nz", "NZD"))


def _checks(market: Market) -> set[tuple[str, str, str]]:
    return {
        (gate, suite.name, check.name)
        for gate in GATES
        for suite in suites_of(Frame(gate, market, date(2025, 6, 30)))
        for check in suite.checks
    }


def test_every_bound_has_its_check_and_every_check_its_bound():
    assert _checks(Market()) == set(entry_names())


def test_an_interval_is_given_exactly_where_the_expectation_has_one():
    for gate in GATES:
        for suite in suites_of(Frame(gate, Market(), date(2025, 6, 30))):
            for check in suite.checks:
                where = (gate, suite.name, check.name)
                assert check.bound.has_interval == check.expect.is_interval, where
                assert check.expect.has_share or check.bound.mostly == 1, where
                assert check.expected, where


def test_suites_of_a_gate_have_names_of_their_own():
    for gate in GATES:
        names = [suite.name for suite in suites_of(Frame(gate, Market(), date(2025, 6, 30)))]
        assert len(set(names)) == len(names)


def test_every_check_has_texts_with_the_same_placeholders():
    known = {"minimum", "maximum", "share"}
    for gate, suite, name in entry_names():
        texts = TEXTS.messages[f"quality.{gate}.{suite}.{name}"]
        fields = {
            language: {field for _, field, _, _ in Formatter().parse(texts[language]) if field}
            for language in ("zh", "en")
        }
        assert fields["zh"] == fields["en"] <= known, (gate, suite, name)
        for market in MARKETS:
            found = bound(gate, suite, name, market)
            if found is not None:
                absent = {side for side in ("minimum", "maximum") if getattr(found, side) is None}
                assert not fields["en"] & absent, (gate, suite, name)
                assert ("share" in fields["en"]) == (found.mostly < 1), (gate, suite, name)


def test_no_text_is_left_without_a_check():
    of_checks = {f"quality.{gate}.{suite}.{name}" for gate, suite, name in entry_names()}
    assert set(TEXTS.keys("quality.ingestion")) | set(TEXTS.keys("quality.publication")) == of_checks


def test_every_bound_gives_its_reason_and_only_majorities_and_findings_refuse():
    for gate, suite, name in entry_names():
        found = bound(gate, suite, name, Market())
        assert found is not None
        assert min(len(found.why.en), 2 * len(found.why.zh)) > 10, (gate, suite, name)
        if (
            gate == "ingestion"
            and found.severity == "critical"
            and suite not in ("content", "row_accounting", "file_accounting", "completeness")
        ):
            assert found.mostly < 1, f"{suite}.{name} would refuse a run for a single odd figure"


def test_rules_that_were_not_read_in_an_official_text_are_marked():
    assert bound("ingestion", "lab_tests", "carbon_daf_lignite", Market()).is_verified
    assert not bound("ingestion", "market_days", "close_outside_limits", Market()).is_verified
    assert not bound("ingestion", "trades", "price", Market()).is_verified


def test_overrides_go_from_currency_over_country_to_market():
    assert bound("ingestion", "trades", "price", Market("eu", "EUR")).maximum == 250
    assert bound("ingestion", "trades", "price", Market("nz", "NZD")).maximum == 1000
    assert (
        bound("ingestion", "unit_years", "co2_per_heat_coal_majority", Market("us-ca", "USD")).maximum == 0.1
    )
    assert bound("ingestion", "orders", "block_size", Market("eu", "EUR")) is None
    assert bound("ingestion", "orders", "block_size", Market("cn-bj", "CNY")) is not None


def test_an_unknown_bound_names_itself():
    with pytest.raises(KeyError, match=r"ingestion\.trades\.colour"):
        bound("ingestion", "trades", "colour", Market())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"severity": "serious", "minimum": 0}, "expected one of critical"),
        ({"severity": "info", "minimum": 0, "rule": "E-10"}, "expected one of read_two_copies"),
        ({"severity": "info", "minimum": 0, "mostly": 0}, "expected a share"),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Bound(why=Reason("理由", "because"), **settings)


@pytest.mark.parametrize(
    "why", [None, "One language only.", {"en": "One language only."}, {"zh": "", "en": "Half"}]
)
def test_a_reason_in_one_language_is_refused(why):
    with pytest.raises(ValueError, match=r"policy\.yml: x: expected why with a text in zh and in en"):
        Reason.of("policy.yml: x", why)


def test_reasons_are_chinese_in_chinese_and_shared_ones_are_written_once():
    text = (Path(policy.__file__).with_name("policy.yml")).read_text(encoding="utf-8")
    written = re.findall(r'en: "([^"]*)"', text)
    assert len(set(written)) == len(written)
    for gate, suite, name in entry_names():
        found = bound(gate, suite, name, Market())
        if found:
            assert re.search(r"[\u4e00-\u9fff]", found.why.zh), (gate, suite, name)
            assert not re.search(r"[\u4e00-\u9fff]", found.why.en), (gate, suite, name)


def test_the_reference_pages_are_those_of_the_policies():
    assert checks.main(["--check"]) == 0
