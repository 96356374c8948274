"""Late report: an annual report or monthly filing that came after its deadline.

The first submission counts: a correction dated after the deadline is no late report, and a report that was
late stays late however often it is revised. The marts keep the latest revision beside the time of the first.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain

KIND = "late_report"


def find(context: Context) -> list[Finding]:
    """One finding an entity and year, or a unit and month."""
    return [*_annual(context), *_monthly(context)]


def _annual(context: Context) -> list[Finding]:
    if context.marts.is_empty("fct_emission_reports"):
        return []
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read(
        "fct_emission_reports", "entity_id", "year", "entity_name", "province_code", "revision_count",
        "first_submitted_at", "due_on", "days_late",
    ).filter(pl.col("days_late") > limits["grace_days"])  # fmt: skip
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
                measures={
                    "days_late": Measure(row["days_late"], limits["grace_days"], "d"),
                    "first_submitted_at": Measure(_moment(row["first_submitted_at"])),
                    "revisions": Measure(row["revision_count"]),
                },
                evidence=(
                    Evidence("emission_reports", ("entity_id", "year"), ((row["entity_id"], row["year"]),)),
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
        .filter(pl.col("days_late") > limits["grace_days"])
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
                    Evidence("activity_reports", ("unit_id", "month"), ((row["unit_id"], row["month"]),)),
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


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds") + "Z"


DETECTOR = Detector(KIND, "2.0.0", ("fct_emission_reports|fct_mass_balance_months",), find)
