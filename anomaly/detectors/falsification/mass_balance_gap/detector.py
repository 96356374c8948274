"""Mass balance gap: reported emissions below what fuel, meters, laboratory or CEMS imply.

Four references, each with its own tolerance: the declared fuel and its carbon (E-01, arithmetic), the
metered fuel (energy-use online monitoring), the burnt fuel with the carbon that the laboratory found, and
continuous monitoring where enough hours are valid. Laboratory and CEMS are compared with the market's
own median ratio first: oxidation is incomplete, and stacks measure high or low as a rule.
A month is reported when its gap is large and stands out of the reference's ordinary scatter, and months are
reported together when small gaps persist (`persistence`). Consecutive months of one unit are one finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import runs, scaled_mad
from anomaly.core.market import following
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.mass_balance_gap.persistence import Persistent, persistent_gaps

KIND = "mass_balance_gap"
MONTH_GAP = timedelta(days=62)
NEXT_MONTH = timedelta(days=31)
CO2_PER_CARBON = 44 / 12


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    fuel_gap: float
    meter_gap: float
    cems_gap: float
    lab_gap: float
    fuel_spread: float
    fuel_bias: float
    meter_spread: float
    meter_bias: float
    lab_spread: float
    lab_bias: float
    cems_spread: float
    sum_slack: float
    sum_limit: float
    cems_valid_share: float
    min_months: float
    cems_bias: float
    scales: float
    reference_cap: float
    repeat_months: float
    repeat_cap: float


@dataclass(frozen=True)
class Reference:
    """A second figure for the same emissions; `centred` where it is compared with the market's ratio."""

    name: str
    column: str
    centred: bool


REFERENCES = (
    Reference("fuel", "fuel_emissions_tco2", centred=False),
    Reference("meter", "metered_emissions_tco2", centred=False),
    Reference("lab", "lab_emissions_tco2", centred=True),
    Reference("cems", "cems_emissions_tco2", centred=True),
)


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a run of unit months with a gap to at least one reference."""
    limits = inputs.limits
    rows = inputs.read("fct_mass_balance_months").filter(pl.col("reported_emissions_tco2") > 0)
    rows = _with_laboratory(inputs, rows).sort("unit_id", "month")
    for reference in REFERENCES:
        rows = _with_gap(rows, reference, limits)
    rows = rows.filter(pl.any_horizontal(pl.col(f"{reference.name}_flag") for reference in REFERENCES))
    found = []
    for _, part in sorted(rows.group_by("unit_id", maintain_order=True)):
        for first, last in runs(part["month"].to_list(), MONTH_GAP):
            found.append(_run(inputs, part.slice(first, last - first + 1)))
    return frame_of(found)


def _with_laboratory(inputs: Inputs[Limits], rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `lab_emissions_tco2`, what the solid fuel gives with the carbon that the month's samples had.

    Only months whose samples are all of one fuel: a mean over fuels says nothing about their mixture.
    """
    dry = 100 - pl.col("moisture_pct")
    carbon = pl.col("carbon_pct") * (100 - pl.col("total_moisture_pct")) / dry / 100
    tests = (
        inputs.read("fct_lab_tests")
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


def _with_gap(rows: pl.DataFrame, reference: Reference, limits: Limits) -> pl.DataFrame:
    """Adds `<name>_gap`, the missing fraction; `<name>_sum`, its persistence; and `<name>_flag`."""
    usable = pl.col(reference.column) > 0
    if reference.name == "cems":
        usable &= pl.col("cems_valid_hours") >= limits.cems_valid_share * pl.col("cems_hours")
    ratio = pl.when(usable).then((pl.col("reported_emissions_tco2") / pl.col(reference.column)).log())
    rows = rows.with_columns(ratio.alias("ratio"))
    centre, scale, count = rows.select(
        pl.col("ratio").median(),
        scaled_mad(pl.col("ratio")).alias("scale"),
        pl.col("ratio").count().alias("n"),
    ).row(0)
    shift = 0.0
    if reference.centred and count >= limits.min_months:
        # When the whole market understates, its median must not be taken as usual.
        bias = getattr(limits, f"{reference.name}_bias")
        shift = min(max(centre, -bias), bias)
    rows = rows.with_columns((shift - pl.col("ratio")).alias("deficit"))
    limit, scale = getattr(limits, f"{reference.name}_gap"), scale or 0.0
    deficit, gap = pl.col("deficit"), 1 - (-pl.col("deficit")).exp()
    large = (gap >= limit) & (deficit >= max(limits.scales * scale, limit))
    persistent = persistent_gaps(
        rows,
        "deficit",
        max(scale, getattr(limits, f"{reference.name}_spread")),
        getattr(limits, f"{reference.name}_bias"),
        limits.sum_slack,
        limits.sum_limit,
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


def _run(inputs: Inputs[Limits], rows: pl.DataFrame) -> dict[str, Any]:
    limits = inputs.limits
    head = rows.row(0, named=True)
    row: dict[str, Any] = {f"{reference.name}_gap": None for reference in REFERENCES} | EVIDENCE
    scores, worst, missing, height = [], 0.0, 0.0, 0.0
    for reference in REFERENCES:
        flagged = rows.filter(
            pl.col(f"{reference.name}_flag") & pl.col(f"{reference.name}_gap").is_not_null()
        )
        if flagged.is_empty():
            continue
        gap = float(flagged[f"{reference.name}_gap"].median())  # type: ignore[arg-type]
        row[f"{reference.name}_gap"] = gap
        scores.append(exceedance(gap, getattr(limits, f"{reference.name}_gap"), limits.reference_cap))
        worst = max(worst, gap)
        height = max(height, float(flagged[f"{reference.name}_sum"].max()))  # type: ignore[arg-type]
        short = flagged["reported_emissions_tco2"] * (1 / (1 - flagged[f"{reference.name}_gap"]) - 1)
        missing = max(missing, float(short.sum()))
        row |= _second_figures(inputs, reference, flagged)
    scores.append(exceedance(rows.height - 1, limits.repeat_months, limits.repeat_cap))
    return row | {
        **{name: head[name] for name in ("unit_id", "entity_id", "entity_name", "province_code")},
        "first_on": rows["month"][0],
        "last_on": rows["month"].dt.month_end()[-1],
        "score": either(*scores),
        "months": rows.height,
        "missing_emissions": missing,
        "persistence": height if height > 0 else None,
        "gap": worst,
        "month": rows["month"].to_list(),
        "revision": rows["revision"].to_list(),
    }


def _second_figures(
    inputs: Inputs[Limits], reference: Reference, flagged: pl.DataFrame
) -> dict[str, list[Any] | None]:
    """What is behind a reference besides the report: samples by name, meters and hours by range."""
    if reference.name == "lab":
        return {"samples": sorted({sample for names in flagged["samples"].drop_nulls() for sample in names})}
    if reference.name not in ("meter", "cems"):
        return {}
    months = flagged["month"].to_list()
    spans = [(months[first], months[last]) for first, last in runs(months, NEXT_MONTH)]
    if reference.name == "meter":
        return {
            "meter": ["coal_feed"] * len(spans),
            "meter_from": [first for first, _ in spans],
            "meter_to": [following(last) for _, last in spans],
        }
    between = [inputs.market.months(*ends) for ends in spans]
    return {"cems_from": [start for start, _ in between], "cems_to": [end for _, end in between]}


EVIDENCE: dict[str, list[Any] | None] = dict.fromkeys(
    ("samples", "meter", "meter_from", "meter_to", "cems_from", "cems_to")
)
MART = "fct_mass_balance_months"
NEEDS = (
    Need(
        MART,
        (
            "unit_id", "month", "entity_id", "entity_name", "province_code", "revision",
            "reported_emissions_tco2", "fuel_emissions_tco2", "fuel_consumption_t",
        ),
        source="activity_reports",
        period="month",
        subject="unit_id",
        filled=("reported_emissions_tco2", "fuel_emissions_tco2", "fuel_consumption_t"),
    ),
    Need(
        MART,
        ("metered_emissions_tco2",),
        source="meters_daily",
        period="month",
        subject="unit_id",
        filled=("metered_emissions_tco2",),
    ),
    Need(
        MART,
        ("cems_emissions_tco2", "cems_valid_hours", "cems_hours"),
        source="cems_hourly",
        period="month",
        subject="unit_id",
        filled=("cems_emissions_tco2",),
    ),
    Need(
        "fct_lab_tests",
        {
            "sample_id": pl.String,
            "unit_id": pl.String,
            "fuel": pl.String,
            "sampled_on": pl.Date,
            "carbon_pct": pl.Float64,
            "moisture_pct": pl.Float64,
            "total_moisture_pct": pl.Float64,
        },
        source="lab_tests",
        period="sampled_on",
        subject="unit_id",
        filled=("carbon_pct", "moisture_pct", "total_moisture_pct"),
        optional=True,
    ),
)  # fmt: skip
DETECTOR = Detector(
    KIND,
    "2.0.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=NEEDS,
            evidence=(
                Rows("activity_reports", ("unit_id", "month", "revision")),
                Rows("lab_tests", ("sample_id",), ("samples",)),
                Rows("meters_daily", ("unit_id", "meter"), start="meter_from", end="meter_to"),
                Rows("cems_hourly", ("unit_id",), start="cems_from", end="cems_to"),
            ),
            measures={
                "months": Figure("months"),
                **{
                    f"{reference.name}_gap": Figure("fraction", f"{reference.name}_gap")
                    for reference in REFERENCES
                },
                "missing_emissions": Figure("tCO2"),
                "persistence": Figure("spreads", "sum_limit"),
            },
            extra=("gap",),
            find=find,
        ),
    ),
)
