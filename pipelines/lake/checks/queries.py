"""The query of each check of the policy."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.lake.checks import columns, days, periods, provinces, publication
from pipelines.lake.completeness_policy import Policy, Rule

Query = Callable[[Rule, Policy], str]

QUERIES: dict[str, Query] = {
    check.__name__: check
    for check in (
        publication.table_withdrawn,
        publication.table_absent,
        publication.rows_lost,
        publication.rows_fewer,
        publication.column_lost,
        periods.period_missing,
        periods.period_missing_beside,
        provinces.province_missing,
        provinces.province_missing_beside,
        periods.subjects_few,
        periods.rows_few,
        days.days_few,
        days.calendar_incomplete,
        days.days_missing_beside,
        columns.column_empty_in_period,
        columns.column_empty,
        periods.period_unexpected,
        provinces.province_unexpected,
    )
}
"""By the name of the policy entry, in the order of the policy."""
