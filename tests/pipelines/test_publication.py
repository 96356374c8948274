"""Snapshots: switched in one step, never changed, pruned by policy."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.errors import GateRefusedError
from pipelines.core.lock import home_lock
from pipelines.core.market import Market
from pipelines.core.settings import Settings, SettingsError
from pipelines.publication.gates import refuse_if_critical
from pipelines.publication.identity import snapshot_id
from pipelines.publication.snapshots import (
    Candidate,
    begin_candidate,
    current_id,
    publish,
    refuse,
    snapshots,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path / "home").model_copy(update={"keep_snapshots": 2})


def _publish(settings: Settings, name: str, value: int = 1) -> Path:
    folder = begin_candidate(settings, name)
    pl.DataFrame({"n": [value]}).write_parquet(folder / "marts" / "numbers.parquet")
    return publish(settings, name, {"tables": {}})


def test_before_the_first_publication_there_is_no_current_one(settings):
    assert current_id(settings) is None
    assert snapshots(settings) == []


def test_publishing_switches_and_an_open_reader_keeps_its_snapshot(settings):
    _publish(settings, "a", 1)
    opened = settings.current.resolve()
    _publish(settings, "b", 2)
    assert current_id(settings) == "b"
    assert pl.read_parquet(opened / "marts" / "numbers.parquet")["n"].to_list() == [1]
    manifest = json.loads((settings.current / "manifest.json").read_text())
    assert manifest["snapshot_id"] == "b"


def test_old_snapshots_are_pruned_and_the_current_one_never(settings):
    for name in ("a", "b", "c"):
        _publish(settings, name)
    assert {path.name for path in snapshots(settings)} == {"b", "c"}
    assert current_id(settings) == "c"


def test_leftovers_of_runs_that_did_not_publish_are_no_snapshots(settings):
    for name in ("a", "b"):
        _publish(settings, name)
    stray = begin_candidate(settings, "c")
    (stray / "manifest.json").write_text('{"created_at": "2999"}')
    assert {path.name for path in snapshots(settings)} == {"a", "b"}
    begin_candidate(settings, "d")
    assert not stray.exists()


def test_a_published_snapshot_is_not_written_again(settings):
    before = (_publish(settings, "a", 1) / "marts" / "numbers.parquet").read_bytes()
    _publish(settings, "a", 2)
    assert (settings.published / "a" / "marts" / "numbers.parquet").read_bytes() == before
    assert not list(settings.published.glob(".candidate*"))


def test_a_refusal_leaves_the_publication_and_a_success_clears_it(settings):
    _publish(settings, "a")
    refuse(settings, "ingestion", "b", [{"table_name": "trades"}])
    assert json.loads(settings.refusal.read_text())["results"] == [{"table_name": "trades"}]
    assert current_id(settings) == "a"
    _publish(settings, "b")
    assert not settings.refusal.exists()


def test_the_id_follows_content_day_and_market_but_not_time_stamps(tmp_path):
    for table in ("entities", "accounts", "trades"):
        (tmp_path / f"{table}.csv").write_text("a\n")
    day = date(2025, 1, 1)
    first = snapshot_id(tmp_path, day)
    (tmp_path / "trades.csv").touch()
    assert snapshot_id(tmp_path, day) == first
    assert snapshot_id(tmp_path, date(2025, 1, 2)) != first
    (tmp_path / "market.yml").write_text("id: eu\n")
    second = snapshot_id(tmp_path, day)
    assert second != first
    (tmp_path / "trades.csv").write_text("b\n")
    assert snapshot_id(tmp_path, day) not in {first, second}


@pytest.mark.parametrize(
    ("variable", "value"),
    [("THREADS", "many"), ("MEMORY_LIMIT", "banana"), ("KEEP_SNAPSHOTS", "1"), ("HOME", "/tmp/a*b")],
)
def test_settings_that_are_not_valid_are_named(monkeypatch, variable, value):
    monkeypatch.setenv(f"CARBONWARDEN_{variable}", value)
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert variable in str(raised.value) or value in str(raised.value)


def test_a_home_is_held_by_one_process_at_a_time(settings):
    script = (
        "import sys; from pathlib import Path; from pipelines.core.lock import home_lock, HomeBusyError\n"
        "from pipelines.core.settings import Settings\n"
        "try:\n    with home_lock(Settings.load(Path(sys.argv[1]))): pass\n"
        "except HomeBusyError: sys.exit(9)\n"
    )
    command = [sys.executable, "-c", script, str(settings.home)]
    with home_lock(settings), home_lock(settings):
        assert subprocess.run(command, check=False).returncode == 9
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize(
    ("is_critical", "state", "refused"),
    [(True, "broken", True), (False, "broken", False), (True, "ran", False)],
)
def test_a_broken_critical_detector_refuses_the_publication(settings, is_critical, state, refused):
    candidate = Candidate(settings, "b", Market(id="cn"), date(2025, 1, 1))
    begin_candidate(settings, "b")
    run = {"kind": "late_report", "is_critical": is_critical, "state": state, "reason": "ValueError: none"}
    runs = pl.DataFrame([run])
    if not refused:
        refuse_if_critical(candidate, runs)
        assert not settings.refusal.exists()
        return
    with pytest.raises(GateRefusedError, match="late_report: ValueError: none"):
        refuse_if_critical(candidate, runs)
    (result,) = json.loads(settings.refusal.read_text(encoding="utf-8"))["results"]
    assert (result["expectation"], result["severity"]) == ("late_report_not_broken", "critical")
