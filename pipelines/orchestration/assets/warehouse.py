"""The warehouse: dbt builds it twice in a run, before the detectors and after them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets

from pipelines.core.errors import GateRefusedError
from pipelines.core.progress import report
from pipelines.core.settings import Settings
from pipelines.lake.state import LakeState
from pipelines.orchestration.assets.names import SUPERVISION
from pipelines.orchestration.project import MANIFEST, dbt_project
from pipelines.orchestration.resources import Workspace
from pipelines.publication.snapshots import refuse
from pipelines.warehouse.build import (
    BuildPlan,
    begin_build,
    dbt_environment,
    dbt_variables,
    finish_build,
    last_plan,
    plan_build,
    run_values,
)

_TRANSLATOR = DagsterDbtTranslator(
    settings=DagsterDbtTranslatorSettings(enable_code_references=False, enable_source_tests_as_checks=True)
)


@contextmanager
def _environment(settings: Settings, values: dict[str, Any]) -> Iterator[None]:
    """Dbt reads its profile's paths and the run's values from the environment of its process."""
    before = dict(os.environ)
    os.environ.update(dbt_environment(settings, values))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _failures(target: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Failed data tests, and errors that are no verdict on data, of a finished invocation."""
    path = target / "run_results.json"
    if not path.is_file():
        return [], ["dbt wrote no results"]
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    failed = [
        {
            "gate": "publication",
            "table_name": result["unique_id"].split(".")[2],
            "expectation": "dbt test",
            "severity": "critical",
            "success": False,
            "observed": result["message"],
            "unexpected_count": result["failures"],
        }
        for result in results
        if result["status"] == "fail"
    ]
    errors = [
        f"{r['unique_id']}: {r['message']}" for r in results if r["status"] in {"error", "runtime error"}
    ]
    return failed, errors


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace, plan: BuildPlan
) -> Iterator[Any]:
    values = run_values(workspace.settings, workspace.day.isoformat(), plan)
    variables = json.dumps(dbt_variables(workspace.market))
    arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", variables]
    # All builds in a home share what dbt parsed, which takes it longer than a small build.
    target = workspace.settings.scratch / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    with _environment(workspace.settings, values):
        invocation = dbt.cli(
            [*arguments, "--full-refresh"] if plan.full else arguments,
            context=context,
            target_path=target,
            raise_on_error=False,
        )
        yield from invocation.stream()
    if not invocation.is_successful():
        failed, errors = _failures(invocation.target_path)
        if failed and not errors:
            refuse(workspace.settings, "publication", workspace.snapshot, failed)
            names = ", ".join(result["table_name"] for result in failed)
            raise GateRefusedError(f"dbt tests failed: {names}; see {workspace.settings.refusal}")
        raise RuntimeError("dbt could not build the warehouse: " + "; ".join(errors))


def build_warehouse_assets() -> list[dg.AssetsDefinition]:
    """The dbt models as assets; reads dbt's manifest, which `pipelines.orchestration.project` prepares."""

    @dbt_assets(
        manifest=MANIFEST,
        project=dbt_project(),
        exclude=SUPERVISION,
        name="warehouse",
        dagster_dbt_translator=_TRANSLATOR,
        pool="duckdb",
    )
    def warehouse(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace
    ) -> Iterator[Any]:
        """Build staging, marts and rules from the lake, rewriting only what changed."""
        report("building the warehouse")
        settings = workspace.settings
        plan = plan_build(settings, LakeState.read(settings.lake), workspace.market)
        begin_build(settings, plan)
        yield from _build(context, dbt, workspace, plan)
        finish_build(settings, plan)

    @dbt_assets(
        manifest=MANIFEST,
        project=dbt_project(),
        select=SUPERVISION,
        name="supervision",
        dagster_dbt_translator=_TRANSLATOR,
        pool="duckdb",
    )
    def supervision(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace
    ) -> Iterator[Any]:
        """Join what the detectors found with entities and rules."""
        report("joining alerts with entities and rules")
        yield from _build(context, dbt, workspace, last_plan(workspace.settings))

    return [warehouse, supervision]
