"""Missing report: an annual figure or a monthly filing that should be there and is not, or has no emissions.

What was due, from whom and whether it came stands in `fct_report_obligations`: verified emissions of
compliance years, annual reports of entities listed all year, filings of units since their first one.
An absent year scores by the emissions last known of the entity, on a log scale, not by the days since. Years
without any figure to the end of the data are probably a closure: the first of them scores as any absent
year, those that follow stay blue.
"""

from __future__ import annotations

from dataclasses import replace

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.stakes import Stake
from anomaly.detectors.compliance.missing_report.absent import MART, not_filed, not_verified, unfiled_months
from anomaly.detectors.compliance.missing_report.blank import MONTHS, YEARS, blank_months, blank_years
from anomaly.detectors.compliance.missing_report.last_known import FIGURES
from anomaly.detectors.compliance.missing_report.limits import Limits

KIND = "missing_report"


OBLIGATIONS = (
    "report_kind", "subject_id", "entity_id", "entity_name", "province_code", "period_start", "year", "state",
    "due_on", "surrender_due_on", "submitted_at",
)  # fmt: skip
VERIFIED = Need(
    MART,
    OBLIGATIONS,
    source="compliance",
    period="year",
    subject="subject_id",
    where="report_kind = 'verified_emissions'",
)
REPORTED = replace(
    VERIFIED,
    source="emission_reports",
    filled=("submitted_at",),
    where="report_kind = 'annual_report' and state in ('on_time', 'late', 'submitted')",
)
FILED = replace(
    VERIFIED,
    source="activity_reports",
    period="period_start",
    filled=("submitted_at",),
    where="report_kind = 'monthly_filing' and state in ('on_time', 'late', 'submitted')",
)


def _annual_search(name: str, table: str, find: object, *needs: Need) -> Search[Limits]:
    return Search(
        name=name,
        subject_type="entity",
        subjects=("entity_id",),
        needs=needs,
        evidence=(Rows(table, ("entity_id", "year")),),
        measures={
            "days_overdue": Figure("d"),
            "last_emissions_year": Figure(),
            "silent_since": Figure(),
            "last_emissions": Figure("tCO2e"),
        },
        find=find,  # type: ignore[arg-type]
        stake=Stake("last_known", "last_emissions"),
        rests_on=(table,),
        is_absence=True,
        variants=("annual", "annual_following"),
    )


IMPLIED = Figure("tCO2")
DETECTOR = Detector(
    KIND,
    "4.0.0",
    Limits,
    (
        _annual_search("not_verified", "compliance", not_verified, VERIFIED, *FIGURES),
        _annual_search("not_filed", "emission_reports", not_filed, REPORTED, *FIGURES),
        Search(
            name="monthly",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(FILED, replace(MONTHS, optional=True)),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"missing_months": Figure("months", "missing_months"), "days_overdue": Figure("d")},
            find=unfiled_months,
            stake=Stake("usual", "usual_emissions"),
            rests_on=("activity_reports",),
            is_absence=True,
        ),
        Search(
            name="blank_year",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(YEARS,),
            evidence=(Rows("unit_years", ("unit_id", "year")),),
            measures={"blank_share": Figure("fraction", "blank_share"), "implied_co2": IMPLIED},
            find=blank_years,
            stake=Stake("implied", "implied_co2"),
        ),
        Search(
            name="blank_month",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS,),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"implied_co2": IMPLIED},
            find=blank_months,
            stake=Stake("implied", "implied_co2"),
            rests_on=("activity_reports",),
        ),
    ),
)
