"""Asset checks: the two gates, shown in Dagster table by table; a refusal blocks what comes after.

Belongs here: turning gate results into check results. Does not belong here: bounds and suites
(`expectations`), keys and identities (dbt's data tests, which dagster-dbt shows as checks itself).
See https://docs.dagster.io/guides/test/asset-checks.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import dagster as dg

from anomaly.core.texts import with_folders
from expectations.gates import suites_of
from expectations.policy import Market
from expectations.results import GateResult, QualityResult
from expectations.runner import MESSAGES
from expectations.suite import Frame
from pipelines.contract.tables import TABLES
from pipelines.core.progress import report
from pipelines.orchestration.assets.names import (
    ALERT_EVIDENCE,
    ALERTS,
    ENGINEERS,
    INGESTION_GATE,
    LAKE,
    MAX_AGE,
    QUALITY_RESULTS,
    ROW_ACCOUNTING,
    SUPERVISORS,
    lake_key,
)
from pipelines.orchestration.assets.names import PUBLICATION as PUBLICATION_ASSET
from pipelines.orchestration.jobs import ON_TIME
from pipelines.orchestration.lineage import ordered_after
from pipelines.orchestration.resources import HomeLock, Workspace
from pipelines.orchestration.steps import step
from pipelines.publication.gates import INGESTION, PUBLICATION, forget_gates, refuse_if_failed, run_gate
from pipelines.publication.identity import code_version
from pipelines.publication.snapshots import created_at, snapshots

_Name = TypeVar("_Name")

_CHECK = "plausibility"

_ALERT_TABLES = ("fct_alerts",)


def _table(rows: Iterable[QualityResult]) -> str:
    lines = ["| expectation | severity | observed | expected |", "|---|---|---|---|"]
    lines += [f"| {row.expectation} | {row.severity} | {row.observed} | {row.expected} |" for row in rows]
    return "\n".join(lines)


def _result(key: dg.AssetKey, check: str, rows: list[QualityResult]) -> dg.AssetCheckResult:
    failed = [row for row in rows if row.success is False and row.severity != "info"]
    critical = any(row.severity == "critical" for row in failed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata={
            "expectations": len(rows),
            "not_judged": sum(row.success is None for row in rows),
            "failed": dg.MetadataValue.md(_table(failed) if failed else "none"),
        },
    )


def _grouped(
    result: GateResult, groups: Mapping[str, _Name], rest: _Name
) -> dict[_Name, list[QualityResult]]:
    """Results by the group of their table; tables without one count under `rest`."""
    rows: dict[_Name, list[QualityResult]] = {name: [] for name in [*groups.values(), rest]}
    for row in result.results:
        rows[groups.get(row.table_name, rest)].append(row)
    return rows


def build_quality_asset() -> dg.AssetsDefinition:
    """Gate 2, before publication: its results are an asset that the supervision marts read.

    They are attached to the results, not to the marts: a blocking check on the marts would have to pass
    before the detectors, whose alerts it judges, could run.
    """
    checks = {"plausible_alerts": "alerts", "plausible_marts": "marts"}

    @dg.asset(
        key=QUALITY_RESULTS,
        code_version=code_version("expectations"),
        deps=[ALERTS, ALERT_EVIDENCE],
        group_name="anomaly",
        owners=SUPERVISORS,
        kinds={"duckdb", "greatexpectations"},
        description="What both gates found. One row an expectation in a gate.",
        check_specs=[
            dg.AssetCheckSpec(
                name, asset=QUALITY_RESULTS, blocking=True, description=f"Plausibility of the {what}."
            )
            for name, what in checks.items()
        ],
    )
    @step("publication_gate")
    def quality_results(
        workspace: Workspace, lock: HomeLock
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        report("gate before publication")
        result = run_gate(workspace.candidate, PUBLICATION, with_folders(MESSAGES).text)
        groups = dict.fromkeys(_ALERT_TABLES, "plausible_alerts")
        for check, rows in _grouped(result, groups, "plausible_marts").items():
            yield _result(QUALITY_RESULTS, check, rows)
        refuse_if_failed(workspace.candidate, result)
        yield dg.MaterializeResult(
            asset_key=QUALITY_RESULTS, metadata={"dagster/row_count": len(result.results)}
        )

    return quality_results


def build_ingestion_gate() -> dg.AssetsDefinition:
    """Gate 1, before the warehouse: an asset with its results, and one check a table.

    Which tables are judged follows from the suites.
    """
    frame = Frame(INGESTION, Market(), datetime.now(UTC).date())
    judged = {suite.table for suite in suites_of(frame)}
    keys = {name: lake_key(name) for name in TABLES if name in judged}
    gate = dg.AssetSpec(
        INGESTION_GATE,
        deps=[*keys.values(), ROW_ACCOUNTING],
        code_version=code_version("expectations"),
        group_name=LAKE,
        owners=ENGINEERS,
        kinds={"duckdb", "greatexpectations"},
        description="What the ingestion gate found in the delivered rows. One row an expectation.",
    )
    checks = [
        dg.AssetCheckSpec(_CHECK, asset=key, blocking=True, description="Plausibility of what came in.")
        for key in [*keys.values(), ROW_ACCOUNTING]
    ]

    @step("ingestion_gate")
    def ingestion(
        workspace: Workspace, lock: HomeLock
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        """Plausibility of what came in; a critical failure refuses the run."""
        report("ingestion gate")
        forget_gates(workspace.settings)
        result = run_gate(workspace.candidate, INGESTION, with_folders(MESSAGES).text)
        for key, rows in _grouped(result, keys, ROW_ACCOUNTING).items():
            yield _result(key, _CHECK, rows)
        refuse_if_failed(workspace.candidate, result)
        yield dg.MaterializeResult(
            asset_key=INGESTION_GATE, metadata={"dagster/row_count": len(result.results)}
        )

    return ordered_after(
        [ROW_ACCOUNTING],
        name="ingestion",
        specs=[gate],
        check_specs=checks,
        compute=ingestion,
        can_subset=False,
    )


@dg.asset_check(
    asset=PUBLICATION_ASSET,
    name=ON_TIME.name,
    description="The last snapshot is less than a day and a half old.",
)
def published_on_time(workspace: Workspace) -> dg.AssetCheckResult:
    """Compare the age of the last snapshot with the limit; nothing published counts as too old."""
    newest = next(iter(snapshots(workspace.settings)), None)
    if newest is None:
        return dg.AssetCheckResult(passed=False, metadata={"found": "nothing was published yet"})
    created = datetime.fromisoformat(created_at(newest))
    age = datetime.now(UTC) - created
    return dg.AssetCheckResult(
        passed=age <= MAX_AGE,
        metadata={
            "snapshot": newest.name,
            "published_at": created.isoformat(),
            "age_hours": round(age.total_seconds() / 3600, 1),
            "limit_hours": MAX_AGE.total_seconds() / 3600,
        },
    )
