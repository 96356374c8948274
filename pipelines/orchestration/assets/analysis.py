"""From marts to alerts: the candidate's marts, the model's expectations, the detectors' findings."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl

from anomaly.core.market import Market
from anomaly.core.policy import load_policy
from anomaly.core.run import detect
from models.card import model_card
from models.expected_emissions import score_unit_years
from models.registry import manifest as model_manifest
from models.registry import write_manifest
from pipelines.core.progress import report
from pipelines.orchestration.assets.names import (
    ALERT_EVIDENCE,
    ALERTS,
    CANDIDATE,
    CORE_BUILD,
    ENGINEERS,
    EXPECTED_EMISSIONS,
    SUPERVISORS,
)
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.snapshots import export_marts
from pipelines.warehouse.project import published_models


def build_candidate_asset() -> dg.AssetsDefinition:
    """The asset that copies the core marts out of the warehouse."""

    @dg.asset(
        key=CANDIDATE,
        deps=[CORE_BUILD],
        group_name="candidate",
        owners=ENGINEERS,
        kinds={"duckdb", "parquet"},
        description="Core marts of the snapshot in preparation, as Parquet, in a fixed row order.",
    )
    @step("candidate_marts")
    def candidate_marts(workspace: Workspace, lock: HomeLock) -> dg.MaterializeResult:
        report("copying the marts")
        names = published_models(supervision=False)
        rows = export_marts(workspace.settings, names, workspace.candidate.marts)
        return dg.MaterializeResult(metadata={"tables": len(rows), "dagster/row_count": sum(rows.values())})

    return candidate_marts


@dg.asset(
    key=EXPECTED_EMISSIONS,
    deps=[CANDIDATE],
    group_name="models",
    owners=SUPERVISORS,
    kinds={"scikitlearn", "polars"},
    description="What each unit's emissions would be if it were like its peers. One row a unit and year.",
)
@step("expected_emissions")
def expected_emissions(workspace: Workspace, lock: HomeLock) -> dg.MaterializeResult:
    """Train the peer model on this snapshot's unit years and score each by models that did not see it."""
    report("training the peer model")
    marts = workspace.candidate.marts
    unit_years = pl.read_parquet(marts / "fct_unit_years.parquet")
    fitted = score_unit_years(unit_years)
    scores = fitted.score_frame()
    scores.write_parquet(marts / "expected_emissions.parquet")
    folder = workspace.candidate.folder / "models"
    write_manifest(model_manifest(fitted, unit_years), folder)
    card = model_card(fitted)
    (folder / "expected_emissions.md").write_text(card, encoding="utf-8")
    return dg.MaterializeResult(
        metadata={"dagster/row_count": scores.height, "model_card": dg.MetadataValue.md(card)}
    )


@dg.multi_asset(
    name="detectors",
    specs=[
        dg.AssetSpec(
            ALERTS,
            deps=[CANDIDATE, EXPECTED_EMISSIONS],
            description="What the detectors found. One row an alert.",
            group_name="anomaly",
            owners=SUPERVISORS,
            kinds={"polars"},
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36)),
        ),
        dg.AssetSpec(
            ALERT_EVIDENCE,
            deps=[CANDIDATE, EXPECTED_EMISSIONS],
            description="Keys of the source rows behind the alerts. One row an alert and source row.",
            group_name="anomaly",
            owners=SUPERVISORS,
            kinds={"polars"},
        ),
    ],
)
@step("detectors")
def detectors(
    context: dg.AssetExecutionContext, workspace: Workspace, lock: HomeLock
) -> Iterator[dg.MaterializeResult]:
    """Run every detector over the candidate's marts."""
    report("looking for manipulation, falsification and breaches")
    found = detect(
        workspace.candidate.marts,
        policy=load_policy(),
        market=Market.from_settings({**workspace.market.model_dump(), "as_of": workspace.day}),
        snapshot_id=workspace.snapshot,
    )
    workspace.settings.handover.mkdir(parents=True, exist_ok=True)
    for name, frame, key in (
        ("alerts", found.alerts, ALERTS),
        ("alert_evidence", found.evidence, ALERT_EVIDENCE),
    ):
        frame.write_parquet(workspace.settings.handover / f"{name}.parquet")
        yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": frame.height})
    for skipped in found.skipped:
        context.log.info(skipped.reason)
