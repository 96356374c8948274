"""`carbonwarden evaluate` over files, and the command that measures simulated markets."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import polars as pl
import pytest

from anomaly.evaluation import evaluate
from anomaly.evaluation.page import Measured
from pipelines.cli import measure as detection
from pipelines.cli.evaluation import known_ids, source_keys
from pipelines.cli.main import main as command_line

WINDOW = {"window_start": datetime(2024, 1, 1), "window_end": datetime(2024, 1, 9)}
EVIDENCE = json.dumps([{"table": "trades", "key": ["trade_id"], "rows": [["T1"]]}])
ALERTS = pl.DataFrame(
    [
        {
            "alert_id": "a1",
            "kind": "wash_trade",
            "subject_ids": ["A"],
            "score": 0.9,
            "evidence": EVIDENCE,
            **WINDOW,
        },
        {"alert_id": "a2", "kind": "ramping", "subject_ids": ["B"], "score": 0.8, "evidence": "[]", **WINDOW},
    ]
)
LABELS = pl.DataFrame(
    [
        {
            "case_id": "c1", "kind": "wash_trade", "subject_ids": ["A"], "severity": "faint",
            "affected": json.dumps({"trades": [["T1"], ["T2"]]}), **WINDOW,
        },
        {
            "case_id": "c2", "kind": "late_report", "subject_ids": ["E"], "severity": "blatant",
            "affected": "{}", **WINDOW,
        },
    ]
)  # fmt: skip


@pytest.fixture
def files(tmp_path):
    ALERTS.write_parquet(tmp_path / "alerts.parquet")
    LABELS.write_parquet(tmp_path / "labels.parquet")
    return tmp_path


@pytest.fixture
def evaluating(files, monkeypatch, capsys):
    """Run `carbonwarden evaluate` over the files: exit code, standard output, standard error."""

    def _run(*options):
        arguments = ["--labels", files / "labels.parquet", "--alerts", files / "alerts.parquet", *options]
        monkeypatch.setattr(sys, "argv", ["carbonwarden", "evaluate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return _run


def test_a_table_by_kind_says_totals_and_what_is_not_measured(evaluating):
    code, out, err = evaluating()
    assert (code, err) == (0, "")
    assert "wash_trade" in out and "compliance_squeeze" in out
    assert "1 of 2 known cases found (recall 0.500, 90 % interval" in out
    assert "1 of 2 alerts lead to one (precision 0.500" in out
    assert "Cases but no alert: late_report." in out
    assert "No case is known of ramping" in out
    assert "Neither case nor alert, nothing to measure: circular_trade" in out


def test_a_table_by_severity_counts_no_alerts(evaluating):
    _, out, _ = evaluating("--by", "severity")
    table = out.partition("known cases")[0]
    assert "faint" in table and "blatant" in table and "recall" in table
    assert "precision" not in table and "alerts" not in table.partition("\n")[2]


def test_json_holds_rows_of_the_contracts_tables(evaluating):
    _, out, _ = evaluating("--format", "json")
    document = json.loads(out)
    assert document["rows"] == [
        {
            "kind": "wash_trade", "table": "trades", "affected_rows": 2, "named_rows": 1,
            "evidence_rows": 1, "right_rows": 1, "broad_rows": 0,
        }
    ]  # fmt: skip


def test_a_picture_is_drawn_beside_the_table(evaluating, files):
    code, out, _ = evaluating("--by", "family", "--picture", files / "curve.svg")
    assert code == 0 and "manipulation" in out
    assert (files / "curve.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--picture", "curve.pdf"], ".png or .svg"),
        (["--picture", "/nowhere/curve.png"], "expected a folder"),
        (["--by", "colour"], "kind"),
        (["--alerts", "/nowhere/alerts.jsonl"], "JSON lines or Parquet"),
    ],
)
def test_wrong_use(evaluating, options, said):
    code, out, err = evaluating(*options)
    assert code == 2 and said in err and "Traceback" not in err
    assert out == ""


def test_labels_of_another_market_are_said_on_standard_error(evaluating, files):
    foreign = LABELS.with_columns(subject_ids=pl.Series([["P"], ["Q"]]))
    foreign.write_parquet(files / "labels.parquet")
    code, out, err = evaluating("--format", "json")
    assert code == 0 and "another market" in " ".join(err.split())
    assert json.loads(out)["overall"]["found"] == 0
    assert "another market" in json.loads(out)["warnings"][0]


def test_ids_of_the_published_market(tmp_path):
    pl.DataFrame({"account_id": ["A1", None]}).write_parquet(tmp_path / "dim_accounts.parquet")
    pl.DataFrame({"unit_id": ["U1"]}).write_parquet(tmp_path / "dim_units.parquet")
    assert known_ids(tmp_path) == {"A1", "U1"}


def test_keys_of_source_tables_are_the_contracts():
    keys = source_keys()
    assert keys["activity_reports"].columns == ("unit_id", "month", "fuel", "revision")
    assert keys["cems_hourly"].period == "ts"


def test_the_page_and_its_pictures_are_written(tmp_path):
    result = evaluate(ALERTS, LABELS, source_keys(), resamples=10)
    path = detection.publish(
        [Measured("small", 7, 3, 99, result), Measured("medium", 7, 4, 999, result)], tmp_path
    )
    text = path.read_text(encoding="utf-8")
    assert path == tmp_path / "detector-quality.md"
    for scale in ("small", "medium"):
        assert f"## The {scale} market" in text
        assert f"(images/detection-{scale}.svg)" in text
        assert (tmp_path / "images" / f"detection-{scale}.svg").is_file()
    assert "[`wash_trade`](reference/detectors.md#wash_trade)" in text
    assert not list(tmp_path.glob("*.part"))


def test_an_unknown_scale_is_refused_before_anything_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(detection, "measure", lambda *_: pytest.fail("measured all the same"))
    assert detection.main(["--scale", "small", "--scale", "galactic", "--out", str(tmp_path)]) == 2
    assert "galactic" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_is_reported_with_its_message(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)expected a publication, found exit code 3.*nowhere"):
        detection._run(tmp_path / "nowhere", tmp_path / "home")
