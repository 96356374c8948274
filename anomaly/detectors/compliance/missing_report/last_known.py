"""What was last known of an entity's emissions before a year that is missing."""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.core.detector import Inputs, Need

FIGURES = (
    Need(
        "fct_compliance_years",
        {"entity_id": pl.String, "year": pl.Int64, "verified_emissions_tco2e": pl.Float64},
        source="compliance",
        period="year",
        subject="entity_id",
        optional=True,
    ),
    Need(
        "fct_emission_reports",
        {
            "entity_id": pl.String,
            "year": pl.Int64,
            "verified_total_tco2e": pl.Float64,
            "total_tco2e": pl.Float64,
        },
        source="emission_reports",
        period="year",
        subject="entity_id",
        filled=("total_tco2e",),
        optional=True,
    ),
)


def figures(inputs: Inputs[Any]) -> pl.DataFrame:
    """One row an entity and year with a figure, verified emissions before reported ones."""
    reports = inputs.read("fct_emission_reports").select(
        "entity_id", "year", emissions=pl.coalesce("verified_total_tco2e", "total_tco2e").cast(pl.Float64)
    )
    verified = inputs.read("fct_compliance_years").select(
        "entity_id", "year", emissions=pl.col("verified_emissions_tco2e").cast(pl.Float64)
    )
    both = pl.concat([verified.drop_nulls(), reports.drop_nulls()], how="vertical_relaxed")
    return both.unique(["entity_id", "year"], keep="first", maintain_order=True)


def with_last_known(rows: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
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
