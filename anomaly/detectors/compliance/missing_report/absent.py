"""Annual figures and monthly filings that were due and did not come.

Belongs here: the searches for what is absent, and their scores. Does not belong here: figures left out of a
report that came (`blank`).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.helpers import NEXT_MONTH, runs
from anomaly.core.scoring import certain, magnitude, total
from anomaly.detectors.compliance.missing_report.last_known import figures, with_last_known
from anomaly.detectors.compliance.missing_report.limits import Limits

MART = "fct_report_obligations"


def _missing(inputs: Inputs[Limits], report_kind: str) -> pl.DataFrame:
    of_kind = pl.col("report_kind") == report_kind
    return inputs.read(MART).filter(of_kind & (pl.col("state") == "missing"))


def not_verified(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Compliance years that are due and have no verified emissions."""
    return _annual(inputs, _missing(inputs, "verified_emissions"))


def not_filed(inputs: Inputs[Limits]) -> pl.DataFrame:
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


def unfiled_months(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of months without a filing of a unit that filed before, one row a run."""
    rows = _missing(inputs, "monthly_filing").with_columns(unit_id="subject_id", month="period_start")
    usual = _usual_emissions(inputs)
    return frame_of(
        _run(inputs, months.slice(first, last - first + 1), usual)
        for _, months in rows.sort("unit_id", "month").group_by("unit_id", maintain_order=True)
        for first, last in runs(months["month"].to_list(), NEXT_MONTH)
    )


def _usual_emissions(inputs: Inputs[Limits]) -> dict[str, float]:
    """Median emissions of a month by unit, of those that report any."""
    reported = pl.col("reported_emissions_tco2").cast(pl.Float64)
    months = inputs.read("fct_mass_balance_months").filter(reported > 0)
    return dict(months.group_by("unit_id").agg(reported.median()).iter_rows())


def _run(inputs: Inputs[Limits], rows: pl.DataFrame, usual: dict[str, float]) -> dict[str, object]:
    limits, as_of = inputs.limits, inputs.as_of
    of_a_month = usual.get(rows["unit_id"][0])
    due_on: Any = rows["due_on"].min()
    return {
        **rows.select("unit_id", "entity_id", "entity_name", "province_code").row(0, named=True),
        "month": rows["month"].to_list(),
        "first_on": rows["month"][0],
        "last_on": rows["month"].dt.month_end()[-1],
        "score": certain(limits.base_score_month, rows.height, limits.missing_months),
        "missing_months": rows.height,
        "usual_emissions": None if of_a_month is None else of_a_month * rows.height,
        "days_overdue": (as_of - due_on).days if as_of else 0,
    }
