"""Missing report: an annual figure or a monthly filing that should be there and is not, or has no emissions.

What was due, from whom and whether it came stands in `fct_report_obligations`: verified emissions of
compliance years, annual reports of entities listed all year, filings of units since their first one.
An absent year scores by the emissions last known of the entity, on a log scale, not by the days since. Years
without any figure to the end of the data are probably a closure: the first of them scores as any absent
year, those that follow stay blue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import NEXT_MONTH, runs
from anomaly.core.scoring import certain, magnitude, total
from anomaly.detectors.compliance.missing_report.blank import MONTHS, YEARS, blank_months, blank_years
from anomaly.detectors.compliance.missing_report.last_known import FIGURES, figures, with_last_known

KIND = "missing_report"
MART = "fct_report_obligations"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    tonnes_weight: float
    tonnes_full: float
    following_factor: float
    base_score_month: float
    missing_months: float
    blank_share: float
    stated_share: float


def _missing(inputs: Inputs[Limits], report_kind: str) -> pl.DataFrame:
    of_kind = pl.col("report_kind") == report_kind
    return inputs.read(MART).filter(of_kind & (pl.col("state") == "missing"))


def _not_verified(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Compliance years that are due and have no verified emissions."""
    return _annual(inputs, _missing(inputs, "verified_emissions"))


def _not_filed(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Years without an annual report, but for those that the other search reports."""
    known = _missing(inputs, "verified_emissions")
    return _annual(
        inputs, _missing(inputs, "annual_report").join(known, on=["entity_id", "year"], how="anti")
    )


def _annual(inputs: Inputs[Limits], absent: pl.DataFrame) -> pl.DataFrame:
    """One row an entity year; those that only follow another at the end of the data score lower."""
    limits = inputs.limits
    absent = absent.select("entity_id", "entity_name", "province_code", "year", "due_on", "surrender_due_on")
    if absent.is_empty():
        return absent
    latest = figures(inputs).group_by("entity_id").agg(pl.col("year").max().alias("last_year"))
    silent = pl.col("year") > pl.col("last_year").fill_null(-1)
    rows = absent.join(latest, on="entity_id", how="left").with_columns(
        silent_since=pl.when(silent).then("year").min().over("entity_id")
    )
    rows = with_last_known(rows, figures(inputs)).with_columns(
        follows=silent & (pl.col("year") > pl.col("silent_since"))
    )
    overdue = (pl.lit(inputs.as_of, pl.Date) - pl.col("due_on")).dt.total_days()
    score = total(
        limits.base_score,
        limits.tonnes_weight * magnitude(pl.col("last_emissions").fill_null(0.0), limits.tonnes_full),
    )
    follows = pl.col("follows")
    return inputs.compliance_days(rows.sort("entity_id", "year")).with_columns(
        score=pl.when(follows).then(total(score * limits.following_factor)).otherwise(score),
        days_overdue=overdue.fill_null(0).clip(0),
        variant=pl.when(follows).then(pl.lit("annual_following")).otherwise(pl.lit("annual")),
        # A year is a name, not a quantity: as text no screen writes it as 2,006.
        last_emissions_year=pl.col("last_emissions_year").cast(pl.String),
        silent_since=pl.when(silent).then(pl.col("silent_since")).cast(pl.String),
    )


def _unfiled_months(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of months without a filing of a unit that filed before, one row a run."""
    rows = _missing(inputs, "monthly_filing").with_columns(unit_id="subject_id", month="period_start")
    return frame_of(
        _run(inputs, months.slice(first, last - first + 1))
        for _, months in rows.sort("unit_id", "month").group_by("unit_id", maintain_order=True)
        for first, last in runs(months["month"].to_list(), NEXT_MONTH)
    )


def _run(inputs: Inputs[Limits], rows: pl.DataFrame) -> dict[str, object]:
    limits, as_of = inputs.limits, inputs.as_of
    due_on: Any = rows["due_on"].min()
    return {
        **rows.select("unit_id", "entity_id", "entity_name", "province_code").row(0, named=True),
        "month": rows["month"].to_list(),
        "first_on": rows["month"][0],
        "last_on": rows["month"].dt.month_end()[-1],
        "score": certain(limits.base_score_month, rows.height, limits.missing_months),
        "missing_months": rows.height,
        "days_overdue": (as_of - due_on).days if as_of else 0,
    }


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
            "last_emissions": Figure("tCO2e", "tonnes_full"),
        },
        find=find,  # type: ignore[arg-type]
        variants=("annual", "annual_following"),
    )


IMPLIED = Figure("tCO2", "tonnes_full")
DETECTOR = Detector(
    KIND,
    "4.0.0",
    Limits,
    (
        _annual_search("not_verified", "compliance", _not_verified, VERIFIED, *FIGURES),
        _annual_search("not_filed", "emission_reports", _not_filed, REPORTED, *FIGURES),
        Search(
            name="monthly",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(FILED,),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"missing_months": Figure("months", "missing_months"), "days_overdue": Figure("d")},
            find=_unfiled_months,
        ),
        Search(
            name="blank_year",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(YEARS,),
            evidence=(Rows("unit_years", ("unit_id", "year")),),
            measures={"blank_share": Figure("fraction", "blank_share"), "implied_co2": IMPLIED},
            find=blank_years,
        ),
        Search(
            name="blank_month",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS,),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"implied_co2": IMPLIED},
            find=blank_months,
        ),
    ),
)
