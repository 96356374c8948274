"""Late report: an annual report or monthly filing that came after its deadline.

The first submission counts: a correction dated after the deadline is no late report, and a report that was
late stays late however often it is revised. The marts keep the latest revision beside the time of the first.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.scoring import certain

KIND = "late_report"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    base_score_month: float
    days_late: float
    grace_days: float


def _annual(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row an entity and year whose first report came after the due date."""
    limits = inputs.limits
    rows = inputs.read("fct_emission_reports").filter(pl.col("days_late") > limits.grace_days)
    return inputs.compliance_days(rows.sort("entity_id", "year")).with_columns(
        score=certain(limits.base_score, pl.col("days_late"), limits.days_late),
        first_submitted_at=pl.col("first_submitted_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _monthly(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit and month whose filing came after the due date."""
    limits = inputs.limits
    # A deadline is a local day, submissions are kept in UTC.
    submitted = pl.col("submitted_at").dt.replace_time_zone("UTC")
    submitted_on = submitted.dt.convert_time_zone(inputs.market.timezone).dt.date()
    return (
        inputs.read("fct_mass_balance_months")
        .with_columns(days_late=(submitted_on - pl.col("due_on")).dt.total_days())
        .filter(pl.col("days_late") > limits.grace_days)
        .sort("unit_id", "month")
        .with_columns(
            first_on="month",
            last_on=pl.col("month").dt.month_end(),
            score=certain(limits.base_score_month, pl.col("days_late"), limits.days_late),
        )
    )


DETECTOR = Detector(
    KIND,
    "2.1.0",
    Limits,
    (
        Search(
            name="annual",
            subject_type="entity",
            subjects=("entity_id",),
            needs=(
                Need(
                    "fct_emission_reports",
                    (
                        "entity_id", "year", "entity_name", "province_code", "revision_count",
                        "first_submitted_at", "due_on", "days_late",
                    ),
                    source="emission_reports",
                    period="year",
                    subject="entity_id",
                    filled=("first_submitted_at",),
                ),
            ),
            evidence=(Rows("emission_reports", ("entity_id", "year")),),
            measures={
                "days_late": Figure("d", "grace_days"),
                "first_submitted_at": Figure(),
                "revision_count": Figure(),
            },
            find=_annual,
        ),
        Search(
            name="monthly",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(
                Need(
                    "fct_mass_balance_months",
                    (
                        "unit_id", "month", "entity_id", "entity_name", "province_code", "submitted_at",
                        "due_on",
                    ),
                    source="activity_reports",
                    period="month",
                    subject="unit_id",
                    filled=("submitted_at",),
                ),
            ),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"days_late": Figure("d", "grace_days")},
            find=_monthly,
        ),
    ),
)  # fmt: skip
