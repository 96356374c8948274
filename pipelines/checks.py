"""Asset checks: the two gates, shown in Dagster table by table; a refusal blocks what comes after.

Belongs here: turning gate results into check results. Does not belong here: bounds and suites
(`expectations`), keys and identities (dbt's data tests, which dagster-dbt shows as checks itself).
See https://docs.dagster.io/guides/test/asset-checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from expectations.results import GateResult, QualityResult
from expectations.suites import suite_tables
from pipelines.assets.names import ALERTS, CANDIDATE, lake_key
from pipelines.contract.tables import TABLES
from pipelines.gates import DOOR, PUBLICATION, forget_gates, refuse_if_failed, run_gate
from pipelines.progress import report
from pipelines.resources import House

_CHECK = "plausibility"


def _table(rows: Iterable[QualityResult]) -> str:
    lines = ["| expectation | severity | observed | expected |", "|---|---|---|---|"]
    lines += [f"| {row.expectation} | {row.severity} | {row.observed} | {row.expected} |" for row in rows]
    return "\n".join(lines)


def _result(key: dg.AssetKey, rows: list[QualityResult]) -> dg.AssetCheckResult:
    failed = [row for row in rows if row.success is False and row.severity != "info"]
    critical = any(row.severity == "critical" for row in failed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=_CHECK,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata={
            "expectations": len(rows),
            "not_judged": sum(row.success is None for row in rows),
            "failed": dg.MetadataValue.md(_table(failed) if failed else "none"),
        },
    )


def _results(
    result: GateResult, keys: dict[str, dg.AssetKey], rest: dg.AssetKey
) -> Iterator[dg.AssetCheckResult]:
    """One check result an asset; tables that are no asset of their own count under `rest`."""
    rows: dict[dg.AssetKey, list[QualityResult]] = {key: [] for key in [*keys.values(), rest]}
    for row in result.results:
        rows[keys.get(row.table_name, rest)].append(row)
    for key, found in rows.items():
        yield _result(key, found)


_DOOR_KEYS = {name: lake_key(name) for name in TABLES if name in suite_tables(DOOR)}
_DOOR_REST = dg.AssetKey(["handover", "row_accounting"])


@dg.multi_asset_check(
    name="door",
    description="Plausibility of what came in; a critical failure refuses the run.",
    specs=[
        dg.AssetCheckSpec(_CHECK, asset=key, blocking=True, description="Plausibility of what came in.")
        for key in [*_DOOR_KEYS.values(), _DOOR_REST]
    ],
)
def door(house: House) -> Iterator[dg.AssetCheckResult]:
    """Gate 1, at the door."""
    report("gate at the door")
    forget_gates(house.settings)
    result = run_gate(house, DOOR)
    yield from _results(result, _DOOR_KEYS, _DOOR_REST)
    refuse_if_failed(house, result)


@dg.multi_asset_check(
    name="publication_gate",
    description="Plausibility of what is about to be published; a critical failure refuses the run.",
    specs=[
        dg.AssetCheckSpec(_CHECK, asset=CANDIDATE, blocking=True, description="Plausibility of the marts."),
        dg.AssetCheckSpec(_CHECK, asset=ALERTS, blocking=True, description="Plausibility of the alerts."),
    ],
)
def publication_gate(house: House) -> Iterator[dg.AssetCheckResult]:
    """Gate 2, before publication."""
    report("gate before publication")
    result = run_gate(house, PUBLICATION)
    keys = {"alerts": ALERTS, "alert_evidence": ALERTS}
    yield from _results(result, keys, CANDIDATE)
    refuse_if_failed(house, result)
