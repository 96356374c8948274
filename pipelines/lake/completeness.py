"""Judges whether what was delivered is complete, and hands the result to dbt and the ingestion gate.

The comparison reads profiles, not kept rows, so that it costs the same on a day with little news. It writes
`handover/completeness.parquet` (one row a check and gap, and one row for a check that found none) and
`handover/row_counts.parquet`, which the next run compares with once it was published.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from pipelines.contract.outputs.lake import COMPLETENESS
from pipelines.core.sql import literal
from pipelines.lake.checks.queries import QUERIES
from pipelines.lake.completeness_policy import CHECKS, Rule, load_policy
from pipelines.lake.completeness_views import open_views, row_counts_query
from pipelines.lake.profile import open_profiles
from pipelines.lake.state import LakeState


def judge_completeness(
    con: duckdb.DuckDBPyConnection, lake: Path, as_of: date, published: Path | None
) -> None:
    """Write the two handovers for the lake as it is.

    `published` is `fct_row_counts` of the last publication, or None before the first: a refused run leaves
    the publication in place, so that a loss is found again until it is corrected.
    """
    open_profiles(con, lake, LakeState.read(lake))
    open_views(con, as_of, published)
    policy = load_policy()
    parts = []
    for check in CHECKS:
        rule: Rule = getattr(policy.checks, check)
        parts += _rows(check, rule, QUERIES[check](rule, policy))
    names = ", ".join(f"cast({c.name} as {c.duckdb_type}) as {c.name}" for c in COMPLETENESS.table.columns)
    order = "check_name, table_name, period, province_code, column_name"
    _write(con, f"select {names} from ({' union all '.join(parts)}) order by {order}", lake, "completeness")
    _write(con, row_counts_query(), lake, "row_counts")


def _rows(check: str, rule: Rule, query: str) -> list[str]:
    """The check's gaps, or one row that says that it found none."""
    fixed = f"{literal(check)} as check_name, {literal(rule.severity)} as severity"
    unit = f"{literal(rule.unit)} as unit, {literal(rule.why.zh)} as why_zh, {literal(rule.why.en)} as why_en"
    columns = "table_name, period, province_code, column_name"
    gaps = (
        f"select {fixed}, 'found' as state, {columns}, min(observed) as observed, "
        f"max(expected) as expected, {unit} from ({query}) group by {columns}"
    )
    none = (
        f"select {fixed}, 'passed' as state, 'all' as table_name, 'all' as period, 'all' as province_code, "
        f"'all' as column_name, cast(null as double) as observed, cast(null as double) as expected, {unit} "
        f"where not exists (select 1 from ({query}))"
    )
    return [gaps, none]


def _write(con: duckdb.DuckDBPyConnection, query: str, lake: Path, name: str) -> None:
    folder = lake / "handover"
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy ({query}) to {literal(str(folder / f'{name}.parquet'))} (format parquet)")
