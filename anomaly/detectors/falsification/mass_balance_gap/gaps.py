"""Gaps of unit months to each reference, and which of them stand out.

Belongs here: what a reference implies, how it is compared, and the months that are large or persistent.
Does not belong here: the sums over months (`persistence`), scores, findings.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.helpers import scaled_mad
from anomaly.detectors.falsification.mass_balance_gap.limits import Limits
from anomaly.detectors.falsification.mass_balance_gap.persistence import heights, persistent_gaps

REFERENCES = ("fuel", "meter", "lab", "cems")
COLUMNS = {
    "fuel": "fuel_emissions_tco2",
    "meter": "metered_emissions_tco2",
    "lab": "lab_emissions_tco2",
    "cems": "cems_emissions_tco2",
}
# Oxidation is incomplete and stacks measure high or low as a rule: compared with the market's own ratio.
_CENTRED = ("lab", "cems")


def gaps(months: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Months with a gap that stands out: one row a unit, month and reference.

    Adds `reference`, `threshold`, `gap` (the missing fraction; null where only its neighbours have one),
    `sum` (the height of the persistent shift that the month belongs to, 0 where there is none) and
    `is_alert`; without it a gap is a candidate, at least `candidate_share` of what an alert takes.
    """
    found = [_of_reference(months, reference, limits) for reference in REFERENCES]
    return pl.concat(found).sort("unit_id", "month", "reference")


def _of_reference(months: pl.DataFrame, reference: str, limits: Limits) -> pl.DataFrame:
    threshold, share = getattr(limits, f"{reference}_gap"), limits.candidate_share
    bias, least_spread = (getattr(limits, f"{reference}_{name}") for name in ("bias", "spread"))
    usable = pl.col(COLUMNS[reference]) > 0
    if reference == "cems":
        usable &= pl.col("cems_valid_hours") >= limits.cems_valid_share * pl.col("cems_hours")
    ratio = pl.when(usable).then((pl.col("reported_emissions_tco2") / pl.col(COLUMNS[reference])).log())
    rows = months.with_columns(ratio=ratio, reference=pl.lit(reference), threshold=pl.lit(threshold))
    centre, scale, count = rows.select(
        pl.col("ratio").median(),
        scaled_mad(pl.col("ratio")).alias("scale"),
        pl.col("ratio").count().alias("n"),
    ).row(0)
    # When the whole market understates, its median must not be taken as usual.
    is_centred = reference in _CENTRED and count >= limits.min_months
    shift, scale = min(max(centre, -bias), bias) if is_centred else 0.0, scale or 0.0
    rows = rows.with_columns(deficit=shift - pl.col("ratio"))
    persistent = persistent_gaps(
        rows, "deficit", max(scale, least_spread), bias, limits.sum_slack, share * limits.sum_limit
    )
    rows = rows.with_columns(gap=1 - (-pl.col("deficit")).exp(), sum=heights(rows, "deficit", persistent))
    # Of the threshold: the gap itself, its distance from the reference's scatter, and the sum over months.
    reach = pl.max_horizontal(
        pl.min_horizontal(
            pl.col("gap") / threshold, pl.col("deficit") / max(limits.scales * scale, threshold)
        ).fill_null(0.0),
        pl.col("sum") / limits.sum_limit,
    )
    return (
        rows.filter(reach >= share)
        .with_columns(
            is_alert=reach >= 1, sum=pl.when(pl.col("sum") >= limits.sum_limit).then("sum").otherwise(0.0)
        )
        .drop("ratio", "deficit")
    )
