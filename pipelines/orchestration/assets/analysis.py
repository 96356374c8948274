"""From marts to alerts: the candidate's marts, the model's expectations, the detectors' findings."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from anomaly.core.discovery import all_detectors
from anomaly.core.market import Market
from anomaly.core.policy import load_policy
from anomaly.core.reuse import Earlier
from anomaly.core.run import detect
from pipelines.contract.outputs import findings as contract
from pipelines.core.files import file_digest, link
from pipelines.core.fingerprint import content_hash
from pipelines.core.progress import report
from pipelines.orchestration.assets.names import (
    ALERT_ASSESSMENTS,
    ALERT_CANDIDATES,
    ALERT_EVIDENCE,
    ALERTS,
    CANDIDATE,
    CORE_BUILD,
    DETECTION_COVERAGE,
    DETECTOR_RUNS,
    ENGINEERS,
    EXPECTED_EMISSIONS,
    MAX_AGE,
    SUPERVISORS,
)
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.exports import export_marts
from pipelines.publication.gates import refuse_if_critical
from pipelines.publication.identity import code_version, program_version
from pipelines.publication.reuse import made_once
from pipelines.warehouse.project import growing_models, published_models


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
        rows = export_marts(workspace.settings, names, workspace.candidate.marts, growing_models())
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
    """Train the peer model on this snapshot's unit years and score each by models that did not see it.

    A snapshot with the unit years of the one before takes its training; scikit-learn is not loaded then.
    """
    report("training the peer model")
    candidate = workspace.candidate
    unit_years = candidate.marts / "fct_unit_years.parquet"
    inputs = content_hash([file_digest(unit_years), program_version(candidate.market)])
    made = made_once(workspace.settings.home / "models", inputs, partial(_train, unit_years))
    published = candidate.folder / "models"
    published.mkdir(exist_ok=True)
    for path in made.iterdir():
        link(path, (candidate.marts if path.suffix == ".parquet" else published) / path.name)
    rows = pl.scan_parquet(made / "expected_emissions.parquet").select(pl.len()).collect().item()
    card = (made / "expected_emissions.md").read_text(encoding="utf-8")
    return dg.MaterializeResult(metadata={"dagster/row_count": rows, "model_card": dg.MetadataValue.md(card)})


def _train(unit_years: Path, folder: Path) -> None:
    from models.training import train

    train(unit_years, folder)


def build_detectors_asset() -> dg.AssetsDefinition:
    """What the detectors hand over, with one check a detector: it fails where the detector is broken."""
    outputs = {
        ALERTS: contract.ALERTS,
        ALERT_EVIDENCE: contract.ALERT_EVIDENCE,
        ALERT_ASSESSMENTS: contract.ALERT_ASSESSMENTS,
        ALERT_CANDIDATES: contract.ALERT_CANDIDATES,
        DETECTOR_RUNS: contract.DETECTOR_RUNS,
        DETECTION_COVERAGE: contract.DETECTION_COVERAGE,
    }
    version = code_version("anomaly")
    freshness = dg.FreshnessPolicy.time_window(fail_window=MAX_AGE)

    @dg.multi_asset(
        name="detectors",
        specs=[
            dg.AssetSpec(
                key,
                deps=[CANDIDATE, EXPECTED_EMISSIONS],
                code_version=version,
                description=output.table.description,
                group_name="anomaly",
                owners=SUPERVISORS,
                kinds={"polars"},
                freshness_policy=freshness if key == ALERTS else None,
            )
            for key, output in outputs.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                detector.kind, asset=DETECTOR_RUNS, description=f"{detector.kind} is not broken."
            )
            for detector in all_detectors()
        ],
    )
    @step("detectors")
    def detectors(
        workspace: Workspace, lock: HomeLock
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        """Run every detector over the candidate's marts; findings on unchanged marts are reused."""
        report("looking for manipulation, falsification and breaches")
        found = detect(
            workspace.candidate.marts,
            policy=load_policy(),
            market=Market.from_settings({**workspace.market.model_dump(), "as_of": workspace.day}),
            snapshot_id=workspace.snapshot,
            earlier=Earlier(
                workspace.settings.home / "findings", program_version(workspace.market), file_digest
            ),
        )
        frames = {
            ALERTS: found.alerts,
            ALERT_EVIDENCE: found.evidence,
            ALERT_ASSESSMENTS: found.assessments,
            ALERT_CANDIDATES: found.candidates,
            DETECTOR_RUNS: found.runs,
            DETECTION_COVERAGE: found.coverage,
        }
        workspace.settings.handover.mkdir(parents=True, exist_ok=True)
        for key, frame in frames.items():
            frame.write_parquet(workspace.settings.handover / f"{outputs[key].name}.parquet")
            metadata: dict[str, Any] = {"dagster/row_count": frame.height}
            if key == DETECTOR_RUNS:
                metadata["detectors"] = _runs_table(frame)
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        yield from map(_detector_check, found.runs.iter_rows(named=True))
        refuse_if_critical(workspace.candidate, found.runs)

    return detectors


def _runs_table(runs: pl.DataFrame) -> dg.TableMetadataValue:
    """The detectors' runs as a table for Dagster's page: how each ended, what it found, how long it took."""
    shown = runs.select("kind", "state", "candidates", "alerts", "seconds")
    return dg.MetadataValue.table([dg.TableRecord(row) for row in shown.iter_rows(named=True)])


def _detector_check(run: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=DETECTOR_RUNS,
        check_name=run["kind"],
        passed=run["state"] != "broken",
        severity=dg.AssetCheckSeverity.ERROR if run["is_critical"] else dg.AssetCheckSeverity.WARN,
        metadata={"state": run["state"], "reason": run["reason"] or "", "alerts": run["alerts"]},
    )
