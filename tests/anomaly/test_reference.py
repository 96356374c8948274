"""The reference page says what detectors, policy and catalogue say."""

from __future__ import annotations

from pathlib import Path

from anomaly.core.discovery import all_detectors
from anomaly.core.kinds import KINDS
from anomaly.core.policy import load_policy
from anomaly.reference import page
from pipelines.cli.detectors import PAGE, main

ROOT = Path(__file__).resolve().parents[2]


def test_the_checkout_holds_the_page_of_this_code():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(load_policy())


def test_every_kind_is_there_with_or_without_a_detector():
    text = page(load_policy())
    known = {detector.kind for detector in all_detectors()}
    for kind in KINDS:
        assert (f"## {kind}\n" in text) == (kind in known)
        assert f"`{kind}`" in text
    without = text.partition("## Kinds without a detector")[2]
    assert all(f"| `{kind}` |" in without for kind in set(KINDS) - known)


def test_every_threshold_is_there():
    text = page(load_policy())
    for kind, own in load_policy().detectors.items():
        section = text.partition(f"## {kind}\n")[2].partition("\n## ")[0]
        for name, threshold in own.thresholds.items():
            reasons = f"{threshold.why.en} | {threshold.why.zh}"
            assert f"| `{name}` | {threshold.value:g} | {threshold.unit} | {reasons} |" in section


def test_a_stale_page_is_seen_and_written(tmp_path, capsys):
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "make generate" in capsys.readouterr().err
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0
