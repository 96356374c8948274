"""Late report: an annual report or monthly filing that came after its deadline.

The first submission counts: a correction dated after the deadline is no late report, and a report that was
late stays late however often it is revised. Due dates and lateness come from `fct_report_obligations`.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.scoring import certain
from anomaly.core.stakes import Stake, Sum

KIND = "late_report"
MART = "fct_report_obligations"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    base_score_month: float
    days_late: float
    grace_days: float


def _late(inputs: Inputs[Limits], report_kind: str, base: float) -> pl.DataFrame:
    limits, of_kind = inputs.limits, pl.col("report_kind") == report_kind
    return (
        inputs.read(MART)
        .filter(of_kind & (pl.col("state") == "late"))
        .sort("subject_id", "period_start")
        .with_columns(
            score=certain(base, pl.col("days_late"), limits.days_late),
            is_alert=pl.col("days_late") > limits.grace_days,
        )
    )


def _annual(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row an entity and year whose first report came after the due date."""
    rows = _late(inputs, "annual_report", inputs.limits.base_score)
    submitted = pl.col("submitted_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return inputs.compliance_days(rows).with_columns(first_submitted_at=submitted)


def _monthly(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit and month whose filing came after the due date."""
    month = pl.col("period_start")
    return _late(inputs, "monthly_filing", inputs.limits.base_score_month).with_columns(
        unit_id="subject_id", month=month, first_on=month, last_on=month.dt.month_end()
    )


COLUMNS = (
    "report_kind", "subject_id", "entity_id", "entity_name", "province_code", "period_start", "year", "state",
    "days_late", "submitted_at", "revision_count", "surrender_due_on",
)  # fmt: skip
DETECTOR = Detector(
    KIND,
    "3.1.0",
    Limits,
    (
        Search(
            name="annual",
            subject_type="entity",
            subjects=("entity_id",),
            needs=(
                Need(
                    MART,
                    COLUMNS,
                    source="emission_reports",
                    period="year",
                    subject="subject_id",
                    filled=("submitted_at",),
                    where="report_kind = 'annual_report' and state in ('on_time', 'late', 'submitted')",
                ),
            ),
            evidence=(Rows("emission_reports", ("entity_id", "year")),),
            measures={
                "days_late": Figure("d", "grace_days"),
                "first_submitted_at": Figure(),
                "revision_count": Figure(),
            },
            find=_annual,
            stake=Stake("reported", Sum("fct_emission_reports", ("total_tco2e",), ("entity_id", "year"))),
            rests_on=("emission_reports",),
        ),
        Search(
            name="monthly",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(
                Need(
                    MART,
                    COLUMNS,
                    source="activity_reports",
                    period="period_start",
                    subject="subject_id",
                    filled=("submitted_at",),
                    where="report_kind = 'monthly_filing' and state in ('on_time', 'late', 'submitted')",
                ),
            ),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"days_late": Figure("d", "grace_days")},
            find=_monthly,
            stake=Stake(
                "reported", Sum("fct_mass_balance_months", ("reported_emissions_tco2",), ("unit_id", "month"))
            ),
            rests_on=("activity_reports",),
        ),
    ),
)
