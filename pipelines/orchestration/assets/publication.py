"""The last two steps: supervision marts join the candidate, and the candidate is published."""

import json

import dagster as dg

from pipelines.core.progress import report
from pipelines.orchestration.assets.names import (
    ENGINEERS,
    EXPECTED_EMISSIONS,
    MAX_AGE,
    PUBLICATION,
    SUPERVISION_BUILD,
    SUPERVISION_MARTS,
    SUPERVISORS,
)
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.exports import export_marts, mart_files, row_count
from pipelines.publication.gates import gate_counts
from pipelines.publication.snapshots import publish
from pipelines.warehouse.project import published_models


def build_publication_assets() -> list[dg.AssetsDefinition]:
    """Export of the supervision marts, and the publication."""

    @dg.asset(
        key=SUPERVISION_MARTS,
        deps=[SUPERVISION_BUILD],
        group_name="candidate",
        owners=ENGINEERS,
        kinds={"duckdb", "parquet"},
        description="Alerts, evidence and quality results of the snapshot in preparation, as Parquet.",
    )
    @step("supervision_marts")
    def supervision_marts(workspace: Workspace, lock: HomeLock) -> dg.MaterializeResult:
        report("copying the supervision marts")
        names = published_models(supervision=True)
        rows = export_marts(workspace.settings, names, workspace.candidate.marts)
        return dg.MaterializeResult(metadata={name: count for name, count in rows.items()})

    @dg.asset(
        key=PUBLICATION,
        deps=[SUPERVISION_MARTS, EXPECTED_EMISSIONS],
        group_name="publication",
        owners=SUPERVISORS,
        kinds={"parquet"},
        description="The snapshot that readers see. It is switched in one step and never changes.",
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=MAX_AGE),
    )
    @step("publication")
    def publication(workspace: Workspace, lock: HomeLock) -> dg.MaterializeResult:
        report("publishing")
        files = mart_files(workspace.candidate.marts)
        tables = {name: {"rows": row_count(paths)} for name, paths in files.items()}
        manifest = {
            "as_of": workspace.day.isoformat(),
            "market": workspace.market.model_dump(mode="json"),
            "source": workspace.source_path.name,
            "tables": tables,
            "gates": gate_counts(workspace.settings),
            "run": json.loads((workspace.settings.scratch / "run.json").read_text(encoding="utf-8")),
        }
        path = publish(workspace.settings, workspace.snapshot, manifest)
        return dg.MaterializeResult(
            metadata={
                "snapshot": workspace.snapshot,
                "path": dg.MetadataValue.path(path),
                "tables": len(tables),
            }
        )

    return [supervision_marts, publication]
