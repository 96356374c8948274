"""Mass balance gap: reported emissions below what fuel, meters or CEMS imply.

Three references, each with its own tolerance: the declared fuel and its carbon (E-01, arithmetic), the
metered fuel (energy-use online monitoring), and continuous monitoring where enough hours are valid.
CEMS are held against the market's own median ratio first, since stacks measure high or low as a rule.
A gap must also stand out of the reference's ordinary scatter. Consecutive months of one unit are one
finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, runs, share_of_median
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import either, exceedance

KIND = "mass_balance_gap"
MONTH_GAP = timedelta(days=62)
COLUMNS = (
    "unit_id", "month", "entity_id", "entity_name", "province_code", "revision",
    "reported_emissions_tco2", "fuel_emissions_tco2", "metered_emissions_tco2", "cems_emissions_tco2",
    "cems_valid_hours", "cems_hours",
)  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """A second figure for the same emissions, and the rows behind it besides the report."""

    name: str
    column: str
    centred: bool
    table: str | None = None
    key: dict[str, str] = field(default_factory=dict)


REFERENCES = (
    Reference("fuel", "fuel_emissions_tco2", centred=False),
    Reference(
        "meter", "metered_emissions_tco2", centred=False, table="meters_daily", key={"meter": "coal_feed"}
    ),
    Reference("cems", "cems_emissions_tco2", centred=True, table="cems_hourly"),
)


def find(context: Context) -> list[Finding]:
    """Runs of unit months with a gap to at least one reference."""
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read("fct_mass_balance_months", *COLUMNS).filter(
        pl.col("reported_emissions_tco2") > 0
    )
    for reference in REFERENCES:
        rows = _with_gap(rows, reference, limits)
    rows = rows.filter(pl.any_horizontal(pl.col(f"{reference.name}_flag") for reference in REFERENCES))
    found = []
    for _, part in sorted(rows.sort("unit_id", "month").group_by("unit_id", maintain_order=True)):
        for first, last in runs(part["month"].to_list(), MONTH_GAP):
            found.append(_finding(context, limits, part.slice(first, last - first + 1)))
    return found


def _with_gap(rows: pl.DataFrame, reference: Reference, limits: dict[str, float]) -> pl.DataFrame:
    """Adds `<name>_gap`, the missing fraction against the reference, and `<name>_flag`."""
    usable = pl.col(reference.column) > 0
    if reference.name == "cems":
        usable &= pl.col("cems_valid_hours") >= limits["cems_valid_share"] * pl.col("cems_hours")
    ratio = pl.when(usable).then((pl.col("reported_emissions_tco2") / pl.col(reference.column)).log())
    rows = rows.with_columns(ratio.alias("ratio"))
    centre, scale, count = rows.select(
        pl.col("ratio").median(),
        share_of_median(pl.col("ratio")).alias("scale"),
        pl.col("ratio").count().alias("n"),
    ).row(0)
    if reference.centred and count >= limits["min_months"]:
        # A market that understates as a whole must not define what is usual.
        shift = min(max(centre, -limits["largest_bias"]), limits["largest_bias"])
    else:
        shift = 0.0
    gap = 1 - (pl.col("ratio") - shift).exp()
    limit = limits[f"{reference.name}_gap"]
    scatter = max(scale or 0.0, limit / limits["scales"])
    flag = (gap >= limit) & ((shift - pl.col("ratio")) >= limits["scales"] * scatter)
    return rows.with_columns(
        gap.alias(f"{reference.name}_gap"), flag.fill_null(False).alias(f"{reference.name}_flag")
    ).drop("ratio")


def _finding(context: Context, limits: dict[str, float], rows: pl.DataFrame) -> Finding:
    head = rows.row(0, named=True)
    months: list[date] = rows["month"].to_list()
    start, end = context.market.months(months[0], months[-1])
    measures: dict[str, Measure] = {"months": Measure(rows.height, None, "months")}
    evidence = [
        Evidence("activity_reports", ("unit_id", "month", "revision"), tuple(rows.select(
            "unit_id", "month", "revision").iter_rows()))
    ]  # fmt: skip
    scores, worst = [], 0.0
    missing = 0.0
    for reference in REFERENCES:
        flagged = rows.filter(pl.col(f"{reference.name}_flag"))
        if flagged.is_empty():
            continue
        gap = float(flagged[f"{reference.name}_gap"].median())  # type: ignore[arg-type]
        limit = limits[f"{reference.name}_gap"]
        measures[f"{reference.name}_gap"] = Measure(gap, limit, "fraction")
        scores.append(exceedance(gap, limit, limits["reference_cap"]))
        worst = max(worst, gap)
        short = float((flagged[reference.column] - flagged["reported_emissions_tco2"]).sum())
        missing = max(missing, short)
        if reference.table:
            periods = sorted({f"{month:%Y-%m}" for month in flagged["month"]})
            own = tuple(reference.key.values())
            evidence.append(
                Evidence(
                    reference.table,
                    ("unit_id", *reference.key, "period"),
                    tuple((head["unit_id"], *own, period) for period in periods),
                )
            )
    scores.append(exceedance(rows.height - 1, limits["repeat_months"], limits["repeat_cap"]))
    measures["missing_emissions"] = Measure(missing, None, "tCO2")
    return Finding(
        kind=KIND,
        subject_type="unit",
        subject_ids=ids(head["unit_id"], head["entity_id"]),
        province_code=head["province_code"],
        window_start=start,
        window_end=end,
        score=either(*scores),
        measures=measures,
        evidence=tuple(evidence),
        title_values={
            "entity": named(head["entity_name"], head["entity_id"]),
            "unit": head["unit_id"],
            "first": f"{months[0]:%Y-%m}",
            "last": f"{months[-1]:%Y-%m}",
            "gap": worst,
            "missing": missing,
        },
    )


DETECTOR = Detector(KIND, "1.0.0", ("fct_mass_balance_months",), find)
