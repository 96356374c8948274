"""Late report: an annual report or monthly filing that came after its deadline.

Only first versions count. The marts keep the latest revision, and a correction made in time of an answer
to a question may well be dated after the deadline.
"""

from __future__ import annotations

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain

KIND = "late_report"
FIRST_REVISION = 1


def find(context: Context) -> list[Finding]:
    """One finding an entity and year, or a unit and month."""
    return [*_annual(context), *_monthly(context)]


def _annual(context: Context) -> list[Finding]:
    if context.marts.is_empty("fct_emission_reports"):
        return []
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read(
        "fct_emission_reports", "entity_id", "year", "entity_name", "province_code", "revision",
        "revision_count", "submitted_at", "due_on", "days_late",
    ).filter((pl.col("revision_count") == 1) & (pl.col("days_late") > limits["grace_days"]))  # fmt: skip
    found = []
    for row in rows.sort("entity_id", "year").iter_rows(named=True):
        start, end = context.compliance_window(row["year"], None)
        found.append(
            Finding(
                kind=KIND,
                subject_type="entity",
                subject_ids=ids(row["entity_id"]),
                province_code=row["province_code"],
                window_start=start,
                window_end=end,
                score=certain(limits["base_score"], row["days_late"], limits["days_late"]),
                measures={"days_late": Measure(row["days_late"], limits["grace_days"], "d")},
                evidence=(
                    Evidence(
                        "emission_reports",
                        ("entity_id", "year", "revision"),
                        ((row["entity_id"], row["year"], row["revision"]),),
                    ),
                ),
                variant="annual",
                title_values={
                    "entity": named(row["entity_name"], row["entity_id"]),
                    "year": row["year"],
                    "days": row["days_late"],
                },
            )
        )
    return found


def _monthly(context: Context) -> list[Finding]:
    if context.marts.is_empty("fct_mass_balance_months"):
        return []
    limits = context.policy.thresholds(KIND)
    rows = (
        context.marts.read(
            "fct_mass_balance_months",
            "unit_id",
            "month",
            "entity_id",
            "entity_name",
            "province_code",
            "revision",
            "submitted_at",
            "due_on",
        )
        .with_columns(
            # A deadline is a local day, submissions are kept in UTC.
            (
                pl.col("submitted_at")
                .dt.replace_time_zone("UTC")
                .dt.convert_time_zone(context.market.timezone)
                .dt.date()
                - pl.col("due_on")
            )
            .dt.total_days()
            .alias("days_late")
        )
        .filter((pl.col("revision") <= FIRST_REVISION) & (pl.col("days_late") > limits["grace_days"]))
    )
    found = []
    for row in rows.sort("unit_id", "month").iter_rows(named=True):
        start, end = context.market.months(row["month"], row["month"])
        found.append(
            Finding(
                kind=KIND,
                subject_type="unit",
                subject_ids=ids(row["unit_id"], row["entity_id"]),
                province_code=row["province_code"],
                window_start=start,
                window_end=end,
                score=certain(limits["base_score_month"], row["days_late"], limits["days_late"]),
                measures={"days_late": Measure(row["days_late"], limits["grace_days"], "d")},
                evidence=(
                    Evidence(
                        "activity_reports",
                        ("unit_id", "month", "revision"),
                        ((row["unit_id"], row["month"], row["revision"]),),
                    ),
                ),
                variant="monthly",
                title_values={
                    "entity": named(row["entity_name"], row["entity_id"]),
                    "unit": row["unit_id"],
                    "month": f"{row['month']:%Y-%m}",
                    "days": row["days_late"],
                },
            )
        )
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_emission_reports|fct_mass_balance_months",), find)
