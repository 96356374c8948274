"""The warehouse: dbt builds it twice in a run, before the detectors and after them.

Belongs here: dbt's nodes as assets and its results as events. Does not belong here: which nodes a build
covers and how dbt is called (`pipelines.warehouse`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from pipelines.core.errors import GateRefusedError
from pipelines.core.progress import report
from pipelines.lake.state import LakeState
from pipelines.orchestration.assets.names import (
    ALERTS,
    CORE_BUILD,
    ENGINEERS,
    INGESTION_GATE,
    QUALITY_RESULTS,
    SUPERVISION_BUILD,
)
from pipelines.orchestration.lineage import ordered_after
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.snapshots import refuse
from pipelines.warehouse.build import BuildResult, NodeResult, build, variables
from pipelines.warehouse.invocation import DbtError
from pipelines.warehouse.plan import (
    BuildPlan,
    begin_core,
    begin_supervision,
    finish_core,
    finish_supervision,
    plan_core,
    plan_supervision,
)
from pipelines.warehouse.project import SUPERVISION, read_manifest

_TAGGED = f"tag:{SUPERVISION}"
_TRANSLATOR = DagsterDbtTranslator(
    settings=DagsterDbtTranslatorSettings(enable_code_references=False, enable_source_tests_as_checks=True)
)

Event = dg.MaterializeResult | dg.AssetCheckResult


def build_warehouse_assets() -> list[dg.AssetsDefinition]:
    """The dbt models as assets, in two parts; reads dbt's manifest."""

    @step("warehouse")
    def warehouse(context: dg.AssetExecutionContext, workspace: Workspace, lock: HomeLock) -> Iterator[Event]:
        """Build staging, marts and rules from the lake, rewriting only what changed."""
        refuse_partial(context)
        report("building the warehouse")
        settings = workspace.settings
        lake = LakeState.read(settings.lake)
        plan = plan_core(settings, lake, workspace.market, workspace.day.isoformat())
        begin_core(settings, plan)
        changed = "all" if plan.full else plan.changed
        yield from _build(workspace, plan, changed, exclude=_TAGGED)
        finish_core(settings, plan)
        yield _summary(CORE_BUILD, plan)

    @step("supervision")
    def supervision(
        context: dg.AssetExecutionContext, workspace: Workspace, lock: HomeLock
    ) -> Iterator[Event]:
        """Join what the detectors found with entities and rules."""
        refuse_partial(context)
        report("joining alerts with entities and rules")
        settings = workspace.settings
        plan = plan_supervision(settings, workspace.day.isoformat())
        begin_supervision(settings, plan)
        yield from _build(workspace, plan, "all", exclude="")
        finish_supervision(settings, plan)
        yield _summary(SUPERVISION_BUILD, plan)

    return [
        _dbt_part(warehouse, CORE_BUILD, after=[INGESTION_GATE], exclude=_TAGGED),
        _dbt_part(supervision, SUPERVISION_BUILD, after=[ALERTS, QUALITY_RESULTS], select=_TAGGED),
    ]


def _dbt_part(
    function: Callable[..., Iterator[Event]],
    summary: dg.AssetKey,
    *,
    after: list[dg.AssetKey],
    select: str = "fqn:*",
    exclude: str | None = None,
) -> dg.AssetsDefinition:
    """One part of the dbt project as one step, with an asset that says what its last build did.

    Nodes that a build leaves as they are yield nothing, so what follows the step depends on `summary`, which
    every build yields.
    """
    declared = dbt_assets(
        manifest=read_manifest(), select=select, exclude=exclude, dagster_dbt_translator=_TRANSLATOR
    )(function)
    made = dg.AssetSpec(
        summary,
        deps=after,
        description="What the last build of this part of the warehouse did: nodes built, periods rewritten.",
        group_name="warehouse",
        owners=ENGINEERS,
        kinds={"duckdb", "dbt"},
    )
    return ordered_after(
        after,
        name=function.__name__,
        specs=[*declared.specs, made],
        check_specs=list(declared.check_specs),
        compute=function,
    )


def refuse_partial(context: dg.AssetExecutionContext) -> None:
    """Refuse to build some of a part's nodes: the rest would show another state of the lake.

    Raises:
        Failure: not all of the step's assets are selected.
    """
    chosen, all_of_it = (
        set(context.selected_asset_keys),
        set(context.assets_def.node_keys_by_output_name.values()),
    )
    if chosen < all_of_it:
        raise dg.Failure(
            f"expected all {len(all_of_it)} assets of this step, found {len(chosen)}: built alone, they "
            "would disagree with the rest of the warehouse. Select the whole step, or start the job "
            "supervision_run; a build leaves alone what did not change.",
            allow_retries=False,
        )


def _build(workspace: Workspace, plan: BuildPlan, changed: Any, *, exclude: str) -> Iterator[Event]:
    if not plan.nodes and not plan.changed:
        return
    settings = workspace.settings
    manifest = read_manifest()
    given = variables(settings, workspace.market, as_of=workspace.day.isoformat(), changed=changed)
    result = build(settings, given, select=plan.selected(manifest), exclude=exclude, full=plan.full)
    yield from _events(manifest, result.nodes)
    if not result.success:
        _fail(workspace, result)


def _events(manifest: Mapping[str, Any], nodes: Iterable[NodeResult]) -> Iterator[Event]:
    """A materialization for each node built, a check result for each test that gave a verdict."""
    for node in nodes:
        if node.unique_id.startswith("test."):
            if not node.broken:
                yield from _check_results(manifest, node)
        elif node.built:
            yield dg.MaterializeResult(
                asset_key=_TRANSLATOR.get_asset_spec(manifest, node.unique_id, None).key,
                metadata={"seconds": round(node.seconds, 3), "unique_id": node.unique_id},
            )


def _check_results(manifest: Mapping[str, Any], node: NodeResult) -> Iterator[dg.AssetCheckResult]:
    test = manifest["nodes"][node.unique_id]
    attached = test.get("attached_node")
    if attached is None or node.status == "skipped":
        return
    key = _TRANSLATOR.get_asset_spec(manifest, attached, None).key
    severe = str(test["config"]["severity"]).lower() == "error"
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name=test["name"],
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        metadata={
            "failing_rows": node.failures or 0,
            "message": node.message or "",
            "kept_in": test["relation_name"] or "",
        },
    )


def _fail(workspace: Workspace, result: BuildResult) -> None:
    """End the step: as a refusal where tests failed, as an error where dbt itself did not get through.

    Raises:
        GateRefusedError: data tests failed, and nothing else did.
        DbtError: something could not be built.
    """
    errors = [f"{node.unique_id}: {node.message}" for node in result.nodes if node.broken]
    failed = [node for node in result.nodes if node.failed_test]
    if errors or not failed:
        raise DbtError("dbt could not build the warehouse: " + ("; ".join(errors) or "it named no node"))
    rows = [
        {
            "gate": "publication",
            "table_name": node.unique_id.split(".")[2],
            "expectation": "dbt test",
            "severity": "critical",
            "success": False,
            "observed": node.message,
            "unexpected_count": node.failures,
        }
        for node in failed
    ]
    refuse(workspace.settings, "publication", workspace.snapshot, rows)
    names = ", ".join(node.unique_id.split(".")[2] for node in failed)
    raise GateRefusedError(f"dbt tests failed: {names}; see {workspace.settings.refusal}")


def _summary(key: dg.AssetKey, plan: BuildPlan) -> dg.MaterializeResult:
    records = [
        dg.TableRecord({"table": table, "periods": len(periods), "first": periods[0], "last": periods[-1]})
        for table, periods in plan.changed.items()
    ]
    metadata: dict[str, Any] = {"full": plan.full, "nodes_built": len(plan.nodes)}
    if records:
        metadata["changed_periods"] = dg.MetadataValue.table(records)
    return dg.MaterializeResult(asset_key=key, metadata=metadata)
