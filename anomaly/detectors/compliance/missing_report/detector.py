"""Missing report: an annual figure or a monthly filing that should be there and is not.

Three places to look: compliance years that are due and have no verified emissions; listed entities without an
annual report in a year for which most listed entities reported; units without a monthly filing between
or after months that they filed, when most units filed that month.
An absent year scores by the emissions last known of the entity, on a log scale, not by the days since. Years
without any figure to the end of the data are probably a closure: the first of them scores as any absent
year, those that follow stay blue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import runs
from anomaly.core.scoring import certain, magnitude, total

KIND = "missing_report"
MONTH_GAP = timedelta(days=31)


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    tonnes_weight: float
    tonnes_full: float
    following_factor: float
    base_score_month: float
    missing_months: float
    quorum: float


def _not_verified(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Compliance years that are due and have no verified emissions."""
    rows = inputs.read("fct_compliance_years").filter(pl.col("verdict") == "not_reported")
    return _annual(inputs, rows)


def _not_filed(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Entities listed all through a year that have no annual report though most of them do.

    Without the years that have no verified emissions: those are candidates of the other search.
    """
    known = inputs.read("fct_compliance_years").filter(pl.col("verdict") == "not_reported")
    rows = _unfiled_years(inputs).join(known, on=["entity_id", "year"], how="anti")
    return _annual(inputs, rows)


def _annual(inputs: Inputs[Limits], absent: pl.DataFrame) -> pl.DataFrame:
    """One row an entity year; those that only follow another at the end of the data score lower."""
    limits = inputs.limits
    absent = absent.select("entity_id", "entity_name", "province_code", "year", "due_on")
    if absent.is_empty():
        return absent
    latest = _figures(inputs).group_by("entity_id").agg(pl.col("year").max().alias("last_year"))
    silent = pl.col("year") > pl.col("last_year").fill_null(-1)
    rows = absent.join(latest, on="entity_id", how="left").with_columns(
        silent_since=pl.when(silent).then("year").min().over("entity_id")
    )
    rows = _with_last_known(rows, _figures(inputs)).with_columns(
        follows=silent & (pl.col("year") > pl.col("silent_since"))
    )
    overdue = (pl.lit(inputs.market.as_of, pl.Date) - pl.col("due_on")).dt.total_days()
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


def _figures(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row an entity and year with a figure, verified emissions before reported ones."""
    reports = inputs.read("fct_emission_reports").select(
        "entity_id", "year", emissions=pl.coalesce("verified_total_tco2e", "total_tco2e").cast(pl.Float64)
    )
    verified = inputs.read("fct_compliance_years").select(
        "entity_id", "year", emissions=pl.col("verified_emissions_tco2e").cast(pl.Float64)
    )
    both = pl.concat([verified.drop_nulls(), reports.drop_nulls()], how="vertical_relaxed")
    return both.unique(["entity_id", "year"], keep="first", maintain_order=True)


def _with_last_known(rows: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Adds the latest emissions before a year and their year, or where there are none the first after it."""
    known = figures.select("entity_id", last_emissions="emissions", last_emissions_year="year").sort(
        "last_emissions_year"
    )
    pairs = rows.select("entity_id", "year").join(known, on="entity_id")
    before = pl.col("last_emissions_year") < pl.col("year")
    nearest = (
        pairs.with_columns(distance=(pl.col("year") - pl.col("last_emissions_year")).abs(), before=before)
        .sort("before", "distance", descending=[True, False])
        .unique(["entity_id", "year"], keep="first", maintain_order=True)
        .drop("distance", "before")
    )
    return rows.join(nearest, on=["entity_id", "year"], how="left")


def _unfiled_years(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a listed entity and year without a report: `entity_id`, names, `year`, `due_on`."""
    filed = inputs.read("fct_emission_reports").select("entity_id", "year", "due_on")
    due = filed.group_by("year").agg(pl.col("due_on").max()).drop_nulls("due_on")
    if inputs.market.as_of:
        due = due.filter(pl.col("due_on") < inputs.market.as_of)
    first, last = pl.date("year", 1, 1), pl.date("year", 12, 31)
    listed = (
        inputs.read("dim_entities")
        .join(due, how="cross")
        .filter(
            (pl.col("listed_on") <= first) & (pl.col("exited_on").is_null() | (pl.col("exited_on") > last))
        )
    )
    rows = listed.join(
        filed.select("entity_id", "year", filed=pl.lit(True)), on=["entity_id", "year"], how="left"
    ).with_columns(pl.col("filed").fill_null(False))
    return rows.filter(~pl.col("filed") & (pl.col("filed").mean().over("year") >= inputs.limits.quorum))


def _unfiled_months(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of months without a filing of a unit that filed before, one row a run."""
    limits = inputs.limits
    filed = inputs.read("fct_mass_balance_months")
    as_of: Any = inputs.market.as_of or filed["submitted_at"].dt.date().max()
    units = filed.group_by("unit_id").agg(
        pl.col("month").min().alias("first_month"),
        pl.col("entity_id", "entity_name", "province_code").first(),
    )
    units = units.join(inputs.read("dim_units"), on="unit_id", how="left")
    months = filed.group_by("month").agg(pl.col("due_on").max())
    expected = units.join(months, how="cross").filter(
        (pl.col("month") > pl.col("first_month"))
        & (pl.col("retired_on").is_null() | (pl.col("month") < pl.col("retired_on")))
        & (pl.col("due_on") < pl.lit(as_of, pl.Date)).fill_null(as_of is None)
    )
    expected = expected.join(
        filed.select("unit_id", "month", pl.lit(True).alias("filed")), on=["unit_id", "month"], how="left"
    ).with_columns(pl.col("filed").fill_null(False))
    absent = expected.filter(~pl.col("filed") & (pl.col("filed").mean().over("month") >= limits.quorum))
    found = []
    for _, rows in sorted(absent.sort("unit_id", "month").group_by("unit_id", maintain_order=True)):
        for first, last in runs(rows["month"].to_list(), MONTH_GAP):
            found.append(_run(limits, rows.slice(first, last - first + 1), as_of))
    return frame_of(found)


def _run(limits: Limits, rows: pl.DataFrame, as_of: date | None) -> dict[str, object]:
    due_on: Any = rows["due_on"].min()
    return {
        **rows.row(0, named=True),
        "month": rows["month"].to_list(),
        "first_on": rows["month"][0],
        "last_on": rows["month"].dt.month_end()[-1],
        "score": certain(limits.base_score_month, rows.height, limits.missing_months),
        "missing_months": rows.height,
        "days_overdue": (as_of - due_on).days if as_of and due_on else 0,
    }


COMPLIANCE = Need(
    "fct_compliance_years",
    {
        "entity_id": pl.String,
        "year": pl.Int64,
        "entity_name": pl.String,
        "province_code": pl.String,
        "due_on": pl.Date,
        "verdict": pl.String,
        "verified_emissions_tco2e": pl.Float64,
    },
    source="compliance",
    period="year",
    subject="entity_id",
)
REPORTS = Need(
    "fct_emission_reports",
    {
        "entity_id": pl.String,
        "year": pl.Int64,
        "due_on": pl.Date,
        "verified_total_tco2e": pl.Float64,
        "total_tco2e": pl.Float64,
    },
    source="emission_reports",
    period="year",
    subject="entity_id",
    filled=("total_tco2e",),
)
ENTITIES = Need(
    "dim_entities",
    ("entity_id", "entity_name", "province_code", "listed_on", "exited_on"),
    source="entities",
    subject="entity_id",
    filled=("listed_on",),
)
FILINGS = Need(
    "fct_mass_balance_months",
    ("unit_id", "month", "entity_id", "entity_name", "province_code", "submitted_at", "due_on"),
    source="activity_reports",
    period="month",
    subject="unit_id",
    filled=("submitted_at",),
)
UNITS = Need(
    "dim_units",
    {"unit_id": pl.String, "retired_on": pl.Date},
    source="units",
    subject="unit_id",
    optional=True,
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


DETECTOR = Detector(
    KIND,
    "2.1.0",
    Limits,
    (
        _annual_search(
            "not_verified", "compliance", _not_verified, COMPLIANCE, replace(REPORTS, optional=True)
        ),
        _annual_search(
            "not_filed", "emission_reports", _not_filed, REPORTS, ENTITIES, replace(COMPLIANCE, optional=True)
        ),
        Search(
            name="monthly",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(FILINGS, UNITS),
            evidence=(Rows("activity_reports", ("unit_id", "month")),),
            measures={"missing_months": Figure("months", "missing_months"), "days_overdue": Figure("d")},
            find=_unfiled_months,
        ),
    ),
)
