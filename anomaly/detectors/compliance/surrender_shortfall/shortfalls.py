"""Entity years that were not surrendered in full, and how they score.

Belongs here: the search. Does not belong here: what a finding shows (`detector`).
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.core.scoring import magnitude, total
from anomaly.detectors.compliance.surrender_shortfall.limits import Limits


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Entity years whose verdict is not compliant."""
    years = inputs.read("fct_compliance_years")
    shortfall = pl.col("shortfall_tco2e").cast(pl.Float64)
    required = pl.col("required_tco2e").cast(pl.Float64).fill_null(0.0)
    rows = years.filter((pl.col("verdict") == "not_compliant") & (pl.col("shortfall_tco2e") > 0))
    rows = rows.join(_made_good(years), on=["entity_id", "year"], how="left").with_columns(
        surrender_due_on="due_on"
    )
    overdue = (pl.lit(inputs.as_of, pl.Date) - pl.col("last_on")).dt.total_days()
    made_good = pl.col("made_good_year")
    return (
        inputs.compliance_days(rows.sort("entity_id", "year"))
        .with_columns(
            shortfall=shortfall,
            required=required,
            provided=pl.col("provided_tco2e").cast(pl.Float64).fill_null(0.0),
            shortfall_share=pl.when(required > 0).then(shortfall / required).otherwise(1.0),
            days_overdue=overdue.fill_null(0).clip(0),
            variant=pl.when(made_good.is_null()).then(pl.lit("default")).otherwise(pl.lit("made_good")),
            evidence_years=pl.concat_list("year", pl.coalesce("made_good_year", "year")),
        )
        .with_columns(score=_score(inputs.limits))
        .with_columns(
            score=pl.when(made_good.is_null())
            .then("score")
            .otherwise(total(pl.col("score") * inputs.limits.made_good_factor)),
            made_good_year=made_good.cast(pl.String),
        )
    )


def _score(limits: Limits) -> pl.Expr:
    share, overdue = pl.col("shortfall_share"), pl.col("days_overdue")
    return total(
        limits.base_score,
        limits.share_weight * (1 - pl.lit(0.5).pow(share / limits.shortfall_share)),
        limits.tonnes_weight * magnitude(pl.col("shortfall"), limits.tonnes_full),
        limits.overdue_weight * (1 - pl.lit(0.5).pow(overdue / limits.overdue_days)),
    )


def _made_good(years: pl.DataFrame) -> pl.DataFrame:
    """The first later compliant year of the same accumulation: `entity_id`, `year`, `made_good_year`.

    Figures start again where they fall, or where they equal the year's own emissions though there were some
    before.
    """
    required, before = pl.col("required_tco2e"), pl.col("required_tco2e").shift(1).over("entity_id")
    own = pl.col("verified_emissions_tco2e").round()
    restarts = (required < before) | ((before > 0) & (own > 0) & (required <= own))
    return (
        years.filter(pl.col("basis") == "cumulative")
        .sort("entity_id", "year")
        .with_columns(restarts.fill_null(False).cum_sum().over("entity_id").alias("run"))
        .with_columns(pl.when(pl.col("verdict") == "compliant").then("year").alias("made_good_year"))
        .select(
            "entity_id",
            "year",
            pl.col("made_good_year").fill_null(strategy="backward").over("entity_id", "run"),
        )
        .drop_nulls()
    )
