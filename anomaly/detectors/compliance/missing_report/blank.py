"""Activity without emissions: hours, heat, load or fuel are stated, and the CO2 that belongs to them is not.

Leaving a figure out must not be safer than lowering it, so it is a finding, scored by the tonnes that the
activity implies. Where most of a source leaves the figure out, the source does not hold it and no unit is
accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from anomaly.core.detector import Need
from anomaly.core.helpers import NEXT_MONTH, run_number
from anomaly.core.scoring import magnitude, total

if TYPE_CHECKING:
    from anomaly.core.detector import Inputs

_NAMES = ("unit_id", "entity_id", "entity_name", "province_code")
YEARS = Need(
    "fct_unit_years",
    {
        **dict.fromkeys(_NAMES, pl.String),
        "year": pl.Int64,
        "blank_share": pl.Float64,
        "is_whole_year": pl.Boolean,
        "blank_co2_tco2": pl.Float64,
    },
    source="unit_years",
    period="year",
    subject="unit_id",
)
MONTHS = Need(
    "fct_mass_balance_months",
    {
        **dict.fromkeys(_NAMES, pl.String),
        "month": pl.Date,
        "reported_emissions_tco2": pl.Float64,
        "fuel_emissions_tco2": pl.Float64,
    },
    source="activity_reports",
    period="month",
    subject="unit_id",
)


def blank_years(inputs: Inputs[Any]) -> pl.DataFrame:
    """One row a unit and whole year of whose activity a good part has no CO2."""
    limits = inputs.limits
    rows = inputs.read(YEARS.mart).filter(pl.col("is_whole_year") & pl.col("blank_share").is_not_null())
    blank = pl.col("blank_share") >= limits.blank_share
    found = rows.filter(blank & _is_stated(blank, "year", limits.stated_share)).sort("unit_id", "year")
    return inputs.compliance_days(_scored(inputs, found, pl.col("blank_co2_tco2")), needs_deadline=False)


def blank_months(inputs: Inputs[Any]) -> pl.DataFrame:
    """One row a run of months in which a unit states fuel and leaves out the emissions."""
    limits = inputs.limits
    rows = inputs.read(MONTHS.mart).filter(pl.col("fuel_emissions_tco2") > 0)
    blank = pl.col("reported_emissions_tco2").is_null()
    found = rows.filter(blank & _is_stated(blank, "month", limits.stated_share)).sort("unit_id", "month")
    if found.is_empty():
        return found
    month = pl.col("month")
    spans = (
        found.with_columns(span=run_number("month", NEXT_MONTH, "unit_id"))
        .group_by("unit_id", "span", maintain_order=True)
        .agg(
            pl.col(*_NAMES[1:]).first(),
            month,
            first_on=month.first(),
            last_on=month.last().dt.month_end(),
            implied_co2=pl.col("fuel_emissions_tco2").sum(),
        )
    )
    return _scored(inputs, spans.drop("span"), pl.col("implied_co2"))


def _is_stated(blank: pl.Expr, period: str, share: float) -> pl.Expr:
    """Whether the source states the figure of most rows of the period."""
    return 1 - blank.mean().over(period) >= share


def _scored(inputs: Inputs[Any], rows: pl.DataFrame, implied: pl.Expr) -> pl.DataFrame:
    limits = inputs.limits
    tonnes = limits.tonnes_weight * magnitude(implied.fill_null(0.0), limits.tonnes_full)
    return rows.with_columns(score=total(limits.base_score, tonnes), implied_co2=implied)
