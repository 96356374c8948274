"""The page of measured detectors and the picture, from a few alerts and labels made by hand."""

from __future__ import annotations

import json
import re
from datetime import datetime

import polars as pl
import pytest

from anomaly.core.kinds import KINDS
from anomaly.evaluation import SourceKey, evaluate
from anomaly.evaluation.page import Measured, page
from anomaly.evaluation.picture import draw, points, save

WINDOW = {"window_start": datetime(2024, 1, 1), "window_end": datetime(2024, 1, 3)}


def case(case_id, kind, subject, severity="plain", **more):
    return {
        "case_id": case_id, "kind": kind, "subject_ids": [subject], "severity": severity,
        "description": f"what {case_id} did | and more", "affected": None, **WINDOW, **more,
    }  # fmt: skip


def alert(alert_id, kind, subject, score, evidence="[]"):
    return {
        "alert_id": alert_id, "kind": kind, "subject_ids": [subject], "score": score,
        "evidence": evidence, **WINDOW,
    }  # fmt: skip


EVIDENCE = json.dumps([{"table": "trades", "key": ["trade_id"], "rows": [["T1"], ["T9"]]}])
RESULT = evaluate(
    pl.DataFrame(
        [
            alert("a1", "wash_trade", "A", 0.9, EVIDENCE),
            alert("a2", "wash_trade", "Z", 0.8),
            alert("a3", "wash_trade", "B", 0.8),
            alert("a4", "late_report", "X", 0.7),
        ]
    ),
    pl.DataFrame(
        [
            case("c1", "wash_trade", "A", affected=json.dumps({"trades": [["T1"], ["T2"]]})),
            case("c2", "wash_trade", "B", "faint"),
            case("c3", "spoofing", "A"),
        ]
    ),
    {"trades": SourceKey(("trade_id",))},
)
PAGE = page([Measured("tiny", 5, 12, 3_456, RESULT, "images/tiny.svg")], "9.9", {"wash_trade", "late_report"})


def line(start):
    (found,) = [one for one in PAGE.splitlines() if one.startswith(start)]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_page_says_where_its_figures_come_from():
    assert "Carbonwarden 9.9" in PAGE
    assert "Seed 5, 12 emitters, 3,456 source rows; 3 cases of 2 kinds, 4 alerts." in PAGE
    assert "2 of 3 cases were found: recall 0.67 (" in PAGE
    assert "2 of 4 alerts lead to a case: precision 0.50 (" in PAGE
    assert "starting line" in PAGE and "no forecast" in PAGE
    assert "![Precision against recall by kind, tiny market](images/tiny.svg)" in PAGE


def test_every_kind_has_its_line():
    wash = line("| [`wash_trade`]")
    assert wash[1:3] == ["2", "2"] and wash[3].startswith("1.00 (") and wash[4:6] == ["3", "2"]
    # 1/2 * 1/1 + 1/2 * 2/3
    assert wash[7].startswith("0.83")
    assert line("| `spoofing` (no detector)")[1:8] == ["1", "0", "0.00 (0.00–0.73)", "0", "0", "0.00", "0.00"]
    assert line("| `bid_rigging` (no detector)")[1:8] == ["0", "0", "–", "0", "0", "–", "–"]
    assert len(re.findall(r"^\| \[?`\w+`", PAGE, re.M)) == len(KINDS)


def test_what_has_no_detector_no_alert_or_no_case_is_said():
    assert f"2 of the contract's {len(KINDS)} kinds have a detector. None looks for `circular_trade`" in PAGE
    assert "Cases, but not one alert: `spoofing`." in PAGE
    assert "no case planted, so that each counts as wrong: `late_report`." in PAGE
    assert "Neither case nor alert, so that nothing is measured: `circular_trade`" in PAGE


def test_severities_rows_and_misses_are_listed():
    assert line("| faint ")[1:3] == ["1", "1"]
    # affected 2, named T1; evidence T1 T9, of which T1 is right
    assert line("| all ")[1:] == ["2", "1", "0.50", "0.50", "2", "1", "0", "0.50"]
    assert "| c3 | spoofing | plain | what c3 did \\| and more |" in PAGE
    assert "| c1 |" not in PAGE


def test_the_page_says_what_every_figure_is():
    figures = PAGE.partition("## How it is measured")[2]
    for name in (
        "recall",
        "precision",
        "average precision",
        "days",
        "row precision",
        "interval",
        "zero and null",
    ):
        assert f"- **{name}**: " in figures


def test_a_curve_has_a_step_a_score_and_starts_at_recall_0():
    drawn = points(RESULT, "manipulation")
    wash = drawn.filter(pl.col("name") == "wash_trade 0.83").sort("place")
    assert wash.select("recall", "precision").rows() == [(0, 1), (0.5, 1), (1, pytest.approx(2 / 3))]
    silent = drawn.filter(pl.col("name") == "spoofing 0.00")
    assert silent.select("recall", "precision").rows() == [(0, 0)]
    assert points(RESULT, "compliance").is_empty()


def test_the_steps_enclose_the_average_precision():
    wash = points(RESULT, "manipulation").filter(pl.col("name") == "wash_trade 0.83").sort("place")
    area = (wash["recall"].diff().fill_null(0) * wash["precision"]).sum()
    assert area == pytest.approx(RESULT.by_kind.filter(kind="wash_trade")["average_precision"][0])
    (panel,) = draw(RESULT).to_dict()["concat"]
    lines = [layer["mark"] for layer in panel["layer"] if layer["mark"]["type"] == "line"]
    # horizontal at the precision of the step's end, as the area is summed
    assert [mark["interpolate"] for mark in lines] == ["step-before"] * 2


@pytest.mark.parametrize(("name", "start"), [("curve.svg", b"<svg"), ("curve.png", b"\x89PNG")])
def test_the_picture_is_written(tmp_path, name, start):
    save(RESULT, tmp_path / name)
    written = (tmp_path / name).read_bytes()
    assert written.startswith(start)
    if name.endswith("svg"):
        assert b"wash_trade 0.83" in written and b"Market manipulation" in written


def test_pictures_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        save(RESULT, tmp_path / "curve.pdf")
    empty = evaluate(
        pl.DataFrame([alert("a", "wash_trade", "A", 1.0)]), pl.DataFrame([case("c", "spoofing", "A")]).clear()
    )
    assert draw(empty) is None
    with pytest.raises(ValueError, match="at least one case"):
        save(empty, tmp_path / "curve.svg")
