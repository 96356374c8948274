"""The source tables in the lake: received, checked against the contract, kept or quarantined."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg
import polars as pl

from pipelines.contract.outputs.registry import OUTPUTS
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.core.progress import report
from pipelines.lake.completeness import judge_completeness
from pipelines.lake.deliveries import record_deliveries
from pipelines.lake.identifiers import judge_identifiers
from pipelines.lake.store import connect
from pipelines.lake.update import LakeSummary, update_lake
from pipelines.orchestration.assets.names import ENGINEERS, HANDOVER, LAKE, MAX_AGE, lake_key
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.identity import code_version, snapshot_id
from pipelines.publication.snapshots import begin_candidate

_HANDOVERS = {output.name: output.table.description for output in OUTPUTS.values() if output.by_the_lake}


def _specs() -> list[dg.AssetSpec]:
    version = code_version("pipelines/lake", "pipelines/contract")
    tables = [
        dg.AssetSpec(
            lake_key(table.name),
            skippable=True,
            code_version=version,
            description=table.description,
            group_name=LAKE,
            owners=ENGINEERS,
            kinds={"duckdb", "parquet"},
            metadata={
                "dagster/column_schema": dg.TableSchema(
                    columns=[
                        dg.TableColumn(column.name, column.type, column.description)
                        for column in table.columns
                    ]
                )
            },
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=MAX_AGE),
        )
        for table in TABLES.values()
    ]
    handovers = [
        dg.AssetSpec(
            dg.AssetKey([HANDOVER, name]),
            code_version=version,
            description=description,
            group_name=LAKE,
            owners=ENGINEERS,
            kinds={"duckdb", "parquet"},
        )
        for name, description in _HANDOVERS.items()
    ]
    return tables + handovers


def build_lake_asset() -> dg.AssetsDefinition:
    """The lake's tables and what it hands over, as one step; reads the code that fills them."""

    @dg.multi_asset(name="lake", specs=_specs())
    @step("lake")
    def lake(
        context: dg.AssetExecutionContext, workspace: Workspace, lock: HomeLock
    ) -> Iterator[dg.MaterializeResult]:
        """Bring the lake up to the source directory; rewrite only the periods that changed."""
        settings = workspace.settings
        settings.scratch.mkdir(parents=True, exist_ok=True)
        with connect(settings.memory_limit, settings.threads, settings.scratch) as con:
            summary = update_lake(con, workspace.source_path, settings.lake, report)
            record_deliveries(settings.lake, workspace.day)
            published = settings.current / "marts" / "fct_row_counts.parquet"
            judge_identifiers(con, settings.lake, is_chinese=workspace.market.family == "cn")
            judge_completeness(con, settings.lake, workspace.day, published if published.is_file() else None)
        if snapshot_id(workspace.source_path, workspace.day) != workspace.snapshot:
            raise SourceError(
                f"{workspace.source_path}: expected a source that rests, found one that changed since the "
                "run began. Run again when its delivery has ended."
            )
        begin_candidate(settings, workspace.snapshot)
        counts = {name: asdict(table) for name, table in summary.tables.items() if table.files}
        note = {"tables": counts, "unknown": summary.unknown}
        (settings.scratch / "run.json").write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
        for name in summary.unknown:
            context.log.warning(f"{name} belongs to no table of the contract and was passed over")
        yield from _results(summary, workspace)

    return lake


def _results(summary: LakeSummary, workspace: Workspace) -> Iterator[dg.MaterializeResult]:
    for name, table in summary.tables.items():
        if not (table.files_new or table.files_changed or table.files_withdrawn or table.periods_rewritten):
            continue
        counts = {key: value for key, value in asdict(table).items() if isinstance(value, int)}
        yield dg.MaterializeResult(
            asset_key=lake_key(name),
            metadata={
                "dagster/row_count": table.kept,
                "unknown_columns": ", ".join(table.unknown_columns) or "none",
                **counts,
            },
        )
    for name in _HANDOVERS:
        frame = pl.scan_parquet(workspace.settings.handover / f"{name}.parquet")
        rows = frame.select(pl.len()).collect().item()
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([HANDOVER, name]), metadata={"dagster/row_count": rows}
        )
