"""Dates of laboratory tests that contradict each other, the rule, or what a laboratory can do in a day.

Belongs here: the searches. Does not belong here: what a finding shows (`detector`).
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.core.helpers import id_list, run_number
from anomaly.core.scoring import certain, either, exceedance
from anomaly.detectors.falsification.lab_date_conflict.limits import Limits

CONFLICTS = (
    "tested_before_sampled",
    "tested_before_received",
    "reported_before_tested",
    "received_before_sampled",
)
DATES = ("sampled_on", "received_on", "tested_on", "reported_on")
NAMES = ("entity_name", "province_code", "lab_id", "lab_name")


def _runs_of_entities(tests: pl.DataFrame, gap_days: float) -> pl.DataFrame:
    """One row a run of an entity's tests whose sampling days lie no further apart than the gap."""
    run = run_number("sampled_on", timedelta(days=gap_days), "entity_id")
    return (
        tests.sort("sampled_on", "sample_id")
        .with_columns(run=run)
        .group_by("entity_id", "run", maintain_order=True)
        .agg(
            pl.col(NAMES).first(),
            "sample_id",
            pl.col("days_to_report").max(),
            *(pl.col(name).sum() for name in CONFLICTS),
            units=pl.col("unit_id").drop_nulls().unique().sort(),
            labs=pl.col("lab_id").drop_nulls().unique().sort(),
            samples=pl.len(),
            first_on=pl.min_horizontal(DATES).min(),
            last_on=pl.max_horizontal(DATES).max(),
        )
    )


def _sampled(inputs: Inputs[Limits], rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `sampled_units` and `sampled_months`, in pairs: the unit and month of each sample's fuel."""
    if not inputs.has("fct_lab_tests"):
        none = (pl.lit([], pl.List(pl.String)), pl.lit([], pl.List(pl.Date)))
        return rows.with_columns(sampled_units=none[0], sampled_months=none[1])
    month = pl.col("sampled_on").dt.truncate("1mo")
    tests = inputs.read("fct_lab_tests").select("sample_id", sampled_units="unit_id", sampled_months=month)
    numbered = rows.with_row_index("row")
    pairs = (
        numbered.select("row", "sample_id")
        .explode("sample_id")
        .join(tests.drop_nulls(), on="sample_id")
        .select("row", "sampled_units", "sampled_months")
        .unique(maintain_order=True)
        .group_by("row", maintain_order=True)
        .agg("sampled_units", "sampled_months")
    )
    return numbered.join(pairs, on="row", how="left", maintain_order="left").drop("row")


def conflicts(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples with dates that contradict each other."""
    limits = inputs.limits
    bad = inputs.read("fct_lab_tests").filter(pl.any_horizontal(CONFLICTS))
    return _sampled(inputs, _runs_of_entities(bad, limits.gap_days)).with_columns(
        *(pl.when(pl.col(name) > 0).then(name) for name in CONFLICTS),
        score=certain(limits.base_score, pl.col("samples"), limits.samples),
    )


def bulk_tests(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples of one unit and fuel from several months that were tested on one day."""
    limits, months = inputs.limits, pl.col("months")
    alike = (pl.col("carbon_spread_pct") <= limits.alike_carbon).fill_null(False)
    rows = inputs.read("fct_lab_batches").with_columns(sample_id=id_list("sample_ids_json"))
    return _sampled(inputs, rows).with_columns(
        score=either(
            exceedance(months, limits.bulk_months), pl.when(alike).then(limits.alike_score).otherwise(0.0)
        ),
        is_alert=months >= limits.bulk_months,
        months_tested_at_once=months,
        carbon_spread="carbon_spread_pct",
    )


def overfull_days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Laboratory days with far more tests than the laboratory's busy days, from half of that number on."""
    limits, tests = inputs.limits, pl.col("tests")
    days = inputs.read("fct_lab_days").with_columns(sample_id=id_list("sample_ids_json"))
    found = (
        days.with_columns(busy=pl.max_horizontal("tests_on_a_busy_day", pl.lit(limits.least_busy)))
        .with_columns(limit=limits.overfull * pl.col("busy"))
        .filter((pl.col("days_with_tests") >= limits.lab_days) & (2 * tests >= pl.col("limit")))
        .with_columns(
            tests_in_a_day=tests,
            first_on="tested_on",
            last_on="tested_on",
            score=exceedance(tests, pl.col("limit")),
            is_alert=tests >= pl.col("limit"),
        )
    )
    return _sampled(inputs, found)


def late_tests(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of test reports later than the rule admits."""
    limits = inputs.limits
    late = inputs.read("fct_lab_tests").filter(pl.col("days_to_report") > limits.report_days)
    return _sampled(inputs, _runs_of_entities(late, limits.gap_days)).with_columns(
        late_samples="samples",
        score=exceedance(pl.col("days_to_report") / limits.report_days, 2.0, limits.late_cap),
        is_alert=pl.col("samples") >= limits.late_samples,
    )
