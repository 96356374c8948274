"""The graph: it loads, everything is described and owned, and every dbt source is an asset of ours."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import dagster as dg
import pytest

from pipelines.contract.outputs.registry import OUTPUTS
from pipelines.contract.tables import TABLES
from pipelines.warehouse.project import prepare_manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    from pipelines.definitions import defs

    return defs()


@pytest.fixture(scope="module")
def specs(definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in definitions.resolve_all_asset_specs()}


def test_every_asset_has_description_group_owner_and_kind(specs):
    lacking = {
        key.to_user_string(): [
            name
            for name, value in (
                ("description", spec.description),
                ("group", spec.group_name if spec.group_name != "default" else None),
                ("owner", spec.owners),
                ("kind", spec.kinds),
            )
            if not value
        ]
        for key, spec in specs.items()
    }
    assert not {key: names for key, names in lacking.items() if names}


def test_what_lake_detectors_and_gates_hand_over_has_a_code_version(specs):
    ours = [
        *(dg.AssetKey(["lake", table]) for table in TABLES),
        *(
            dg.AssetKey(["handover", output.name])
            for output in OUTPUTS.values()
            if output.by_the_lake or output.after_detectors
        ),
    ]
    assert len(ours) > len(TABLES)
    assert not {key.to_user_string() for key in ours if not specs[key].code_version}


def test_every_table_of_the_contract_is_an_asset(specs):
    assert {dg.AssetKey(["lake", table]) for table in TABLES} <= specs.keys()


def test_every_dbt_source_is_an_asset_that_something_here_makes(definitions):
    manifest = json.loads(prepare_manifest().read_text(encoding="utf-8"))
    wanted = {
        dg.AssetKey(source["config"]["meta"]["dagster"]["asset_key"])
        for source in manifest["sources"].values()
    }
    made = {key for key in definitions.resolve_asset_graph().materializable_asset_keys}
    assert wanted <= made


def test_the_job_runs_everything_in_one_process(definitions):
    job = definitions.resolve_job_def("supervision_run")
    assert job.executor_def is dg.in_process_executor
    graph = definitions.resolve_asset_graph()
    assert set(job.asset_layer.executable_asset_keys) == set(graph.materializable_asset_keys)


def test_both_gates_are_blocking_checks(definitions):
    graph = definitions.resolve_asset_graph()
    ours = [key for key in graph.asset_check_keys if key.name.startswith("plausib")]
    assert len(ours) > len(TABLES) / 2
    assert all(graph.get(key).blocking for key in ours)


def test_schedules_and_sensors_are_stopped_until_somebody_starts_them(definitions):
    repository = definitions.get_repository_def()
    assert {s.name for s in repository.schedule_defs} == {"daily_run", "monthly_run", "alarm_check"}
    assert {s.name for s in repository.sensor_defs} == {"new_files", "failed_run"}
    assert {s.default_status for s in repository.schedule_defs} == {dg.DefaultScheduleStatus.STOPPED}
    assert {s.default_status for s in repository.sensor_defs} == {dg.DefaultSensorStatus.STOPPED}


def test_dagster_itself_finds_the_definitions_valid(definitions):
    """Those of the module that `dagster dev` loads, by the check of `dagster definitions validate`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["dagster"] == {"module_name": "pipelines.definitions"}
    dg.Definitions.validate_loadable(definitions)


def test_the_sensor_asks_for_a_run_only_when_the_publication_lags(tmp_path):
    from pipelines.orchestration.resources import Workspace
    from pipelines.orchestration.sensors import new_files
    from pipelines.publication.snapshots import begin_candidate, publish

    source = tmp_path / "source"
    source.mkdir()
    workspace = Workspace(home=str(tmp_path / "home"), source=str(source), as_of="2025-01-01")
    context = dg.build_sensor_context(resources={"workspace": workspace})
    assert isinstance(new_files(context), dg.SkipReason)
    for table in ("entities", "accounts", "trades"):
        (source / f"{table}.csv").write_text("a\n")
    workspace = Workspace(home=str(tmp_path / "home"), source=str(source), as_of="2025-01-01")
    context = dg.build_sensor_context(resources={"workspace": workspace})
    request = new_files(context)
    assert isinstance(request, dg.RunRequest) and request.run_key == f"None to {workspace.snapshot}"
    begin_candidate(workspace.settings, workspace.snapshot)
    publish(workspace.settings, workspace.snapshot, {})
    assert isinstance(new_files(context), dg.SkipReason)
