"""Mass balance gap: reported emissions below what fuel, meters, laboratory or CEMS imply.

Four references, each with its own tolerance: the declared fuel and its carbon (E-01, arithmetic), the
metered fuel (energy-use online monitoring), the burnt fuel with the carbon that the laboratory found, and
continuous monitoring where enough hours are valid. Laboratory and CEMS are compared with the market's
own median ratio first: oxidation is incomplete, and stacks measure high or low as a rule.
A month is reported when its gap is large and stands out of the reference's ordinary scatter, and months are
reported together when small gaps persist (`persistence`). Consecutive months of one unit are one finding.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import NEXT_MONTH, id_list, run_number
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.mass_balance_gap.gaps import REFERENCES, gaps

KIND = "mass_balance_gap"
MART = "fct_mass_balance_months"
MONTH_GAP = timedelta(days=62)
RUN = ("unit_id", "is_alert", "run")


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
    candidate_share: float
    cems_valid_share: float
    min_months: float
    cems_bias: float
    scales: float
    reference_cap: float
    repeat_months: float
    repeat_cap: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a run of unit months with a gap to at least one reference."""
    limits = inputs.limits
    months = inputs.read(MART).filter(pl.col("reported_emissions_tco2") > 0).sort("unit_id", "month")
    found = gaps(months.with_columns(samples=id_list("sample_ids_json")), limits)
    # Months that are reported are no candidates by another reference.
    found = found.with_columns(reported=pl.col("is_alert").any().over("unit_id", "month"))
    found = found.filter(pl.col("is_alert") | ~pl.col("reported"))
    found = found.with_columns(run=run_number("month", MONTH_GAP, "unit_id", "is_alert"))
    runs = found.group_by(RUN, maintain_order=True).agg(
        pl.col("entity_id", "entity_name", "province_code").first(),
        month=pl.col("month").unique(maintain_order=True),
        months=pl.col("month").n_unique(),
        revision=pl.col("revision").filter(pl.col("month").is_first_distinct()),
        persistence=pl.col("sum").max(),
    )
    for reference in REFERENCES:
        runs = runs.join(_figures(found, reference, limits), on=RUN, how="left")
    repeated = exceedance(pl.col("months") - 1, limits.repeat_months, limits.repeat_cap)
    scores = (pl.col(f"{reference}_score").fill_null(0.0) for reference in REFERENCES)
    for evidence in _second_figures(found, inputs):
        runs = runs.join(evidence, on=RUN, how="left")
    return runs.with_columns(
        first_on=pl.col("month").list.first(),
        last_on=pl.col("month").list.last().dt.month_end(),
        score=either(*scores, repeated),
        gap=pl.max_horizontal(f"{reference}_gap" for reference in REFERENCES),
        missing_emissions=pl.max_horizontal(f"{reference}_missing" for reference in REFERENCES),
        persistence=pl.when(pl.col("persistence") > 0).then("persistence"),
    )


def _figures(found: pl.DataFrame, reference: str, limits: Limits) -> pl.DataFrame:
    """Median gap to a reference, its score and the emissions that are missing, one row a run that has any."""
    missing = pl.col("reported_emissions_tco2") * (1 / (1 - pl.col("gap")) - 1)
    return (
        _with_gap(found, reference)
        .group_by(RUN)
        .agg(
            pl.col("gap").median().alias(f"{reference}_gap"),
            missing.sum().alias(f"{reference}_missing"),
            pl.col("threshold").first(),
        )
        .select(
            *RUN,
            f"{reference}_gap",
            f"{reference}_missing",
            exceedance(pl.col(f"{reference}_gap"), pl.col("threshold"), limits.reference_cap).alias(
                f"{reference}_score"
            ),
        )
    )


def _with_gap(found: pl.DataFrame, reference: str) -> pl.DataFrame:
    return found.filter((pl.col("reference") == reference) & pl.col("gap").is_not_null())


def _second_figures(found: pl.DataFrame, inputs: Inputs[Limits]) -> list[pl.DataFrame]:
    """Rows of other tables behind the gaps: samples by id, meters and monitored hours by range."""
    samples = _with_gap(found, "lab").explode("samples")
    meter, cems = (_spans(found, reference) for reference in ("meter", "cems"))
    start, end = (inputs.market.midnights(pl.col(name)) for name in ("start", "end"))
    return [
        samples.group_by(RUN).agg(pl.col("samples").unique().sort()),
        meter.group_by(RUN).agg(meter_from="start", meter_to="end").with_columns(meter=pl.lit("coal_feed")),
        cems.group_by(RUN).agg(cems_from=start, cems_to=end),
    ]


def _spans(found: pl.DataFrame, reference: str) -> pl.DataFrame:
    """Consecutive months with a gap to a reference: `start`, and `end`, exclusive."""
    rows = _with_gap(found, reference)
    rows = rows.with_columns(span=run_number("month", NEXT_MONTH, *RUN))
    month = pl.col("month")
    return rows.group_by(*RUN, "span", maintain_order=True).agg(
        start=month.min(), end=month.max().dt.offset_by("1mo")
    )


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
    *(
        Need(MART, columns, source=source, period="month", subject="unit_id", filled=columns[:1])
        for source, columns in {
            "meters_daily": ("metered_emissions_tco2",),
            "cems_hourly": ("cems_emissions_tco2", "cems_valid_hours", "cems_hours"),
            "lab_tests": ("lab_emissions_tco2", "sample_ids_json"),
        }.items()
    ),
)  # fmt: skip
DETECTOR = Detector(
    KIND,
    "3.0.0",
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
                **{f"{name}_gap": Figure("fraction", f"{name}_gap") for name in REFERENCES},
                "missing_emissions": Figure("tCO2"),
                "persistence": Figure("spreads", "sum_limit"),
            },
            extra=("gap",),
            find=find,
        ),
    ),
)
