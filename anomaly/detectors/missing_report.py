"""Missing report: an annual figure or a monthly filing that should be there and is not.

Three places to look: compliance years that are due and have no verified emissions; listed entities without an
annual report in a year for which most listed entities reported; units without a monthly filing between
or after months that they filed, when most units filed that month.
An absent year scores by the emissions last known of the entity, on a log scale, not by the days since. Years
without any figure to the end of the data are probably a closure: the first of them scores as any absent
year, those that follow stay blue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, runs
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain, magnitude, total

KIND = "missing_report"
MONTH_GAP = timedelta(days=31)


@dataclass(frozen=True)
class _Absence:
    """An entity year without a figure, and the source table that should hold one."""

    entity_id: str
    entity_name: str | None
    province_code: str | None
    year: int
    due_on: date | None
    table: str


def find(context: Context) -> list[Finding]:
    """Missing annual and monthly reports; an entity year is named once however it was found."""
    absences = {
        (absence.entity_id, absence.year): absence
        for absence in (*_unreported(context), *_unfiled_years(context))
    }
    return [*_annual(context, list(absences.values())), *_unfiled_months(context)]


def _annual(context: Context, absences: list[_Absence]) -> list[Finding]:
    """One finding an entity year; those that only follow another at the end of the data score lower."""
    if not absences:
        return []
    figures = _figures(context, {absence.entity_id for absence in absences})
    silent_since: dict[str, int] = {}
    for absence in absences:
        known = figures.get(absence.entity_id, {})
        if absence.year > max(known, default=-1):
            earliest = silent_since.get(absence.entity_id, absence.year)
            silent_since[absence.entity_id] = min(earliest, absence.year)
    return [
        _absent_year(
            context, absence, figures.get(absence.entity_id, {}), silent_since.get(absence.entity_id)
        )
        for absence in absences
    ]


def _absent_year(
    context: Context, absence: _Absence, known: dict[int, float | None], silent_since: int | None
) -> Finding:
    limits = context.policy.thresholds(KIND)
    start, end = context.compliance_window(absence.year, None)
    overdue = (context.market.as_of - absence.due_on).days if context.market.as_of and absence.due_on else 0
    last_year, emissions = _last_known(known, absence.year)
    score = total(
        limits["base_score"], limits["tonnes_weight"] * magnitude(emissions or 0.0, limits["tonnes_full"])
    )
    # A year is a name, not a quantity: text, so that no screen writes 2,006.
    years = {"last_emissions_year": last_year, "silent_since": silent_since}
    informative = {name: Measure(str(year), None, "") for name, year in years.items() if year is not None}
    if emissions is not None:
        informative["last_emissions"] = Measure(emissions, limits["tonnes_full"], "tCO2e")
    follows = silent_since is not None and absence.year > silent_since
    return Finding(
        kind=KIND,
        subject_type="entity",
        subject_ids=ids(absence.entity_id),
        province_code=absence.province_code,
        window_start=start,
        window_end=end,
        score=total(score * limits["following_factor"]) if follows else score,
        measures={
            "days_overdue": Measure(max(overdue, 0), None, "d"),
            **informative,
        },
        evidence=(Evidence(absence.table, ("entity_id", "year"), ((absence.entity_id, absence.year),)),),
        variant="annual_following" if follows else "annual",
        title_values={
            "entity": named(absence.entity_name, absence.entity_id),
            "year": absence.year,
            "since": silent_since,
        },
    )


def _last_known(known: dict[int, float | None], year: int) -> tuple[int | None, float | None]:
    """The latest emissions before a year, or where there are none the first after it."""
    years = [y for y, emissions in known.items() if emissions is not None]
    before = [y for y in years if y < year]
    nearest = max(before) if before else min(years, default=None)
    return (None, None) if nearest is None else (nearest, known[nearest])


def _figures(context: Context, entities: set[str]) -> dict[str, dict[int, float | None]]:
    """Years with a figure by entity, verified emissions before reported ones."""
    sources = (
        ("fct_emission_reports", ("verified_total_tco2e", "total_tco2e")),
        ("fct_compliance_years", ("verified_emissions_tco2e",)),
    )
    found: dict[str, dict[int, float | None]] = {}
    for mart, columns in sources:
        if context.marts.is_empty(mart):
            continue
        rows = context.marts.read(mart, "entity_id", "year", *columns)
        rows = rows.filter(pl.col("entity_id").is_in(list(entities))).select(
            "entity_id", "year", pl.coalesce(columns).cast(pl.Float64).alias("emissions")
        )
        for entity, year, emissions in rows.drop_nulls().iter_rows():
            found.setdefault(entity, {})[year] = emissions
    return found


def _unreported(context: Context) -> list[_Absence]:
    """Compliance years that are due and have no verified emissions."""
    if context.marts.is_empty("fct_compliance_years"):
        return []
    rows = context.marts.read(
        "fct_compliance_years", "entity_id", "year", "entity_name", "province_code", "due_on", "verdict"
    ).filter(pl.col("verdict") == "not_reported")
    return [
        _Absence(
            row["entity_id"],
            row["entity_name"],
            row["province_code"],
            row["year"],
            row["due_on"],
            "compliance",
        )
        for row in rows.sort("entity_id", "year").iter_rows(named=True)
    ]


def _unfiled_years(context: Context) -> list[_Absence]:
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
            _Absence(
                row["entity_id"], row["entity_name"], row["province_code"], year, due_on, "emission_reports"
            )
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
    KIND, "2.0.0", ("fct_compliance_years|fct_emission_reports|fct_mass_balance_months",), find
)
