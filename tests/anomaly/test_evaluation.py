"""Matching, reading of labels and alerts, and what is refused or warned of."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl
import pytest

from anomaly.core.kinds import KINDS
from anomaly.evaluation import evaluate, match, read_alerts, read_labels
from anomaly.evaluation.output import as_document


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
ALERT = alerts(("a", "wash_trade", ["A"], day(1), day(2), 0.5))


@pytest.mark.parametrize(
    ("kind", "subjects", "first", "last", "found"),
    [
        ("wash_trade", ["A"], 1, 2, ["c1"]),  # half of two
        ("wash_trade", ["A", "A", "Z"], 1, 2, ["c1"]),
        ("wash_trade", ["C"], 1, 2, []),  # a third of three
        ("wash_trade", ["C", "C"], 1, 2, []),  # the same subject twice is still a third
        ("wash_trade", ["C", "E"], 4, 9, ["c2"]),
        ("wash_trade", ["A", "B"], 5, 9, []),  # half-open: adjacent windows do not overlap
        ("circular_trade", ["A", "B"], 1, 2, []),
        ("wash_trade", ["A", "B", "C", "D", "E", "Z"], 1, 2, ["c1", "c2"]),
        ("wash_trade", [], 1, 2, []),
    ],
)
def test_an_alert_finds_a_case(kind, subjects, first, last, found):
    alert = ALERT.with_columns(
        kind=pl.lit(kind), subject_ids=pl.Series([subjects], dtype=pl.List(pl.String)),
        window_start=pl.lit(day(first)), window_end=pl.lit(day(last)),
    )  # fmt: skip
    assert match(alert, CASES)["case_id"].to_list() == found


def test_windows_with_and_without_a_time_zone_meet():
    aware = (
        pl.col("window_start", "window_end").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Shanghai")
    )
    assert match(ALERT, CASES.with_columns(aware)).height == 1
    # eight hours earlier than the naive ones, which are UTC: the first case is over when the alert begins
    local = pl.col("window_start", "window_end").dt.replace_time_zone("Asia/Shanghai")
    late = alerts(("a", "wash_trade", ["A"], datetime(2024, 1, 4, 16), day(9), 0.5))
    assert match(late, CASES).height == 1
    assert match(late, CASES.with_columns(local)).height == 0


def test_nothing_found_and_nothing_to_find():
    nothing = evaluate(ALERT.clear(), CASES)
    assert (nothing.overall["recall"], nothing.overall["precision"]) == (0, 0)
    assert (nothing.overall["average_precision"], nothing.overall["precision_at_10"]) == (0, 0)
    assert nothing.macro["average_precision"] == 0
    unlabelled = evaluate(ALERT, CASES.clear())
    assert (unlabelled.overall["recall"], unlabelled.overall["precision"]) == (None, 0)
    neither = evaluate(ALERT.clear(), CASES.clear())
    assert (neither.overall["recall"], neither.overall["precision"]) == (None, None)
    assert neither.macro == {"kinds": 0} | {
        f"{name}{end}": None
        for name in ("recall", "precision", "average_precision")
        for end in ("", "_low", "_high")
    }
    assert neither.by_kind.height == len(KINDS)


def test_labels_of_another_market_are_warned_of():
    elsewhere = CASES.with_columns(subject_ids=pl.Series([["P"], ["Q"], ["R"]]))
    (warning,) = evaluate(ALERT, elsewhere).warnings
    assert "not one of the 3 subjects" in warning and "another market" in warning
    assert not evaluate(ALERT, CASES).warnings
    # The published market knows them, so that the zeros are the detectors' own.
    assert not evaluate(ALERT, elsewhere, known={"Q"}).warnings


def test_what_an_evaluation_refuses():
    with pytest.raises(ValueError, match="late_night"):
        evaluate(ALERT.with_columns(kind=pl.lit("late_night")), CASES)
    with pytest.raises(ValueError, match=r"alert_id once, found a more"):
        evaluate(pl.concat([ALERT, ALERT]), CASES)


def test_labels_from_csv(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text(
        "case_id,kind,subject_ids,window_start,window_end,affected\n"
        'c1,wash_trade,A|B,2024-01-01T00:00:00+08:00,2024-01-02T00:00:00Z,"{""trades"": [[""T1""]]}"\n'
        "c2,wash_trade,C,2024-01-01,2024-01-02,\n",
        encoding="utf-8",
    )
    first, second = read_labels(file).iter_rows(named=True)
    assert first["subject_ids"] == ["A", "B"]
    assert (first["window_start"], first["window_end"]) == (datetime(2023, 12, 31, 16), day(2))
    assert json.loads(first["affected"]) == {"trades": [["T1"]]}
    assert (second["window_start"], second["affected"], second["severity"]) == (day(1), None, None)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("c1,wash_trade,,2024-01-01,2024-01-02", "expected a subject_ids in every row"),
        (",wash_trade,A,2024-01-01,2024-01-02", "expected a case_id"),
        ("c1,wash_trade,A,yesterday,2024-01-02", "ISO 8601"),
        ("c1,wash_trade,A,2024-01-03,2024-01-02", "end after they start"),
        ("c1,washing,A,2024-01-01,2024-01-02", "washing"),
        ("c1,wash_trade,A,2024-01-01,2024-01-02\nc1,wash_trade,B,2024-01-01,2024-01-02", "each case_id once"),
    ],
)
def test_labels_that_are_refused(tmp_path, row, said):
    file = tmp_path / "labels.csv"
    file.write_text(f"case_id,kind,subject_ids,window_start,window_end\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        read_labels(file)
    assert str(file) in str(caught.value)


def test_files_that_are_no_tables(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("case_id,kind\nc1,wash_trade\n", encoding="utf-8")
    with pytest.raises(ValueError, match="missing subject_ids"):
        read_labels(file)
    for name in ("labels.parquet", "alerts.parquet", "alerts.jsonl"):
        other = tmp_path / name
        other.write_bytes(b"no table")
        with pytest.raises(ValueError, match="expected"):
            (read_labels if name.startswith("labels") else read_alerts)(other)


EVIDENCE = [{"table": "trades", "key": ["trade_id"], "rows": [["T1"]]}]


def test_alerts_are_the_same_from_json_lines_and_both_forms_of_parquet(tmp_path):
    record = {
        "alert_id": "a", "kind": "wash_trade", "subject_ids": ["A"], "window_start": "2024-01-01T00:00:00Z",
        "window_end": "2024-01-02T00:00:00Z", "score": 1, "evidence": EVIDENCE, "title_zh": "对敲",
    }  # fmt: skip
    (tmp_path / "alerts.jsonl").write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    contract = ALERT.with_columns(score=pl.lit(1.0), evidence=pl.lit(json.dumps(EVIDENCE)))
    contract.write_parquet(tmp_path / "contract.parquet")
    published = contract.drop("subject_ids").with_columns(subject_ids_json=pl.lit('["A"]'))
    published.write_parquet(tmp_path / "published.parquet")
    frames = [
        read_alerts(tmp_path / name) for name in ("alerts.jsonl", "contract.parquet", "published.parquet")
    ]
    assert frames[0].drop("evidence").equals(contract.drop("evidence"))
    assert frames[1].equals(frames[2])
    assert [json.loads(frame["evidence"][0]) for frame in frames] == [EVIDENCE] * 3


def test_severities_may_be_anything_and_nested_values_must_be_json(tmp_path):
    file = tmp_path / "labels.parquet"
    CASES.with_columns(severity=pl.Series([3, 1, None])).write_parquet(file)
    assert evaluate(ALERT, read_labels(file)).by_severity["severity"].to_list() == ["1", "3", "not given"]
    CASES.with_columns(affected=pl.Series([{"trades": [["T1"]]}] * 3)).write_parquet(file)
    with pytest.raises(ValueError, match="write it as JSON"):
        read_labels(file)


def test_alerts_that_are_refused(tmp_path):
    file = tmp_path / "alerts.jsonl"
    file.write_text('{"alert_id": "a", "kind": "wash_trade"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="expected a subject_ids in every row"):
        read_alerts(file)
    ALERT.with_columns(score=pl.lit(float("nan"))).write_parquet(tmp_path / "alerts.parquet")
    with pytest.raises(ValueError, match="finite scores"):
        read_alerts(tmp_path / "alerts.parquet")


def test_the_document_holds_everything_as_json():
    document = json.loads(json.dumps(as_document(evaluate(ALERT, CASES)), allow_nan=False))
    assert document["overall"]["found"] == 1
    assert len(document["by_kind"]) == len(KINDS)
    assert document["matches"] == [{"alert_id": "a", "case_id": "c1"}]
    assert [case["case_id"] for case in document["cases"] if not case["found"]] == ["c2", "c3"]
    assert "late_report" in document["kinds_without_alerts"]
    assert "wash_trade" not in document["kinds_without_cases"]
    assert {"definitions", "intervals", "macro", "by_family", "by_severity", "rows", "curves"} <= set(
        document
    )
