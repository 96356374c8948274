"""Lab date conflict: tested before sampled or received, reported before tested, or many tests at once.

The falsifications found in 2022 were of this sort: one bulk test split into monthly reports, dates altered.
Three findings: samples whose dates contradict each other; one entity's samples of several months tested
on one day; a laboratory with more tests on a day than it otherwise does. Reports later than the rule's forty
days are a breach of procedure and stay at the lowest level.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, rows_of, runs
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain, either, exceedance

KIND = "lab_date_conflict"
CONFLICTS = (
    "tested_before_sampled",
    "tested_before_received",
    "reported_before_tested",
    "received_before_sampled",
)
COLUMNS = (
    "sample_id", "entity_id", "entity_name", "province_code", "unit_id", "lab_id", "lab_name", "fuel",
    "sampled_on", "received_on", "tested_on", "reported_on", "carbon_pct", "days_to_report", *CONFLICTS,
)  # fmt: skip


def find(context: Context) -> list[Finding]:
    """Conflicting dates, split bulk tests, overfull laboratory days, late reports."""
    limits = context.policy.thresholds(KIND)
    tests = context.marts.read("fct_lab_tests", *COLUMNS).sort("sampled_on", "sample_id")
    return [
        *_conflicts(context, limits, tests),
        *_bulk_tests(context, limits, tests),
        *_overfull_days(context, limits, tests),
        *_late(context, limits, tests),
    ]


def _runs_of(tests: pl.DataFrame, by: str, gap_days: float) -> Iterator[pl.DataFrame]:
    for _, rows in sorted(tests.group_by(by, maintain_order=True), key=lambda item: str(item[0])):
        for first, last in runs(rows["sampled_on"].to_list(), timedelta(days=gap_days)):
            yield rows.slice(first, last - first + 1)


def _dates(rows: pl.DataFrame) -> tuple[date, date]:
    every = [
        day
        for name in ("sampled_on", "received_on", "tested_on", "reported_on")
        for day in rows[name].drop_nulls()
    ]
    return min(every), max(every)


def _of_entity(
    context: Context,
    rows: pl.DataFrame,
    variant: str,
    score: float,
    measures: dict[str, Measure],
    **values: object,
) -> Finding:
    head = rows.row(0, named=True)
    first, last = _dates(rows)
    start, end = context.market.days(first, last)
    return Finding(
        kind=KIND,
        subject_type="entity",
        subject_ids=ids(head["entity_id"], *rows["unit_id"].drop_nulls().unique().sort(), *_labs(rows)),
        province_code=head["province_code"],
        window_start=start,
        window_end=end,
        score=score,
        measures=measures,
        evidence=(Evidence("lab_tests", ("sample_id",), rows_of(rows, "sample_id")),),
        variant=variant,
        title_values={
            "entity": named(head["entity_name"], head["entity_id"]),
            "lab": named(head["lab_name"], head["lab_id"]) if head["lab_id"] else "-",
            "samples": rows.height,
            "first": first,
            "last": last,
            **values,
        },
    )


def _labs(rows: pl.DataFrame) -> list[str]:
    return rows["lab_id"].drop_nulls().unique().sort().to_list()


def _conflicts(context: Context, limits: dict[str, float], tests: pl.DataFrame) -> list[Finding]:
    flags = [pl.col(name).fill_null(False) for name in CONFLICTS]
    bad = tests.filter(pl.any_horizontal(flags))
    found = []
    for rows in _runs_of(bad, "entity_id", limits["gap_days"]):
        counts = {name: int(rows[name].sum()) for name in CONFLICTS}
        measures = {name: Measure(count, 0, "samples") for name, count in counts.items() if count}
        score = certain(limits["base_score"], rows.height, limits["samples"])
        found.append(_of_entity(context, rows, "dates", score, measures))
    return found


def _bulk_tests(context: Context, limits: dict[str, float], tests: pl.DataFrame) -> list[Finding]:
    """Samples of one unit and fuel from several months that were tested on one day."""
    keys = ["entity_id", "lab_id", "fuel", "unit_id", "tested_on"]
    known = tests.filter(pl.col("tested_on").is_not_null())
    grouped = known.with_columns(pl.col("sampled_on").dt.truncate("1mo").alias("month")).with_columns(
        pl.col("month").n_unique().over(keys).alias("months")
    )
    found = []
    bulk = grouped.filter(pl.col("months") >= limits["bulk_months"])
    for _, rows in sorted(bulk.group_by(keys, maintain_order=True), key=lambda item: str(item[0])):
        months = int(rows["months"][0])
        spread = float(rows["carbon_pct"].std() or 0.0) if rows["carbon_pct"].count() > 1 else None  # type: ignore[arg-type]
        alike = spread is not None and spread <= limits["alike_carbon"]
        score = either(exceedance(months, limits["bulk_months"]), limits["alike_score"] if alike else 0.0)
        measures = {
            "months_tested_at_once": Measure(months, limits["bulk_months"], "months"),
            "carbon_spread": Measure(spread, limits["alike_carbon"], "percentage points"),
        }
        found.append(
            _of_entity(context, rows, "bulk", score, measures, months=months, tested=rows["tested_on"][0])
        )
    return found


def _overfull_days(context: Context, limits: dict[str, float], tests: pl.DataFrame) -> list[Finding]:
    """Laboratory days with far more tests than the laboratory's busy days."""
    daily = (
        tests.filter(pl.col("lab_id").is_not_null() & pl.col("tested_on").is_not_null())
        .group_by("lab_id", "tested_on")
        .agg(pl.len().alias("tests"), pl.col("lab_name").first(), pl.col("sample_id").sort())
    )
    usual = daily.group_by("lab_id").agg(
        pl.col("tests").quantile(0.95, "linear").alias("busy"), pl.len().alias("days")
    )
    over = (
        daily.join(usual, on="lab_id")
        .with_columns(pl.max_horizontal("busy", pl.lit(limits["least_busy"])).alias("busy"))
        .filter(
            (pl.col("days") >= limits["lab_days"]) & (pl.col("tests") >= limits["overfull"] * pl.col("busy"))
        )
        .sort("lab_id", "tested_on")
    )
    found = []
    for row in over.iter_rows(named=True):
        start, end = context.market.days(row["tested_on"], row["tested_on"])
        limit = limits["overfull"] * row["busy"]
        found.append(
            Finding(
                kind=KIND,
                subject_type="service_body",
                subject_ids=ids(row["lab_id"]),
                window_start=start,
                window_end=end,
                score=exceedance(row["tests"], limit),
                measures={"tests_in_a_day": Measure(row["tests"], limit, "samples")},
                evidence=(
                    Evidence("lab_tests", ("sample_id",), tuple((sample,) for sample in row["sample_id"])),
                ),
                variant="overfull",
                title_values={
                    "lab": named(row["lab_name"], row["lab_id"]),
                    "samples": row["tests"],
                    "tested": row["tested_on"],
                    "busy": row["busy"],
                },
            )
        )
    return found


def _late(context: Context, limits: dict[str, float], tests: pl.DataFrame) -> list[Finding]:
    late = tests.filter(pl.col("days_to_report") > limits["report_days"])
    found = []
    for rows in _runs_of(late, "entity_id", limits["gap_days"]):
        if rows.height < limits["late_samples"]:
            continue
        longest = int(rows["days_to_report"].max())  # type: ignore[arg-type]
        measures = {
            "days_to_report": Measure(longest, limits["report_days"], "d"),
            "late_samples": Measure(rows.height, limits["late_samples"], "samples"),
        }
        score = exceedance(longest / limits["report_days"], 2.0, limits["late_cap"])
        found.append(_of_entity(context, rows, "late", score, measures, days=longest))
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_lab_tests",), find)
