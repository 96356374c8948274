"""From marts to alerts: the candidate's marts, the model's expectations, the detectors' findings."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl

from anomaly.detect import detect
from anomaly.market import Market
from anomaly.policy import load_policy
from models.card import model_card
from models.expected_emissions import score_unit_years
from models.registry import manifest as model_manifest
from models.registry import write_manifest
from pipelines.assets.names import (
    ALERT_EVIDENCE,
    ALERTS,
    CANDIDATE,
    ENGINEERS,
    EXPECTED_EMISSIONS,
    SUPERVISORS,
)
from pipelines.progress import report
from pipelines.project import MANIFEST
from pipelines.publication import export_marts
from pipelines.resources import House
from pipelines.warehouse import published_models


def build_candidate_asset(core_models: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that copies the core marts out of the warehouse, downstream of all of them."""

    @dg.asset(
        key=CANDIDATE,
        deps=core_models,
        group_name="candidate",
        owners=ENGINEERS,
        kinds={"duckdb", "parquet"},
        description="Core marts of the snapshot in preparation, as Parquet, in a fixed row order.",
        pool="duckdb",
    )
    def candidate_marts(house: House) -> dg.MaterializeResult:
        report("copying the marts")
        names = published_models(MANIFEST, supervision=False)
        rows = export_marts(house.settings, names, house.candidate / "marts")
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
def expected_emissions(house: House) -> dg.MaterializeResult:
    """Train the peer model on this snapshot's unit years and score each by models that did not see it."""
    report("training the peer model")
    marts = house.candidate / "marts"
    unit_years = pl.read_parquet(marts / "fct_unit_years.parquet")
    fitted = score_unit_years(unit_years)
    scores = fitted.score_frame()
    scores.write_parquet(marts / "expected_emissions.parquet")
    folder = house.candidate / "models"
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
def detectors(context: dg.AssetExecutionContext, house: House) -> Iterator[dg.MaterializeResult]:
    """Run every detector over the candidate's marts."""
    report("looking for manipulation, falsification and breaches")
    found = detect(
        house.candidate / "marts",
        policy=load_policy(),
        market=Market.from_settings({**house.market.model_dump(), "as_of": house.day}),
        snapshot_id=house.snapshot,
    )
    house.settings.handover.mkdir(parents=True, exist_ok=True)
    for name, frame, key in (
        ("alerts", found.alerts, ALERTS),
        ("alert_evidence", found.evidence, ALERT_EVIDENCE),
    ):
        frame.write_parquet(house.settings.handover / f"{name}.parquet")
        yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": frame.height})
    for skipped in found.skipped:
        context.log.info(skipped.reason)
