"""The last two steps: supervision marts join the candidate, and the candidate is published."""

import json
from datetime import timedelta

import dagster as dg
import polars as pl

from pipelines.assets.names import (
    ENGINEERS,
    EXPECTED_EMISSIONS,
    PUBLICATION,
    SUPERVISION_MARTS,
    SUPERVISORS,
)
from pipelines.gates import gate_counts
from pipelines.progress import report
from pipelines.project import MANIFEST
from pipelines.publication import export_marts, publish
from pipelines.resources import House
from pipelines.warehouse import published_models


def build_publication_assets(supervision_models: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """Export of the supervision marts, downstream of all of them, and the publication."""

    @dg.asset(
        key=SUPERVISION_MARTS,
        deps=supervision_models,
        group_name="candidate",
        owners=ENGINEERS,
        kinds={"duckdb", "parquet"},
        description="Alerts, evidence and quality results of the snapshot in preparation, as Parquet.",
        pool="duckdb",
    )
    def supervision_marts(house: House) -> dg.MaterializeResult:
        report("copying the supervision marts")
        names = published_models(MANIFEST, supervision=True)
        rows = export_marts(house.settings, names, house.candidate / "marts")
        return dg.MaterializeResult(metadata={name: count for name, count in rows.items()})

    @dg.asset(
        key=PUBLICATION,
        deps=[SUPERVISION_MARTS, EXPECTED_EMISSIONS],
        group_name="publication",
        owners=SUPERVISORS,
        kinds={"parquet"},
        description="The snapshot that readers see. It is switched in one step and never changes.",
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36)),
    )
    def publication(house: House) -> dg.MaterializeResult:
        report("publishing")
        marts = house.candidate / "marts"
        tables = {
            path.stem: {"rows": pl.scan_parquet(path).select(pl.len()).collect().item()}
            for path in sorted(marts.glob("*.parquet"))
        }
        manifest = {
            "as_of": house.day.isoformat(),
            "market": house.market.model_dump(mode="json"),
            "source": house.source_path.name,
            "tables": tables,
            "gates": gate_counts(house.settings),
            "run": json.loads((house.settings.scratch / "run.json").read_text(encoding="utf-8")),
        }
        path = publish(house.settings, house.snapshot, manifest)
        return dg.MaterializeResult(
            metadata={"snapshot": house.snapshot, "path": dg.MetadataValue.path(path), "tables": len(tables)}
        )

    return [supervision_marts, publication]
