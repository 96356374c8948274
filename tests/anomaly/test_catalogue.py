"""Texts, kinds and policy are complete and agree with each other and with the contract."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
import yaml

from anomaly.catalogue import LANGUAGES, keys, messages, text
from anomaly.catalogue.kinds import FAMILIES, KINDS, LEVELS, SUBJECT_TYPES
from anomaly.detect import check_policy
from anomaly.detectors import DETECTORS
from anomaly.policy import POLICY_FILE, load_policy
from anomaly.scoring import certain, either, exceedance, magnitude, total


def placeholders(template):
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def test_every_text_has_both_languages_and_equal_placeholders():
    for key, texts in messages().items():
        assert set(texts) == set(LANGUAGES), key
        assert placeholders(texts["zh"]) == placeholders(texts["en"]), key


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_name_and_a_meaning(kind):
    for language in LANGUAGES:
        assert text(f"kinds.{kind}.name", language)
        assert text(f"kinds.{kind}.meaning", language)


def test_families_levels_and_subjects_are_named():
    for prefix, names in (("families", FAMILIES), ("levels", LEVELS), ("subject_types", SUBJECT_TYPES)):
        assert {key.split(".")[1] for key in keys(prefix)} == set(names)


def test_every_rule_referred_to_has_a_title():
    for by_market in load_policy().rules.values():
        for rules in by_market.values():
            for rule in rules:
                assert text(f"rules.{rule}", "zh")


def test_every_detector_has_titles_and_an_own_kind():
    kinds = [detector.kind for detector in DETECTORS]
    assert len(kinds) == len(set(kinds)) and set(kinds) <= set(KINDS)
    for kind in kinds:
        assert keys(f"titles.{kind}"), kind


def test_a_missing_text_names_its_key():
    with pytest.raises(KeyError, match=r"kinds\.nonsense"):
        text("kinds.nonsense", "zh")


def test_a_key_in_two_files_is_refused(tmp_path):
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("x: {zh: 一, en: one}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.yml.*x"):
        messages(tmp_path)


def changed_policy(tmp_path: Path, change) -> Path:
    content = yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8"))
    change(content)
    file = tmp_path / "policy.yml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c.update(extra=1), "extra"),
        (lambda c: c["detectors"]["wash_trade"]["margin"].update(note="x"), "note"),
        (lambda c: c["detectors"]["wash_trade"]["margin"].update(value="much"), "value"),
        (lambda c: c["detectors"]["wash_trade"]["margin"].pop("why"), "why"),
        (lambda c: c["levels"].update(red=0.1), "levels"),
    ],
)
def test_policy_refuses_what_it_does_not_know(tmp_path, change, named):
    with pytest.raises(ValueError, match=named):
        load_policy(changed_policy(tmp_path, change))


def test_policy_and_detectors_name_each_other(tmp_path):
    check_policy(load_policy(), DETECTORS)
    lacking = load_policy(changed_policy(tmp_path, lambda c: c["detectors"].pop("wash_trade")))
    with pytest.raises(ValueError, match="wash_trade"):
        check_policy(lacking, DETECTORS)


def test_levels_follow_scores():
    policy = load_policy()
    assert [policy.level(score) for score in (0.0, 0.6, 0.75, 0.9, 0.9999)] == [
        "blue",
        "yellow",
        "orange",
        "red",
        "red",
    ]


def test_scores_are_bounded_and_rise():
    assert exceedance(1, 1) == 0.5 and exceedance(2, 1) == 0.75 and exceedance(0, 1) == 0.0
    assert exceedance(1e9, 1) < 1 and exceedance(1e9, 1, cap=0.7) == 0.7
    assert certain(0.5, 0, 1) == 0.5 and certain(0.5, 1, 1) == 0.75
    assert either(0.5, 0.5) == 0.75 and either() == 0.0
    assert magnitude(0, 1e6) == 0 and magnitude(1e9, 1e6) == 1
    assert magnitude(1e4, 1e6) - magnitude(1e3, 1e6) == pytest.approx(1 / 6, abs=1e-3)
    assert total(0.5, 0.25) == 0.75 and total(0.9, 0.9) < 1
    with pytest.raises(ValueError, match="threshold"):
        exceedance(1, 0)
    with pytest.raises(ValueError, match="above 0"):
        magnitude(1, 0)


def test_a_variant_may_have_rules_of_its_own_in_kinds_that_there_are():
    policy = load_policy()
    assert policy.rule_refs("missing_report", "cn", "monthly") == ["C-04"]
    assert policy.rule_refs("late_report", "cn", "monthly") == policy.rule_refs("late_report", "cn")
    assert policy.rule_refs("missing_report", "eu", "monthly") == []
    for name in policy.rules:
        kind, _, variant = name.partition(".")
        assert kind in KINDS and (not variant or f"titles.{kind}.{variant}" in messages()), name
