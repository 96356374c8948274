"""Steps keep their order, end in the way their errors say, and try again only where that may help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterInvalidSubsetError

from pipelines.core.errors import GateRefusedError, OutOfOrderError, SourceError
from pipelines.core.settings import Settings
from pipelines.orchestration import checks, steps
from pipelines.orchestration.history import HomeEventLog
from pipelines.orchestration.instance import open_instance
from pipelines.orchestration.location import build_definitions
from pipelines.orchestration.resources import Workspace
from pipelines.orchestration.sensors import ATTEMPT, failed_run
from pipelines.orchestration.steps import Ending, ending_of, step
from pipelines.publication.snapshots import begin_candidate, publish
from pipelines.publication.stages import STAGES, begin_stage, finish_stage


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    source = tmp_path / "source"
    source.mkdir()
    for table in ("entities", "accounts", "trades"):
        (source / f"{table}.csv").write_text("a\n")
    return Workspace(home=str(tmp_path / "home"), source=str(source), as_of="2025-01-01")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(steps, "_SECONDS_BEFORE_RETRY", 0)


def _materialize(body, workspace: Workspace) -> dg.ExecuteInProcessResult:
    @dg.asset(name="lake")
    @step("lake")
    def lake(workspace: Workspace):
        body()

    return dg.materialize([lake], resources={"workspace": workspace}, raise_on_error=False)


@pytest.mark.parametrize(
    ("error", "ending", "attempts"),
    [
        (GateRefusedError("refused"), Ending.REFUSED, 1),
        (SourceError("unreadable"), Ending.UNREADABLE, 1),
        (OutOfOrderError("too early"), Ending.OUT_OF_ORDER, 1),
        (ZeroDivisionError("no"), Ending.FAILED, 1),
        (OSError("disk"), Ending.FAILED, steps.RETRIES + 1),
    ],
)
def test_an_error_decides_how_the_step_ends_and_how_often_it_is_tried(workspace, error, ending, attempts):
    tried = []

    def body():
        tried.append(1)
        raise error

    result = _materialize(body, workspace)
    failed = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert [ending_of(failure) for failure in failed] == [ending]
    assert str(error) in failed[0].user_failure_data.description
    assert len(tried) == attempts


def test_a_fault_that_passes_does_not_fail_the_run(workspace):
    tried = []

    def body():
        tried.append(1)
        if len(tried) == 1:
            raise OSError("disk")

    assert _materialize(body, workspace).success
    assert len(tried) == 2


def test_stages_are_done_in_order_and_again_from_any_of_them(workspace):
    candidate = workspace.candidate
    for stage in STAGES[:4]:
        begin_stage(candidate, stage)
        finish_stage(candidate, stage)
    begin_stage(candidate, STAGES[1])
    with pytest.raises(OutOfOrderError, match=f"{STAGES[3]}: expected {STAGES[1]} to be done"):
        begin_stage(candidate, STAGES[3])
    finish_stage(candidate, STAGES[1])
    with pytest.raises(OutOfOrderError, match=f"expected {STAGES[2]}"):
        begin_stage(candidate, STAGES[3])


def test_stages_of_another_snapshot_do_not_count(workspace):
    begin_stage(workspace.candidate, "lake")
    finish_stage(workspace.candidate, "lake")
    (workspace.source_path / "trades.csv").write_text("b\n")
    other = Workspace(**workspace.model_dump())
    with pytest.raises(OutOfOrderError):
        begin_stage(other.candidate, "ingestion_gate")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions()


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory) -> Iterator[Path]:
    """A home without any stage done, and a source, as the environment names them to Dagster."""
    folder = tmp_path_factory.mktemp("single")
    (folder / "source").mkdir()
    for table in ("entities", "accounts", "trades"):
        (folder / "source" / f"{table}.csv").write_text("a\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARBONWARDEN_HOME", str(folder / "home"))
        patch.setenv("CARBONWARDEN_SOURCE", str(folder / "source"))
        patch.setenv("CARBONWARDEN_AS_OF", "2025-01-01")
        yield folder / "home"


def _single_selections(
    definitions: dg.Definitions,
) -> Iterator[tuple[dg.AssetsDefinition, list[dg.AssetKey]]]:
    """Every step with what may be chosen of it: one of its assets where it can be split, or all.

    The assets of one step share its code, so that one of them stands for the others.
    """
    for owner in definitions.resolve_asset_graph().assets_defs:
        if owner.is_executable and owner.keys:
            yield owner, sorted(owner.keys)[:1] if owner.can_subset else sorted(owner.keys)


def test_a_single_asset_is_refused_where_it_would_mix_states(definitions, empty_home):
    """Only the lake, which is the first stage, may be materialized in a home where nothing was done."""
    job = definitions.resolve_implicit_global_asset_job_def()
    refused = set()
    for owner, selection in _single_selections(definitions):
        if owner.op.name == "lake":
            continue  # builds on nothing; end-to-end tests run it
        try:
            result = job.execute_in_process(asset_selection=selection, raise_on_error=False)
        except DagsterInvalidSubsetError as error:
            # Dagster itself refuses a step of which only the assets, not the checks, are selected.
            assert owner.check_keys, (owner.op.name, error)
            continue
        failed = [event.step_failure_data for event in result.all_events if event.is_step_failure]
        assert len(failed) == 1, owner.op.name
        described = failed[0].user_failure_data.description
        assert "expected" in described and "supervision_run" in described, owner.op.name
        refused.add(owner.op.name)
    assert len(refused) >= 5
    assert not (empty_home / "warehouse.duckdb").exists()


def test_every_step_takes_the_homes_lock(definitions):
    graph = definitions.resolve_asset_graph()
    lacking = {
        d.op.name
        for d in graph.assets_defs
        if d.is_executable
        and not isinstance(d, dg.AssetChecksDefinition)
        and "lock" not in d.required_resource_keys
    }
    assert not lacking


def test_the_instance_keeps_history_in_the_home_and_sends_nothing(tmp_path):
    settings = Settings.load(tmp_path / "home")

    @dg.asset
    def one() -> None: ...

    before = dict(os.environ)
    with open_instance(settings) as instance:
        assert not instance.telemetry_enabled
        assert isinstance(instance.event_log_storage, HomeEventLog)
        run = dg.materialize([one], instance=instance)
    with dg.DagsterInstance.from_config(str(settings.home / "dagster")) as instance:
        assert [found.run_id for found in instance.get_runs()] == [run.run_id]
        assert instance.get_latest_materialization_event(dg.AssetKey("one")) is not None
        assert instance.all_logs(run.run_id)
    assert dict(os.environ) == before


def test_a_check_that_a_run_leaves_out_keeps_its_last_result(tmp_path):
    made = [True]

    @dg.multi_asset(
        specs=[dg.AssetSpec("one", skippable=True)], check_specs=[dg.AssetCheckSpec("sound", asset="one")]
    )
    def one() -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        if made[0]:
            yield dg.MaterializeResult("one")
            yield dg.AssetCheckResult(passed=True, asset_key="one", check_name="sound")

    key = dg.AssetCheckKey(dg.AssetKey("one"), "sound")
    with open_instance(Settings.load(tmp_path / "home")) as instance:
        first = dg.materialize([one], instance=instance)
        made[0] = False
        dg.materialize([one], instance=instance, raise_on_error=False)
        last = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        assert (last.run_id, last.status.value) == (first.run_id, "SUCCEEDED")


def test_a_check_that_a_step_repeats_has_one_result_in_a_run(tmp_path):
    verdicts = [True, False]

    @dg.multi_asset(specs=[dg.AssetSpec("one")], check_specs=[dg.AssetCheckSpec("sound", asset="one")])
    def one() -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=verdicts.pop(), asset_key="one", check_name="sound")
        if verdicts:
            raise dg.RetryRequested
        yield dg.MaterializeResult("one")

    key = dg.AssetCheckKey(dg.AssetKey("one"), "sound")
    with open_instance(Settings.load(tmp_path / "home")) as instance:
        run = dg.materialize([one], instance=instance)
        found = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
        assert [(record.run_id, record.status.value) for record in found] == [(run.run_id, "SUCCEEDED")]


def test_the_alarm_fails_when_nothing_was_published_lately(workspace, monkeypatch):
    check = checks.published_on_time
    assert not check(workspace).passed
    begin_candidate(workspace.settings, "a")
    publish(workspace.settings, "a", {})
    assert check(workspace).passed
    monkeypatch.setattr(checks, "MAX_AGE", timedelta(seconds=-1))
    assert not check(workspace).passed


@pytest.mark.parametrize(
    ("error", "attempt", "again"),
    [(ZeroDivisionError("no"), 1, True), (ZeroDivisionError("no"), 3, False), (SourceError("no"), 1, False)],
)
def test_a_failed_run_is_tried_again_unless_that_cannot_help(workspace, error, attempt, again):
    @dg.asset(name="lake")
    @step("lake")
    def lake(workspace: Workspace):
        raise error

    with dg.instance_for_test() as instance:
        result = dg.materialize(
            [lake],
            resources={"workspace": workspace},
            raise_on_error=False,
            instance=instance,
            tags={ATTEMPT: str(attempt)},
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        asked = failed_run(context)
    assert isinstance(asked, dg.RunRequest) is again
    if again:
        assert asked.tags[ATTEMPT] == str(attempt + 1)
