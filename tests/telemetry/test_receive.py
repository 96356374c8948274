"""The command `receive`, its file of stations, and kills of the whole programme.

`CARBONWARDEN_KILLS` is the number of random kills of the receiver and of the closing; `make kills` takes 30.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pipelines.bench.kills import kill_at_random
from pipelines.sources.telemetry.standard import standard
from tests.command import call

KILLS = int(os.environ.get("CARBONWARDEN_KILLS", "1"))
STATIONS = 'stations:\n  "S1": {unit: U1, columns: {flow: {code: a00000, unit: Nm3/s}}}\n'


@pytest.fixture
def listed(tmp_path):
    """A file of stations."""
    path = tmp_path / "stations.yml"
    path.write_text(STATIONS, encoding="utf-8")
    return path


def test_no_acknowledged_record_is_lost_or_doubled_by_kills(tmp_path):
    found = kill_at_random(tmp_path, KILLS, KILLS, stations=4, seed=KILLS)
    assert found.acknowledged >= 4 * 60
    assert (found.lost, found.doubled, found.differing) == (0, 0, 0)


def test_the_receiver_ends_with_0_on_sigterm_and_says_what_it_counted(tmp_path, listed):
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "receive"]
    command += ["--config", listed, "--home", tmp_path / "home", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("listening on 127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "commits" in printed
    assert complaints == ""
    assert (tmp_path / "home" / "telemetry" / "metrics.json").is_file()


def test_closing_an_empty_home_says_so(tmp_path, listed):
    called = call(
        "receive", "--close", "--config", listed, "--home", tmp_path / "home", "--out", tmp_path / "out"
    )
    assert (called.returncode, called.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--close"], 2, "expected --out"),
        (["--out", "x"], 2, "expected --close"),
        (["--port", "70000"], 2, "65535"),
    ],
)
def test_wrong_use(listed, arguments, code, message):
    called = call("receive", "--config", listed, *arguments)
    assert called.returncode == code
    assert message in called.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a file of stations"),
        ("stations: {}", "stations"),
        ("a: [", "expected YAML"),
        (STATIONS.replace("Nm3/s", "m3"), "unit of flow: expected one of Nm3/h"),
        (STATIONS.replace("flow:", "flw:"), "flw"),
        (STATIONS.replace("unit: U1, ", ""), "stations.S1.unit"),
        (STATIONS.replace("unit: U1, ", "unit: U1, profile: x, "), "expected one of none; found 'x'"),
        (
            STATIONS.replace(", columns: {flow: {code: a00000, unit: Nm3/s}}", ""),
            "expected columns or a profile",
        ),
        (STATIONS.replace("unit: U1, ", "unit: U1, since: 2026-01-01T00:00:00, "), "with its offset"),
        (STATIONS + "password_env: NOT_SET_ANYWHERE\n", "environment variable NOT_SET_ANYWHERE"),
        (STATIONS.replace('"S1"', "123"), "123"),
    ],
)
def test_a_file_of_stations_that_is_none_says_where_and_what(tmp_path, text, message):
    path = tmp_path / "stations.yml"
    path.write_text(text, encoding="utf-8")
    called = call("receive", "--config", path, "--home", tmp_path / "home", "--port", "0")
    assert called.returncode == 3
    assert message in called.stderr
    assert "Traceback" not in called.stderr


def test_the_standards_say_how_far_they_were_verified():
    rules = standard()
    entries = [*rules.limits.values(), *rules.answers.values(), rules.valid_hour.minutes, rules.marks]
    assert all(entry.source and entry.verified for entry in entries)
    assert set(rules.marks.quality.values()) <= set(rules.precedence)
