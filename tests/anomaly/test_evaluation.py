"""Matching and metrics, worked by hand."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from anomaly.evaluation import average_precision, evaluate, match, read_labels


def day(number):
    return datetime(2024, 1, number)


def alerts(*rows):
    names = ("alert_id", "kind", "subject_ids", "window_start", "window_end", "score")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


def labels(*rows):
    names = ("case_id", "kind", "subject_ids", "window_start", "window_end")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


CASES = labels(
    ("c1", "wash_trade", ["A", "B"], day(1), day(5)),
    ("c2", "wash_trade", ["C", "D", "E"], day(1), day(5)),
    ("c3", "late_report", ["X"], day(1), day(31)),
)


@pytest.mark.parametrize(
    ("kind", "subjects", "first", "last", "found"),
    [
        ("wash_trade", ["A"], 1, 2, ["c1"]),  # half of two
        ("wash_trade", ["C"], 1, 2, []),  # a third of three
        ("wash_trade", ["C", "E"], 4, 9, ["c2"]),
        ("wash_trade", ["A", "B"], 5, 9, []),  # half-open: touching is no overlap
        ("circular_trade", ["A", "B"], 1, 2, []),
        ("wash_trade", ["A", "B", "C", "D", "E", "Z"], 1, 2, ["c1", "c2"]),
    ],
)
def test_an_alert_finds_a_case(kind, subjects, first, last, found):
    alert = alerts(("a", kind, subjects, day(first), day(last), 0.5))
    assert match(alert, CASES)["case_id"].to_list() == found


def test_worked_example():
    given = alerts(
        ("a1", "wash_trade", ["A"], day(2), day(3), 0.9),  # finds c1
        ("a2", "wash_trade", ["Z"], day(2), day(3), 0.8),  # wrong
        ("a3", "wash_trade", ["C", "D"], day(2), day(3), 0.7),  # finds c2
        ("a4", "wash_trade", ["B"], day(2), day(3), 0.6),  # finds c1 again: right, no new case
        ("a5", "spoofing", ["A"], day(2), day(3), 0.5),  # a kind without cases
    )
    result = evaluate(given, CASES)
    wash = result.by_kind.filter(pl.col("kind") == "wash_trade").row(0, named=True)
    assert (wash["cases"], wash["found"], wash["alerts"], wash["right"]) == (2, 2, 4, 3)
    assert wash["precision"] == 0.75
    assert wash["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * (2 / 3))
    late = result.by_kind.filter(pl.col("kind") == "late_report").row(0, named=True)
    assert (late["recall"], late["average_precision"]) == (0.0, 0.0)
    assert result.overall["recall"] == pytest.approx(2 / 3)
    assert result.overall["precision"] == pytest.approx(3 / 5)


def test_ties_are_taken_together_whatever_the_order():
    given = alerts(
        ("a1", "wash_trade", ["Z"], day(2), day(3), 0.9), ("a2", "wash_trade", ["A"], day(2), day(3), 0.9)
    )
    cases = CASES.head(1)
    for frame in (given, given.reverse()):
        assert average_precision(frame, match(frame, cases), 1) == 0.5


def test_nothing_found_and_nothing_to_find():
    empty = alerts(("a", "wash_trade", ["A"], day(1), day(2), 0.5)).clear()
    assert evaluate(empty, CASES).overall["recall"] == 0.0
    assert evaluate(empty, CASES.clear()).overall["precision"] == 0.0


def test_labels_from_csv(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text(
        "case_id,kind,subject_ids,window_start,window_end\n"
        "c1,wash_trade,A|B,2024-01-01T00:00:00+08:00,2024-01-02T00:00:00+08:00\n",
        encoding="utf-8",
    )
    row = read_labels(file).row(0, named=True)
    assert row["subject_ids"] == ["A", "B"]
    assert row["window_start"] == datetime(2023, 12, 31, 16)
    file.write_text("case_id,kind\nc1,wash_trade\n", encoding="utf-8")
    with pytest.raises(ValueError, match="subject_ids"):
        read_labels(file)
