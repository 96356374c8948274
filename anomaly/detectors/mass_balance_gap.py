"""Mass balance gap: reported emissions below what fuel, meters, laboratory or CEMS imply.

Four references, each with its own tolerance: the declared fuel and its carbon (E-01, arithmetic), the
metered fuel (energy-use online monitoring), the burnt fuel with the carbon that the laboratory found, and
continuous monitoring where enough hours are valid. Laboratory and CEMS are held against the market's
own median ratio first: oxidation is incomplete, and stacks measure high or low as a rule.
A month is told when its gap is large and stands out of the reference's ordinary scatter, and months are
told together when small gaps persist (`persistence`). Consecutive months of one unit are one finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, rows_of, runs, scaled_mad
from anomaly.detectors.persistence import Persistent, persistent_gaps
from anomaly.findings import Evidence, Finding, Measure
from anomaly.market import following
from anomaly.scoring import either, exceedance

KIND = "mass_balance_gap"
MONTH_GAP = timedelta(days=62)
NEXT_MONTH = timedelta(days=31)
CO2_PER_CARBON = 44 / 12
COLUMNS = (
    "unit_id", "month", "entity_id", "entity_name", "province_code", "revision",
    "reported_emissions_tco2", "fuel_emissions_tco2", "metered_emissions_tco2", "cems_emissions_tco2",
    "cems_valid_hours", "cems_hours", "fuel_consumption_t",
)  # fmt: skip
LAB_COLUMNS = (
    "sample_id", "unit_id", "fuel", "sampled_on", "carbon_pct", "moisture_pct", "total_moisture_pct",
)  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """A second figure for the same emissions; `centred` where it is held against the market's ratio."""

    name: str
    column: str
    centred: bool


REFERENCES = (
    Reference("fuel", "fuel_emissions_tco2", centred=False),
    Reference("meter", "metered_emissions_tco2", centred=False),
    Reference("lab", "lab_emissions_tco2", centred=True),
    Reference("cems", "cems_emissions_tco2", centred=True),
)


def find(context: Context) -> list[Finding]:
    """Runs of unit months with a gap to at least one reference."""
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read("fct_mass_balance_months", *COLUMNS).filter(
        pl.col("reported_emissions_tco2") > 0
    )
    rows = _with_laboratory(context, rows).sort("unit_id", "month")
    for reference in REFERENCES:
        rows = _with_gap(rows, reference, limits)
    rows = rows.filter(pl.any_horizontal(pl.col(f"{reference.name}_flag") for reference in REFERENCES))
    found = []
    for _, part in sorted(rows.group_by("unit_id", maintain_order=True)):
        for first, last in runs(part["month"].to_list(), MONTH_GAP):
            found.append(_finding(context, limits, part.slice(first, last - first + 1)))
    return found


def _with_laboratory(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `lab_emissions_tco2`, what the solid fuel gives with the carbon that the month's samples had.

    Only months whose samples are all of one fuel: a mean over fuels says nothing about their mixture.
    """
    if context.marts.is_empty("fct_lab_tests"):
        return rows.with_columns(
            pl.lit(None, dtype=pl.Float64).alias("lab_emissions_tco2"),
            pl.lit(None, dtype=pl.List(pl.String)).alias("samples"),
        )
    dry = 100 - pl.col("moisture_pct")
    carbon = pl.col("carbon_pct") * (100 - pl.col("total_moisture_pct")) / dry / 100
    tests = (
        context.marts.read("fct_lab_tests", *LAB_COLUMNS)
        .filter(pl.col("unit_id").is_not_null() & pl.col("sampled_on").is_not_null() & (dry > 0))
        .with_columns(pl.col("sampled_on").dt.truncate("1mo").alias("month"), carbon.alias("carbon"))
        .filter(pl.col("carbon") > 0)
        .group_by("unit_id", "month")
        .agg(
            pl.col("carbon").mean(),
            pl.col("sample_id").sort().alias("samples"),
            pl.col("fuel").n_unique().alias("fuels"),
        )
        .filter(pl.col("fuels") == 1)
    )
    return rows.join(tests, on=["unit_id", "month"], how="left").with_columns(
        (pl.col("fuel_consumption_t") * pl.col("carbon") * CO2_PER_CARBON).alias("lab_emissions_tco2")
    )


def _with_gap(rows: pl.DataFrame, reference: Reference, limits: dict[str, float]) -> pl.DataFrame:
    """Adds `<name>_gap`, the missing fraction; `<name>_sum`, its persistence; and `<name>_flag`."""
    usable = pl.col(reference.column) > 0
    if reference.name == "cems":
        usable &= pl.col("cems_valid_hours") >= limits["cems_valid_share"] * pl.col("cems_hours")
    ratio = pl.when(usable).then((pl.col("reported_emissions_tco2") / pl.col(reference.column)).log())
    rows = rows.with_columns(ratio.alias("ratio"))
    centre, scale, count = rows.select(
        pl.col("ratio").median(),
        scaled_mad(pl.col("ratio")).alias("scale"),
        pl.col("ratio").count().alias("n"),
    ).row(0)
    shift = 0.0
    if reference.centred and count >= limits["min_months"]:
        # A market that understates as a whole must not define what is usual.
        bias = limits[f"{reference.name}_bias"]
        shift = min(max(centre, -bias), bias)
    rows = rows.with_columns((shift - pl.col("ratio")).alias("deficit"))
    limit, scale = limits[f"{reference.name}_gap"], scale or 0.0
    deficit, gap = pl.col("deficit"), 1 - (-pl.col("deficit")).exp()
    large = (gap >= limit) & (deficit >= max(limits["scales"] * scale, limit))
    persistent = persistent_gaps(
        rows,
        "deficit",
        max(scale, limits[f"{reference.name}_spread"]),
        limits[f"{reference.name}_bias"],
        limits["sum_slack"],
        limits["sum_limit"],
    )
    sums = _sums(rows, persistent)
    return rows.with_columns(
        gap.alias(f"{reference.name}_gap"),
        sums.alias(f"{reference.name}_sum"),
        (large.fill_null(False) | (sums > 0)).alias(f"{reference.name}_flag"),
    ).drop("ratio", "deficit")


def _sums(rows: pl.DataFrame, persistent: list[Persistent]) -> pl.Series:
    """For each row the height of the persistent shift that its month belongs to, 0 where there is none."""
    held: dict[str, list[Persistent]] = {}
    for run in persistent:
        held.setdefault(run.unit_id, []).append(run)
    heights = [
        max((run.height for run in held.get(unit, ()) if run.holds(month, deficit)), default=0.0)
        for unit, month, deficit in rows.select("unit_id", "month", "deficit").iter_rows()
    ]
    return pl.Series(heights, dtype=pl.Float64)


def _finding(context: Context, limits: dict[str, float], rows: pl.DataFrame) -> Finding:
    head = rows.row(0, named=True)
    months: list[date] = rows["month"].to_list()
    start, end = context.market.months(months[0], months[-1])
    measures: dict[str, Measure] = {"months": Measure(rows.height, None, "months")}
    evidence = [
        Evidence(
            "activity_reports",
            ("unit_id", "month", "revision"),
            rows_of(rows, "unit_id", "month", "revision"),
        )
    ]
    scores, worst, missing, height = [], 0.0, 0.0, 0.0
    for reference in REFERENCES:
        flagged = rows.filter(
            pl.col(f"{reference.name}_flag") & pl.col(f"{reference.name}_gap").is_not_null()
        )
        if flagged.is_empty():
            continue
        gap = float(flagged[f"{reference.name}_gap"].median())  # type: ignore[arg-type]
        limit = limits[f"{reference.name}_gap"]
        measures[f"{reference.name}_gap"] = Measure(gap, limit, "fraction")
        scores.append(exceedance(gap, limit, limits["reference_cap"]))
        worst = max(worst, gap)
        height = max(height, float(flagged[f"{reference.name}_sum"].max()))  # type: ignore[arg-type]
        short = flagged["reported_emissions_tco2"] * (1 / (1 - flagged[f"{reference.name}_gap"]) - 1)
        missing = max(missing, float(short.sum()))
        evidence += _second_figures(context, reference, flagged)
    scores.append(exceedance(rows.height - 1, limits["repeat_months"], limits["repeat_cap"]))
    measures["missing_emissions"] = Measure(missing, None, "tCO2")
    if height > 0:
        measures["persistence"] = Measure(height, limits["sum_limit"], "spreads")
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


def _second_figures(context: Context, reference: Reference, flagged: pl.DataFrame) -> list[Evidence]:
    """The rows behind a reference besides the report: samples by name, meters and hours by range."""
    unit_id = flagged["unit_id"][0]
    if reference.name == "lab":
        samples = sorted({sample for samples in flagged["samples"].drop_nulls() for sample in samples})
        return [Evidence("lab_tests", ("sample_id",), tuple((sample,) for sample in samples))]
    if reference.name not in ("meter", "cems"):
        return []
    months: list[date] = flagged["month"].to_list()
    found = []
    for first, last in runs(months, NEXT_MONTH):
        if reference.name == "meter":
            key, row = ("unit_id", "meter"), (unit_id, "coal_feed")
            found.append(Evidence("meters_daily", key, (row,), months[first], following(months[last])))
        else:
            between = context.market.months(months[first], months[last])
            found.append(Evidence("cems_hourly", ("unit_id",), ((unit_id,),), *between))
    return found


DETECTOR = Detector(KIND, "2.0.0", ("fct_mass_balance_months",), find)
