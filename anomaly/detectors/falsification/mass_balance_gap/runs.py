"""Runs of months with gaps of one unit, with the figures and the rows of other tables behind them.

Belongs here: what a finding is made of. Does not belong here: which months have a gap (`gaps`).
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.core.helpers import NEXT_MONTH, id_list, run_number
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.mass_balance_gap.gaps import REFERENCES, gaps
from anomaly.detectors.falsification.mass_balance_gap.limits import Limits

MART = "fct_mass_balance_months"
MONTH_GAP = timedelta(days=62)
RUN = ("unit_id", "is_alert", "run")


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a run of unit months with a gap to at least one reference."""
    limits = inputs.limits
    months = inputs.read(MART).filter(pl.col("reported_emissions_tco2") > 0).sort("unit_id", "month")
    found = gaps(months.with_columns(samples=id_list("sample_ids_json")), limits)
    # Months that are reported are no candidates by another reference.
    found = found.with_columns(reported=pl.col("is_alert").any().over("unit_id", "month"))
    found = found.filter(pl.col("is_alert") | ~pl.col("reported"))
    found = found.with_columns(run=run_number("month", MONTH_GAP, "unit_id", "is_alert"))
    runs = found.group_by(RUN, maintain_order=True).agg(
        pl.col("entity_id", "entity_name", "province_code").first(),
        month=pl.col("month").unique(maintain_order=True),
        months=pl.col("month").n_unique(),
        revision=pl.col("revision").filter(pl.col("month").is_first_distinct()),
        persistence=pl.col("sum").max(),
    )
    for reference in REFERENCES:
        runs = runs.join(_figures(found, reference, limits), on=RUN, how="left")
    repeated = exceedance(pl.col("months") - 1, limits.repeat_months, limits.repeat_cap)
    scores = (pl.col(f"{reference}_score").fill_null(0.0) for reference in REFERENCES)
    for evidence in _second_figures(found, inputs):
        runs = runs.join(evidence, on=RUN, how="left")
    return runs.with_columns(
        first_on=pl.col("month").list.first(),
        last_on=pl.col("month").list.last().dt.month_end(),
        score=either(*scores, repeated),
        gap=pl.max_horizontal(f"{reference}_gap" for reference in REFERENCES),
        missing_emissions=pl.max_horizontal(f"{reference}_missing" for reference in REFERENCES),
        persistence=pl.when(pl.col("persistence") > 0).then("persistence"),
    )


def _figures(found: pl.DataFrame, reference: str, limits: Limits) -> pl.DataFrame:
    """Median gap to a reference, its score and the emissions that are missing, one row a run that has any."""
    missing = pl.col("reported_emissions_tco2") * (1 / (1 - pl.col("gap")) - 1)
    return (
        _with_gap(found, reference)
        .group_by(RUN)
        .agg(
            pl.col("gap").median().alias(f"{reference}_gap"),
            missing.sum().alias(f"{reference}_missing"),
            pl.col("threshold").first(),
        )
        .select(
            *RUN,
            f"{reference}_gap",
            f"{reference}_missing",
            exceedance(pl.col(f"{reference}_gap"), pl.col("threshold"), limits.reference_cap).alias(
                f"{reference}_score"
            ),
        )
    )


def _with_gap(found: pl.DataFrame, reference: str) -> pl.DataFrame:
    return found.filter((pl.col("reference") == reference) & pl.col("gap").is_not_null())


def _second_figures(found: pl.DataFrame, inputs: Inputs[Limits]) -> list[pl.DataFrame]:
    """Rows of other tables behind the gaps: samples by id, meters and monitored hours by range."""
    samples = _with_gap(found, "lab").explode("samples")
    meter, cems = (_spans(found, reference) for reference in ("meter", "cems"))
    start, end = (inputs.market.midnights(pl.col(name)) for name in ("start", "end"))
    return [
        samples.group_by(RUN).agg(pl.col("samples").unique().sort()),
        meter.group_by(RUN).agg(meter_from="start", meter_to="end").with_columns(meter=pl.lit("coal_feed")),
        cems.group_by(RUN).agg(cems_from=start, cems_to=end),
    ]


def _spans(found: pl.DataFrame, reference: str) -> pl.DataFrame:
    """Consecutive months with a gap to a reference: `start`, and `end`, exclusive."""
    rows = _with_gap(found, reference)
    rows = rows.with_columns(span=run_number("month", NEXT_MONTH, *RUN))
    month = pl.col("month")
    return rows.group_by(*RUN, "span", maintain_order=True).agg(
        start=month.min(), end=month.max().dt.offset_by("1mo")
    )
