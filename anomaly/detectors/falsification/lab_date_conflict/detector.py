"""Lab date conflict: tested before sampled or received, reported before tested, or many tests at once.

The falsifications made public in 2022 were of this kind: one bulk test presented as monthly tests, with
altered dates. Three findings: samples whose dates contradict each other; one entity's samples of several
months tested on one day; a laboratory with more tests on a day than it otherwise does. Reports later than the
rule's forty days are a breach of procedure and stay at the lowest level.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import id_list, run_number
from anomaly.core.scoring import certain, either, exceedance

KIND = "lab_date_conflict"
CONFLICTS = (
    "tested_before_sampled",
    "tested_before_received",
    "reported_before_tested",
    "received_before_sampled",
)
DATES = ("sampled_on", "received_on", "tested_on", "reported_on")
NAMES = ("entity_name", "province_code", "lab_id", "lab_name")


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    base_score: float
    samples: float
    gap_days: float
    bulk_months: float
    alike_carbon: float
    alike_score: float
    overfull: float
    least_busy: float
    lab_days: float
    report_days: float
    late_samples: float
    late_cap: float


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


def _conflicts(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples with dates that contradict each other."""
    limits = inputs.limits
    bad = inputs.read("fct_lab_tests").filter(pl.any_horizontal(CONFLICTS))
    return _runs_of_entities(bad, limits.gap_days).with_columns(
        *(pl.when(pl.col(name) > 0).then(name) for name in CONFLICTS),
        score=certain(limits.base_score, pl.col("samples"), limits.samples),
    )


def _bulk_tests(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples of one unit and fuel from several months that were tested on one day."""
    limits, months = inputs.limits, pl.col("months")
    alike = (pl.col("carbon_spread_pct") <= limits.alike_carbon).fill_null(False)
    return inputs.read("fct_lab_batches").with_columns(
        score=either(
            exceedance(months, limits.bulk_months), pl.when(alike).then(limits.alike_score).otherwise(0.0)
        ),
        is_alert=months >= limits.bulk_months,
        months_tested_at_once=months,
        carbon_spread="carbon_spread_pct",
        sample_id=id_list("sample_ids_json"),
    )


def _overfull_days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Laboratory days with far more tests than the laboratory's busy days, from half of that number on."""
    limits, tests = inputs.limits, pl.col("tests")
    return (
        inputs.read("fct_lab_days")
        .with_columns(busy=pl.max_horizontal("tests_on_a_busy_day", pl.lit(limits.least_busy)))
        .with_columns(limit=limits.overfull * pl.col("busy"))
        .filter((pl.col("days_with_tests") >= limits.lab_days) & (2 * tests >= pl.col("limit")))
        .with_columns(
            tests_in_a_day=tests,
            first_on="tested_on",
            last_on="tested_on",
            score=exceedance(tests, pl.col("limit")),
            is_alert=tests >= pl.col("limit"),
            sample_id=id_list("sample_ids_json"),
        )
    )


def _late(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of test reports later than the rule admits."""
    limits = inputs.limits
    late = inputs.read("fct_lab_tests").filter(pl.col("days_to_report") > limits.report_days)
    return _runs_of_entities(late, limits.gap_days).with_columns(
        late_samples="samples",
        score=exceedance(pl.col("days_to_report") / limits.report_days, 2.0, limits.late_cap),
        is_alert=pl.col("samples") >= limits.late_samples,
    )


TESTS = Need(
    "fct_lab_tests",
    ("sample_id", "entity_id", "unit_id", *NAMES, *DATES, "days_to_report", "carbon_pct", *CONFLICTS),
    source="lab_tests",
    period="sampled_on",
    subject="entity_id",
    filled=("tested_on", "reported_on", "carbon_pct"),
)
BATCHES = Need(
    "fct_lab_batches",
    (
        "entity_id", "entity_name", "province_code", "unit_id", "lab_id", "lab_name", "tested_on", "samples",
        "months", "carbon_spread_pct", "first_on", "last_on", "sample_ids_json",
    ),
    source="lab_tests",
    is_selection=True,
)  # fmt: skip
DAYS = Need(
    "fct_lab_days",
    ("lab_id", "lab_name", "tested_on", "tests", "days_with_tests", "tests_on_a_busy_day", "sample_ids_json"),
    source="lab_tests",
    period="tested_on",
    subject="lab_id",
)
DATED = Search(
    name="dates",
    subject_type="entity",
    subjects=("entity_id", "units", "labs"),
    needs=(TESTS,),
    evidence=(Rows("lab_tests", ("sample_id",)),),
    measures={name: Figure("samples", 0) for name in CONFLICTS},
    extra=("samples",),
    find=_conflicts,
)
BULK = replace(
    DATED,
    name="bulk",
    subjects=("entity_id", "unit_id", "lab_id"),
    needs=(TESTS, BATCHES),
    measures={
        "months_tested_at_once": Figure("months", "bulk_months"),
        "carbon_spread": Figure("percentage points", "alike_carbon"),
    },
    extra=("samples", "tested_on"),
    find=_bulk_tests,
)
OVERFULL = replace(
    DATED,
    name="overfull",
    subject_type="service_body",
    subjects=("lab_id",),
    needs=(DAYS,),
    measures={"tests_in_a_day": Figure("samples", "limit")},
    extra=("limit", "busy", "tested_on"),
    find=_overfull_days,
)
LATE = replace(
    DATED,
    name="late",
    measures={
        "days_to_report": Figure("d", "report_days"),
        "late_samples": Figure("samples", "late_samples"),
    },
    find=_late,
)
DETECTOR = Detector(KIND, "2.0.0", Limits, (DATED, BULK, OVERFULL, LATE))
