"""Lab date conflict: tested before sampled or received, reported before tested, or many tests at once.

The falsifications made public in 2022 were of this kind: one bulk test presented as monthly tests, with
altered dates. Three findings: samples whose dates contradict each other; one entity's samples of several
months tested on one day; a laboratory with more tests on a day than it otherwise does. Reports later than the
rule's forty days are a breach of procedure and stay at the lowest level.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import runs
from anomaly.core.scoring import certain, either, exceedance

KIND = "lab_date_conflict"
CONFLICTS = (
    "tested_before_sampled",
    "tested_before_received",
    "reported_before_tested",
    "received_before_sampled",
)
DATES = ("sampled_on", "received_on", "tested_on", "reported_on")


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


def _tests(inputs: Inputs[Limits]) -> pl.DataFrame:
    return inputs.read("fct_lab_tests").sort("sampled_on", "sample_id")


def _runs_of_entities(tests: pl.DataFrame, gap_days: float) -> Iterator[pl.DataFrame]:
    """Tests of one entity whose sampling days lie no further apart than the gap."""
    for _, rows in sorted(tests.group_by("entity_id", maintain_order=True), key=lambda item: str(item[0])):
        for first, last in runs(rows["sampled_on"].to_list(), timedelta(days=gap_days)):
            yield rows.slice(first, last - first + 1)


def _candidate(rows: pl.DataFrame, score: float, **values: Any) -> dict[str, Any]:
    """The row of an entity's tests: who, from the first to the last of all their dates."""
    days = [day for name in DATES for day in rows[name].drop_nulls()]
    return {
        **rows.select("entity_id", "entity_name", "province_code", "lab_id", "lab_name").row(0, named=True),
        "units": rows["unit_id"].drop_nulls().unique().sort().to_list(),
        "labs": rows["lab_id"].drop_nulls().unique().sort().to_list(),
        "first_on": min(days),
        "last_on": max(days),
        "sample_id": rows["sample_id"].to_list(),
        "samples": rows.height,
        "score": score,
        **values,
    }


def _conflicts(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples with dates that contradict each other."""
    limits, tests = inputs.limits, _tests(inputs)
    bad = tests.filter(pl.any_horizontal(pl.col(name).fill_null(False) for name in CONFLICTS))
    return frame_of(
        _candidate(
            rows,
            certain(limits.base_score, rows.height, limits.samples),
            **{name: int(rows[name].sum()) or None for name in CONFLICTS},
        )
        for rows in _runs_of_entities(bad, limits.gap_days)
    )


def _bulk_tests(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Samples of one unit and fuel from several months that were tested on one day."""
    limits = inputs.limits
    keys = ["entity_id", "lab_id", "fuel", "unit_id", "tested_on"]
    month = pl.col("sampled_on").dt.truncate("1mo")
    known = _tests(inputs).filter(pl.col("tested_on").is_not_null())
    bulk = known.with_columns(months=month.n_unique().over(keys)).filter(pl.col("months") > 1)
    found = []
    for _, rows in sorted(bulk.group_by(keys, maintain_order=True), key=lambda item: str(item[0])):
        months = int(rows["months"][0])
        spread: Any = rows["carbon_pct"].std() if rows["carbon_pct"].count() > 1 else None
        alike = spread is not None and spread <= limits.alike_carbon
        score = either(exceedance(months, limits.bulk_months), limits.alike_score if alike else 0.0)
        found.append(
            _candidate(
                rows,
                score,
                is_alert=months >= limits.bulk_months,
                months_tested_at_once=months,
                carbon_spread=spread,
                tested_on=rows["tested_on"][0],
            )
        )
    return frame_of(found)


def _overfull_days(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Laboratory days with far more tests than the laboratory's busy days."""
    limits = inputs.limits
    daily = (
        _tests(inputs)
        .filter(pl.col("lab_id").is_not_null() & pl.col("tested_on").is_not_null())
        .group_by("lab_id", "tested_on")
        .agg(pl.len().alias("tests_in_a_day"), pl.col("lab_name").first(), pl.col("sample_id").sort())
    )
    usual = daily.group_by("lab_id").agg(
        pl.col("tests_in_a_day").quantile(0.95, "linear").alias("busy"), pl.len().alias("days")
    )
    limit = limits.overfull * pl.max_horizontal("busy", pl.lit(limits.least_busy))
    return (
        daily.join(usual, on="lab_id")
        .with_columns(busy=pl.max_horizontal("busy", pl.lit(limits.least_busy)), limit=limit)
        .filter((pl.col("days") >= limits.lab_days) & (2 * pl.col("tests_in_a_day") >= pl.col("limit")))
        .sort("lab_id", "tested_on")
        .with_columns(
            first_on="tested_on",
            last_on="tested_on",
            score=exceedance(pl.col("tests_in_a_day"), pl.col("limit")),
            is_alert=pl.col("tests_in_a_day") >= pl.col("limit"),
        )
    )


def _late(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Runs of test reports later than the rule admits."""
    limits = inputs.limits
    late = _tests(inputs).filter(pl.col("days_to_report") > limits.report_days)
    found = []
    for rows in _runs_of_entities(late, limits.gap_days):
        longest: Any = rows["days_to_report"].max()
        late_by = {"days_to_report": int(longest), "late_samples": rows.height}
        score = exceedance(longest / limits.report_days, 2.0, limits.late_cap)
        found.append(_candidate(rows, score, is_alert=rows.height >= limits.late_samples, **late_by))
    return frame_of(found)


NEED = Need(
    "fct_lab_tests",
    (
        "sample_id", "entity_id", "entity_name", "province_code", "unit_id", "lab_id", "lab_name", "fuel",
        *DATES, "carbon_pct", "days_to_report", *CONFLICTS,
    ),
    source="lab_tests",
    period="sampled_on",
    subject="entity_id",
    filled=("tested_on", "reported_on", "carbon_pct"),
)  # fmt: skip


def _of_entities(name: str, find: Any, measures: dict[str, Figure], *extra: str) -> Search[Limits]:
    return Search(
        name=name,
        subject_type="entity",
        subjects=("entity_id", "units", "labs"),
        needs=(NEED,),
        evidence=(Rows("lab_tests", ("sample_id",)),),
        measures=measures,
        extra=("samples", *extra),
        find=find,
    )


DETECTOR = Detector(
    KIND,
    "1.1.0",
    Limits,
    (
        _of_entities("dates", _conflicts, {name: Figure("samples", 0) for name in CONFLICTS}),
        _of_entities(
            "bulk",
            _bulk_tests,
            {
                "months_tested_at_once": Figure("months", "bulk_months"),
                "carbon_spread": Figure("percentage points", "alike_carbon"),
            },
            "tested_on",
        ),
        Search(
            name="overfull",
            subject_type="service_body",
            subjects=("lab_id",),
            needs=(NEED,),
            evidence=(Rows("lab_tests", ("sample_id",)),),
            measures={"tests_in_a_day": Figure("samples", "limit")},
            extra=("limit", "busy", "tested_on"),
            find=_overfull_days,
        ),
        _of_entities(
            "late",
            _late,
            {
                "days_to_report": Figure("d", "report_days"),
                "late_samples": Figure("samples", "late_samples"),
            },
        ),
    ),
)
