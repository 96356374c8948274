"""When evidence names an affected row, and what cannot be compared."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from anomaly.core.alerts import Evidence, Finding, alert_frame
from anomaly.core.policy import load_policy
from anomaly.evaluation import SourceKey, evaluate
from anomaly.evaluation.rows import plain

TABLES = {
    "trades": SourceKey(("trade_id",), "ts"),
    "lab_tests": SourceKey(("sample_id",), "sampled_on"),
    "cems_hourly": SourceKey(("unit_id", "ts"), "ts"),
    "compliance": SourceKey(("entity_id", "year"), "year"),
}


def held_against(affected, *evidence, tables=TABLES):
    """One case that affected these rows, and one alert that finds it and shows this evidence."""
    window = {"window_start": datetime(2024, 1, 1), "window_end": datetime(2024, 2, 1)}
    one = {"kind": "cems_gap", "subject_ids": ["U1"], **window}
    text = affected if isinstance(affected, str) else json.dumps(affected)
    shown = evidence[0] if evidence and isinstance(evidence[0], str) else json.dumps(evidence)
    alerts = pl.DataFrame([{"alert_id": "a", "score": 0.5, "evidence": shown, **one}])
    return evaluate(alerts, pl.DataFrame([{"case_id": "c", "affected": text, **one}]), tables, resamples=10)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2024, "2024"),
        (2024.0, "2024"),
        (0.5, "0.5"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2), "2024-01-02"),
        ("2024-01-02T00:00:00Z", "2024-01-02"),
        ("2024-01-02 08:00:00+08:00", "2024-01-02"),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), "2024-01-02T03:00:00"),
        ("2024-01-02T03:00:00.000000", "2024-01-02T03:00:00"),
        ("20240102", "20240102"),  # an id, not a day
        ("007", "007"),
        ("2024-99-99T00:00", "2024-99-99T00:00"),
    ],
)
def test_values_are_compared_as_what_they_mean(value, text):
    assert plain(value) == text


def between(start, end):
    return {"from": start, "to": end}


HOURS = {"cems_hourly": [["U1", "2024-01-05T00:00:00"], ["U1", "2024-01-05T01:00:00"], ["U2", "2024-01-05"]]}


@pytest.mark.parametrize(
    ("entry", "named", "right"),
    [
        ({"key": ["unit_id", "ts"], "rows": [["U1", "2024-01-05T00:00:00Z"], ["U1", "2024-01-06"]]}, 1, 1),
        ({"key": ["ts", "unit_id"], "rows": [["2024-01-05T01:00:00", "U1"]]}, 1, 1),  # columns by name
        ({"key": ["unit_id"], "rows": [["U1"]]}, 2, 1),
        ({"key": ["unit_id"], "rows": [["U1"]], **between("2024-01-05", "2024-01-05T01:00:00Z")}, 1, 1),
        ({"key": ["unit_id"], "rows": [["U1"], ["U2"], ["U3"]], **between("2024-01-01", "2024-02-01")}, 3, 2),
        ({"key": ["unit_id"], "rows": [["U1"]], **between("2024-01-06", "2024-02-01")}, 0, 0),
        ({"key": ["unit_id", "status"], "rows": [["U1", "fault"]]}, 0, 0),  # a column outside the key
    ],
)  # fmt: skip
def test_evidence_names_affected_rows(entry, named, right):
    overall = held_against(HOURS, {"table": "cems_hourly", **entry}).overall
    assert (overall["named_rows"], overall["right_rows"]) == (named, right)
    assert (overall["affected_rows"], overall["evidence_rows"]) == (3, len(entry["rows"]))


def test_a_range_over_a_column_outside_the_key_names_nothing():
    entry = {
        "table": "lab_tests",
        "key": ["sample_id"],
        "rows": [["S1"]],
        "from": "2024-01-01",
        "to": "2024-02-01",
    }
    assert held_against({"lab_tests": [["S1"]]}, entry).overall["named_rows"] == 0


def test_rows_are_counted_once_however_often_they_are_listed():
    entry = {"table": "trades", "key": ["trade_id"], "rows": [["T1"], ["T1"], ["T2"]]}
    overall = held_against({"trades": [["T1"], ["T1"]]}, entry, entry).overall
    assert (overall["affected_rows"], overall["named_rows"]) == (1, 1)
    assert (overall["evidence_rows"], overall["right_rows"]) == (2, 1)


@pytest.mark.parametrize(
    ("affected", "said"),
    [
        ("[]]", "JSON of table names"),
        ({"trades": [["T1", "extra"]]}, "keys of trades as trade_id"),
        ({"ghosts": [["G1"]]}, "tables of the contract, found ghosts"),
    ],
)
def test_affected_rows_that_cannot_be_compared_are_reported(affected, said):
    result = held_against(affected)
    assert any(said in warning and "case c" in warning for warning in result.warnings)
    assert result.overall["affected_rows"] == 0
    assert result.overall["recall"] == 1


def test_evidence_of_another_form_is_reported():
    result = held_against({"trades": [["T1"]]}, json.dumps({"trades": ["T1"]}))
    assert any("such as a" in warning for warning in result.warnings)
    assert (result.overall["row_recall"], result.overall["row_precision"]) == (0, None)


def test_without_keys_of_tables_no_rows_are_counted():
    result = held_against({"trades": [["T1"]]}, tables=None)
    assert result.overall["affected_rows"] is None and result.rows.is_empty()


def test_evidence_as_findings_write_it_is_understood():
    window = (datetime(2024, 1, 1), datetime(2024, 2, 1))
    found = Finding(
        kind="surrender_shortfall",
        subject_type="entity",
        subject_ids=("E1",),
        window_start=window[0],
        window_end=window[1],
        score=0.9,
        measures={},
        evidence=(
            Evidence("compliance", ("entity_id", "year"), (("E1", 2023),)),
            Evidence("cems_hourly", ("unit_id",), (("U1",),), datetime(2024, 1, 5), datetime(2024, 1, 6)),
        ),
    )
    alerts = alert_frame([(found, "1")], load_policy(), "cn", "s")
    affected = {"compliance": [["E1", 2023]], "cems_hourly": [["U1", "2024-01-05T23:00:00Z"]]}
    case = {
        "case_id": "c", "kind": "surrender_shortfall", "subject_ids": ["E1"],
        "window_start": window[0], "window_end": window[1], "affected": json.dumps(affected),
    }  # fmt: skip
    overall = evaluate(alerts, pl.DataFrame([case]), TABLES, resamples=10).overall
    assert (overall["row_recall"], overall["row_precision"], overall["broad_rows"]) == (1, 1, 1)
