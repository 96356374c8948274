"""The command as a user types it: what it prints, and the code it leaves with."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.cli.show import ALERT_COLUMNS
from tests.command import call


def test_the_installed_command_leaves_with_the_code_of_its_failure():
    command = [str(Path(sys.executable).with_name("carbonwarden")), "fly"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "No such command" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--help"], 0, ""),
        ([], 2, ""),
        (["fly"], 2, "No such command"),
        (["run"], 2, "--source"),
        (["run", "--source", "x", "--as-of", "tomorrow"], 2, "expected a day as YYYY-MM-DD"),
        (["run", "--source", "{tmp}/none", "--home", "{tmp}/home"], 3, "expected a source directory"),
        (["run", "--source", "{tmp}", "--home", "{tmp}/home"], 3, "required tables"),
        (["run", "--source", "{tmp}", "--engine", "spark"], 2, "expected duckdb"),
        (
            ["read", "xls", "{tmp}/a", "--out", "{tmp}/out"],
            2,
            "expected one of campd, carb_auctions, ccer_daily, cea",
        ),
        (["read", "eutl", "{tmp}/none.zip", "--out", "{tmp}/out"], 3, "none.zip"),
        (["alerts", "--home", "{tmp}/empty"], 2, "carbonwarden demo"),
        (["sql", "select 1", "--home", "{tmp}/empty"], 2, "expected a publication"),
        (["evaluate", "--labels", "{tmp}/none", "--home", "{tmp}/empty"], 2, "known cases"),
        (["simulate", "--out", "{tmp}/market", "--scale", "galactic"], 2, "small"),
    ],
)
def test_wrong_use_and_unreadable_sources_have_their_codes(tmp_path, arguments, code, message):
    result = call(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert result.returncode == code, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_market_setting_that_is_not_valid_is_an_unreadable_source(published, tmp_path):
    workspace = published.copy(tmp_path)
    (workspace.source / "market.yml").write_text("id: cn\ntimezone: Middle/Earth\n")
    result = call("run", "--source", workspace.source, "--home", workspace.settings.home)
    assert result.returncode == 3
    assert "Middle/Earth" in result.stderr


def test_alerts_as_json_have_the_columns_of_the_contract(published):
    result = call("alerts", "--home", published.settings.home, "--format", "json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows and all(tuple(row) == ALERT_COLUMNS for row in rows)
    first = rows[0]
    assert isinstance(first["subject_ids"], list) and isinstance(first["measures"], dict)
    assert first["window_start"].endswith("Z")
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_the_columns_are_those_of_the_published_contract():
    path = Path(__file__).resolve().parents[3] / "shared" / "contract" / "alerts.yml"
    if not path.is_file():
        pytest.skip(f"no contract at {path}")
    columns = yaml.safe_load(path.read_text(encoding="utf-8"))["tables"]["alerts"]["columns"]
    assert tuple(columns) == ALERT_COLUMNS


def test_filters_narrow_the_alerts(published):
    home = published.settings.home
    everything = call("alerts", "--home", home, "--format", "json").stdout.splitlines()
    red = [
        json.loads(x)
        for x in call("alerts", "--home", home, "--format", "json", "--level", "red").stdout.splitlines()
    ]
    assert 0 < len(red) < len(everything)
    assert {row["level"] for row in red} == {"red"}
    assert call("alerts", "--home", home, "--since", "2100-01-01", "--format", "json").stdout == ""
    assert call("alerts", "--home", home, "--level", "purple").returncode == 2


def test_csv_cannot_run_in_a_spreadsheet(published):
    statement = "select '=1+1' as formula, -5 as number, '@x' as at_sign"
    result = call("sql", statement, "--home", published.settings.home, "--format", "csv")
    assert list(csv.reader(io.StringIO(result.stdout)))[1] == ["'=1+1", "-5", "'@x"]


def test_evaluation_of_saved_alerts_equals_that_of_the_publication(published, tmp_path):
    home, labels = published.settings.home, published.labels
    saved = tmp_path / "alerts.jsonl"
    saved.write_text(call("alerts", "--home", home, "--format", "json").stdout, encoding="utf-8")
    direct = call("evaluate", "--labels", labels, "--home", home)
    assert direct.returncode == 0, direct.stderr
    assert call("evaluate", "--labels", labels, "--alerts", saved).stdout == direct.stdout
    assert "wash_trade" in direct.stdout
