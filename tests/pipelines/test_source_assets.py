"""Declared sources in Dagster: an asset each, pulled by its own job, with schedule, sensor and retries."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml

from pipelines.core.errors import SourceError
from pipelines.core.settings import Settings, SettingsError
from pipelines.orchestration.assets.names import SOURCES, source_key
from pipelines.orchestration.declared_sources import SourceDefinitions, build_source_definitions
from pipelines.orchestration.location import build_definitions
from pipelines.orchestration.resources import Workspace
from pipelines.sources.connectors import declaration
from pipelines.sources.connectors.pull import pull
from pipelines.sources.telemetry import journal
from tests.telemetry.making import content, segment


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home with a scheduled API and a folder; attempts follow each other without a wait."""
    monkeypatch.setattr("pipelines.orchestration.declared_sources._SECONDS_BEFORE_RETRY", 0)
    (tmp_path / "drop").mkdir()
    sources = {
        "programme": {
            "kind": "http",
            "url": "http://127.0.0.1:9/accounts",
            "file": "accounts",
            "schedule": "30 18 * * 1-5",
            "retries": 1,
            "attempts": 1,
        },
        "drop": {"kind": "folder", "path": "drop", "table": "accounts"},
    }
    (tmp_path / "sources.yml").write_text(
        yaml.safe_dump({"market": {"id": "cn"}, "sources": sources}, sort_keys=False), encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def found(home) -> SourceDefinitions:
    return build_source_definitions(Settings(home=home))


def _put(home: Path, account: str) -> None:
    path = home / "drop" / "a.csv"
    path.write_text(f"account_id,holder_id,holder_type\n{account},E,compliance\n", encoding="utf-8")
    os.utime(path, (0, 0))


def test_each_source_is_an_asset_with_a_job(found):
    assert [asset.key for asset in found.assets] == [source_key("programme"), source_key("drop")]
    assert [job.name for job in found.jobs] == ["pull_programme", "pull_drop"]
    [scheduled] = found.schedules
    assert (scheduled.cron_schedule, scheduled.execution_timezone) == ("30 18 * * 1-5", "Asia/Shanghai")
    assert scheduled.default_status is dg.DefaultScheduleStatus.STOPPED
    assert [sensor.name for sensor in found.sensors] == ["watch_drop"]
    assert found.assets[0].op.retry_policy.max_retries == 1
    assert all(spec.freshness_policy and spec.owners for asset in found.assets for spec in asset.specs)


def test_the_code_version_follows_the_declaration_and_not_the_schedule(home, found):
    def versions() -> list[str]:
        assets = build_source_definitions(Settings(home=home)).assets
        return [next(iter(asset.code_versions_by_key.values())) for asset in assets]

    before = versions()
    text = (home / "sources.yml").read_text(encoding="utf-8")
    (home / "sources.yml").write_text(text.replace("30 18", "45 18"), encoding="utf-8")
    assert versions() == before
    (home / "sources.yml").write_text(text.replace("path: drop", "path: other"), encoding="utf-8")
    assert [a == b for a, b in zip(versions(), before, strict=True)] == [True, False]


def test_a_run_does_not_pull(home):
    definitions = build_definitions(Settings(home=home))
    job = definitions.resolve_job_def("supervision_run")
    keys = job.asset_layer.executable_asset_keys
    assert keys
    assert not [key for key in keys if key.path[0] == SOURCES]
    assert definitions.resolve_job_def("pull_drop").asset_layer.executable_asset_keys == {source_key("drop")}


def test_a_pull_delivers_and_says_what_was_new(home, found):
    _put(home, "A")
    result = dg.materialize([found.assets[1]], resources={"workspace": Workspace(home=str(home))})
    [done] = result.get_asset_materialization_events()
    assert done.materialization.metadata["changed"].value is True
    delivered = home / "deliveries" / "current" / "accounts" / "drop" / "*.csv"
    assert duckdb.sql(f"select account_id from read_csv('{delivered}')").fetchall() == [("A",)]


def test_a_failed_pull_names_the_source(home, found):
    failed = dg.materialize(
        [found.assets[0]],
        resources={"workspace": Workspace(home=str(home))},
        raise_on_error=False,
        instance=dg.DagsterInstance.ephemeral(),
    )
    assert not failed.success
    said = [str(event.event_specific_data) for event in failed.all_events if event.is_step_up_for_retry]
    assert said
    assert "source programme" in said[0]


def test_the_sensor_asks_once_for_each_content_of_the_folder(home, found):
    [watch] = found.sensors
    resources = {"workspace": Workspace(home=str(home))}
    _put(home, "A")
    first = dg.build_sensor_context(resources=resources)
    assert isinstance(watch(first), dg.RunRequest)
    again = dg.build_sensor_context(resources=resources, cursor=first.cursor)
    assert isinstance(watch(again), dg.SkipReason)
    _put(home, "A and B")
    assert isinstance(watch(dg.build_sensor_context(resources=resources, cursor=first.cursor)), dg.RunRequest)


def test_a_wrong_declaration_stops_the_page(home):
    (home / "sources.yml").write_text("sources: {}", encoding="utf-8")
    with pytest.raises(SettingsError, match="expected declared sources"):
        build_definitions(Settings(home=home))


def test_closed_hours_of_stack_monitors_are_a_source_whose_age_is_checked(tmp_path):
    (tmp_path / "stations.yml").write_text(
        'stations:\n  "S1": {unit: U1, columns: {flow: {code: a00000, unit: Nm3/s}}}\n', encoding="utf-8"
    )
    sources = {"monitors": {"kind": "telemetry", "stations": "stations.yml", "schedule": "20 * * * *"}}
    (tmp_path / "sources.yml").write_text(yaml.safe_dump({"market": {"id": "cn"}, "sources": sources}))
    found = build_source_definitions(Settings(home=tmp_path))
    resources = {"workspace": Workspace(home=str(tmp_path))}
    with pytest.raises(SourceError, match="expected what stack monitors sent, found nothing"):
        pull(Settings(home=tmp_path), declaration.load(tmp_path), "monitors")
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    lines = journal.Journal(tmp_path / "telemetry" / "journal")
    sent = [segment(2051, content(begin + timedelta(minutes=n), a00000=100)) for n in range(60)]
    lines.append([journal.encode(data, "-", int((begin.timestamp() + 3600) * 1e6)) for data in sent])
    lines.close()
    result = dg.materialize(found.assets, resources=resources)
    [checked] = result.get_asset_check_evaluations()
    assert (checked.check_name, checked.passed) == ("hours_arrive", True)
    assert checked.metadata["latest hour"].value == begin.isoformat()
    delivered = tmp_path / "deliveries" / "current" / "cems_hourly" / "monitors" / "*.parquet"
    hours = duckdb.sql(f"select unit_id, quality from '{delivered}' order by ts").fetchall()
    assert hours[0] == ("U1", "valid")
    assert hours[1:] == [("U1", "missing")] * (len(hours) - 1)
    [again] = dg.materialize(found.assets, resources=resources).get_asset_materialization_events()
    assert again.materialization.metadata["new"].value == {}
