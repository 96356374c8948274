"""Missing report: an annual figure or a monthly filing that should be there and is not.

Three places to look: compliance years that are due and have no verified emissions; listed entities without an
annual report in a year for which most listed entities reported; units without a monthly filing between
or after months that they filed, when most units filed that month.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, runs
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain

KIND = "missing_report"
MONTH_GAP = timedelta(days=31)


def find(context: Context) -> list[Finding]:
    """Missing annual and monthly reports; an entity year is named once however it was found."""
    annual = {
        (f.subject_ids[0], f.window_start): f for f in (*_unreported(context), *_unfiled_years(context))
    }
    return [*annual.values(), *_unfiled_months(context)]


def _annual(context: Context, row: dict[str, object], year: int, due_on: date | None, table: str) -> Finding:
    limits = context.policy.thresholds(KIND)
    start, end = context.compliance_window(year, None)
    overdue = (context.market.as_of - due_on).days if context.market.as_of and due_on else 0
    entity_id = str(row["entity_id"])
    return Finding(
        kind=KIND,
        subject_type="entity",
        subject_ids=ids(entity_id),
        province_code=row["province_code"],  # type: ignore[arg-type]
        window_start=start,
        window_end=end,
        score=certain(limits["base_score"], overdue, limits["overdue_days"]),
        measures={"days_overdue": Measure(max(overdue, 0), limits["overdue_days"], "d")},
        evidence=(Evidence(table, ("entity_id", "year"), ((entity_id, year),)),),
        variant="annual",
        title_values={"entity": named(row["entity_name"], entity_id), "year": year},
    )


def _unreported(context: Context) -> list[Finding]:
    """Compliance years that are due and have no verified emissions."""
    if context.marts.is_empty("fct_compliance_years"):
        return []
    rows = context.marts.read(
        "fct_compliance_years", "entity_id", "year", "entity_name", "province_code", "due_on", "verdict"
    ).filter(pl.col("verdict") == "not_reported")
    return [
        _annual(context, row, row["year"], row["due_on"], "compliance")
        for row in rows.sort("entity_id", "year").iter_rows(named=True)
    ]


def _unfiled_years(context: Context) -> list[Finding]:
    """Entities listed all through a year that have no annual report though most of them do."""
    if context.marts.is_empty("fct_emission_reports") or context.marts.is_empty("dim_entities"):
        return []
    quorum = context.policy.threshold(KIND, "quorum")
    filed = context.marts.read("fct_emission_reports", "entity_id", "year", "due_on")
    entities = context.marts.read(
        "dim_entities", "entity_id", "entity_name", "province_code", "listed_on", "exited_on"
    )
    found = []
    for year, due_on in filed.group_by("year").agg(pl.col("due_on").max()).sort("year").iter_rows():
        if due_on is None or (context.market.as_of and due_on >= context.market.as_of):
            continue
        listed = entities.filter(
            (pl.col("listed_on") <= date(year, 1, 1))
            & (pl.col("exited_on").is_null() | (pl.col("exited_on") > date(year, 12, 31)))
        )
        absent = listed.join(filed.filter(pl.col("year") == year), on="entity_id", how="anti")
        if listed.is_empty() or 1 - absent.height / listed.height < quorum:
            continue
        found += [
            _annual(context, row, year, due_on, "emission_reports")
            for row in absent.sort("entity_id").iter_rows(named=True)
        ]
    return found


def _unfiled_months(context: Context) -> list[Finding]:
    """Runs of months without a filing of a unit that filed before, one finding a run."""
    if context.marts.is_empty("fct_mass_balance_months"):
        return []
    filed = context.marts.read(
        "fct_mass_balance_months", "unit_id", "month", "entity_id", "entity_name", "province_code",
        "submitted_at", "due_on",
    )  # fmt: skip
    as_of = context.market.as_of or _day(filed["submitted_at"].max())
    units = filed.group_by("unit_id").agg(
        pl.col("month").min().alias("first"), pl.col("entity_id", "entity_name", "province_code").first()
    )
    units = units.join(_retirements(context), on="unit_id", how="left")
    months = filed.group_by("month").agg(pl.col("due_on").max())
    expected = units.join(months, how="cross").filter(
        (pl.col("month") > pl.col("first"))
        & (pl.col("retired_on").is_null() | (pl.col("month") < pl.col("retired_on")))
    )
    if as_of is not None:
        expected = expected.filter(pl.col("due_on") < as_of)
    expected = expected.join(
        filed.select("unit_id", "month", pl.lit(True).alias("filed")), on=["unit_id", "month"], how="left"
    ).with_columns(pl.col("filed").fill_null(False))
    quorum = context.policy.threshold(KIND, "quorum")
    absent = expected.filter(~pl.col("filed") & (pl.col("filed").mean().over("month") >= quorum))
    found = []
    for _, rows in sorted(absent.sort("unit_id", "month").group_by("unit_id", maintain_order=True)):
        found += [
            _run(context, rows.slice(first, last - first + 1), as_of)
            for first, last in runs(rows["month"].to_list(), MONTH_GAP)
        ]
    return found


def _run(context: Context, rows: pl.DataFrame, as_of: date | None) -> Finding:
    limits = context.policy.thresholds(KIND)
    head = rows.row(0, named=True)
    months: list[date] = rows["month"].to_list()
    start, end = context.market.months(months[0], months[-1])
    overdue = (as_of - rows["due_on"].min()).days if as_of else 0  # type: ignore[operator, union-attr]
    return Finding(
        kind=KIND,
        subject_type="unit",
        subject_ids=ids(head["unit_id"], head["entity_id"]),
        province_code=head["province_code"],
        window_start=start,
        window_end=end,
        score=certain(limits["base_score_month"], rows.height, limits["missing_months"]),
        measures={
            "missing_months": Measure(rows.height, limits["missing_months"], "months"),
            "days_overdue": Measure(overdue, None, "d"),
        },
        evidence=(
            Evidence(
                "activity_reports",
                ("unit_id", "month"),
                tuple((head["unit_id"], month) for month in months),
            ),
        ),
        variant="monthly",
        title_values={
            "entity": named(head["entity_name"], head["entity_id"]),
            "unit": head["unit_id"],
            "first": f"{months[0]:%Y-%m}",
            "months": rows.height,
        },
    )


def _retirements(context: Context) -> pl.DataFrame:
    if context.marts.is_empty("dim_units"):
        return pl.DataFrame(schema={"unit_id": pl.String, "retired_on": pl.Date})
    return context.marts.read("dim_units", "unit_id", "retired_on")


def _day(moment: object) -> date | None:
    return moment.date() if isinstance(moment, datetime) else None


DETECTOR = Detector(
    KIND, "1.0.0", ("fct_compliance_years|fct_emission_reports|fct_mass_balance_months",), find
)
