"""Policy: what it refuses, levels, articles, and the scale of scores."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from anomaly.core.discovery import all_detectors, limits_of
from anomaly.core.kinds import KINDS
from anomaly.core.policy import POLICY_FILE, load_policy
from anomaly.core.run import check_policy
from anomaly.core.scoring import certain, either, exceedance, magnitude, total
from anomaly.core.texts import DETECTORS, text


def changed(tmp_path: Path, file: Path, change) -> Path:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content)
    written = tmp_path / file.relative_to(DETECTORS.parent)
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return written


def test_the_common_policy_refuses_levels_out_of_order(tmp_path):
    file = changed(tmp_path, POLICY_FILE, lambda c: c["levels"].update(red=0.1))
    with pytest.raises(ValueError, match="levels"):
        load_policy(file)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c.update(extra=1), "extra"),
        (lambda c: c.pop("critical"), "critical"),
        (lambda c: c["thresholds"]["margin"].update(note="x"), "note"),
        (lambda c: c["thresholds"]["margin"].update(value="much"), "value"),
        (lambda c: c["thresholds"]["margin"].pop("why"), "why"),
        (lambda c: c["thresholds"]["margin"].update(why="One language only."), "why"),
        (lambda c: c["thresholds"]["margin"]["why"].pop("zh"), "why.zh"),
        (lambda c: c["thresholds"]["margin"]["why"].update(en=""), "why.en"),
    ],
)
def test_a_detectors_policy_refuses_what_it_does_not_know(tmp_path, change, named):
    changed(tmp_path, DETECTORS / "manipulation/wash_trade/policy.yml", change)
    with pytest.raises(ValueError, match=f"wash_trade.*{named}"):
        load_policy(detectors=tmp_path / "detectors")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c["thresholds"].update(margn=c["thresholds"].pop("margin")), "margin"),
        (lambda c: c["thresholds"].pop("margin"), "margin"),
        (lambda c: c["thresholds"]["max_accounts"].update(value=2.5), "max_accounts"),
    ],
)
def test_thresholds_fit_the_detectors_class(tmp_path, change, named):
    changed(tmp_path, DETECTORS / "manipulation/wash_trade/policy.yml", change)
    policy = load_policy(detectors=tmp_path / "detectors")
    (detector,) = (detector for detector in all_detectors() if detector.kind == "wash_trade")
    with pytest.raises(ValueError, match=f"wash_trade.*{named}"):
        limits_of(detector, policy)


def test_policy_and_detectors_name_each_other():
    policy = load_policy()
    check_policy(policy, all_detectors())
    with pytest.raises(ValueError, match=r"wash_trade.*no such file"):
        lacking = {kind: own for kind, own in policy.detectors.items() if kind != "wash_trade"}
        check_policy(policy.model_copy(update={"detectors": lacking}), all_detectors())
    with pytest.raises(ValueError, match=r"wash_trade.*detector\.py"):
        check_policy(policy, [detector for detector in all_detectors() if detector.kind != "wash_trade"])


def test_every_rule_referred_to_has_a_title():
    for own in load_policy().detectors.values():
        for by_market in own.rules.values():
            for rules in by_market.values():
                assert all(text(f"rules.{rule}", "zh") for rule in rules)


def test_a_variant_may_have_rules_of_its_own():
    policy = load_policy()
    assert policy.rule_refs("missing_report", "cn", "monthly") == ["C-04"]
    assert policy.rule_refs("late_report", "cn", "monthly") == policy.rule_refs("late_report", "cn")
    assert policy.rule_refs("missing_report", "eu", "monthly") == []
    variants = {
        detector.kind: {variant for search in detector.searches for variant in search.title_variants}
        for detector in all_detectors()
    }
    for kind, own in policy.detectors.items():
        assert kind in KINDS and set(own.rules) <= variants[kind] | {"default"}, kind


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


def test_an_expression_scores_as_a_number_does():
    sizes = [-1.0, 0.0, 0.3, 1.0, 2.5, 1e9]
    frame = pl.DataFrame({"size": sizes})
    pairs = [
        (exceedance(pl.col("size"), 2.0, 0.7), [exceedance(size, 2.0, 0.7) for size in sizes]),
        (certain(0.4, pl.col("size"), 3.0), [certain(0.4, size, 3.0) for size in sizes]),
        (magnitude(pl.col("size"), 1e6), [magnitude(size, 1e6) for size in sizes]),
        (total(0.2, pl.col("size")), [total(0.2, size) for size in sizes]),
        (either(0.2, pl.col("size")), [either(0.2, size) for size in sizes]),
    ]
    for expression, numbers in pairs:
        assert frame.select(expression).to_series().to_list() == pytest.approx(numbers, abs=1e-6)
