"""Surrender shortfall: not surrendered in full by the deadline.

One finding an entity and compliance year. It rests on quantities alone; the registry's own status is told
beside it and never scored, so it can be held against ours. An open shortfall scores by its share of the
obligation and by its tonnes on a log scale, and hardly by its age. Where figures accumulate over years and a
later year is compliant before they start again, the shortfall was made good: it says by when and stays blue.
"""

from __future__ import annotations

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import magnitude, total

KIND = "surrender_shortfall"
COLUMNS = (
    "entity_id", "year", "entity_name", "province_code", "due_on", "basis", "required_tco2e",
    "provided_tco2e", "shortfall_tco2e", "verdict", "verified_emissions_tco2e", "registry_status",
)  # fmt: skip


def find(context: Context) -> list[Finding]:
    """Entity years whose verdict is not compliant, graver the larger share and quantity that are missing."""
    limits = context.policy.thresholds(KIND)
    years = context.marts.read("fct_compliance_years", *COLUMNS)
    rows = years.filter((pl.col("verdict") == "not_compliant") & (pl.col("shortfall_tco2e") > 0))
    rows = rows.join(_made_good(years), on=["entity_id", "year"], how="left")
    found = []
    for row in rows.sort("entity_id", "year").iter_rows(named=True):
        shortfall, required = float(row["shortfall_tco2e"]), float(row["required_tco2e"] or 0)
        share = shortfall / required if required > 0 else 1.0
        start, end = context.compliance_window(row["year"], row["due_on"])
        due_on = row["due_on"] or context.policy.surrender_due(context.market.id, row["year"])
        overdue = max((context.market.as_of - due_on).days, 0) if context.market.as_of else 0
        score = _score(limits, shortfall, share, overdue)
        made_good = row["made_good_year"]
        told = [row["year"]] if made_good is None else [row["year"], made_good]
        rows_told = tuple((row["entity_id"], year) for year in told)
        if made_good is not None:
            score = total(score * limits["made_good_factor"])
        found.append(
            Finding(
                kind=KIND,
                subject_type="entity",
                subject_ids=ids(row["entity_id"]),
                province_code=row["province_code"],
                window_start=start,
                window_end=end,
                score=score,
                measures={
                    "shortfall": Measure(shortfall, 0, "tCO2e"),
                    "shortfall_share": Measure(share, limits["shortfall_share"], "fraction"),
                    "required": Measure(required, None, "tCO2e"),
                    "provided": Measure(float(row["provided_tco2e"] or 0), required, "tCO2e"),
                    "basis": Measure(row["basis"], None, ""),
                    "days_overdue": Measure(overdue, limits["overdue_days"], "d"),
                    **{
                        name: Measure(str(row[name]), None, "")
                        for name in ("made_good_year", "registry_status")
                        if row[name] is not None
                    },
                },
                evidence=(Evidence("compliance", ("entity_id", "year"), rows_told),),
                variant="default" if made_good is None else "made_good",
                title_values={
                    "entity": named(row["entity_name"], row["entity_id"]),
                    "year": row["year"],
                    "shortfall": shortfall,
                    "share": share,
                    "made_good": made_good,
                },
            )
        )
    return found


def _score(limits: dict[str, float], shortfall: float, share: float, overdue: int) -> float:
    return total(
        limits["base_score"],
        limits["share_weight"] * (1 - 0.5 ** (share / limits["shortfall_share"])),
        limits["tonnes_weight"] * magnitude(shortfall, limits["tonnes_full"]),
        limits["overdue_weight"] * (1 - 0.5 ** (overdue / limits["overdue_days"])),
    )


def _made_good(years: pl.DataFrame) -> pl.DataFrame:
    """The first later compliant year of the same accumulation: `entity_id`, `year`, `made_good_year`.

    Figures start again where they fall, or where they equal the year's own emissions though there were some
    before.
    """
    required, before = pl.col("required_tco2e"), pl.col("required_tco2e").shift(1).over("entity_id")
    own = pl.col("verified_emissions_tco2e").round()
    restarts = (required < before) | ((before > 0) & (own > 0) & (required <= own))
    return (
        years.filter(pl.col("basis") == "cumulative")
        .sort("entity_id", "year")
        .with_columns(restarts.fill_null(False).cum_sum().over("entity_id").alias("run"))
        .with_columns(pl.when(pl.col("verdict") == "compliant").then("year").alias("made_good_year"))
        .select(
            "entity_id",
            "year",
            pl.col("made_good_year").fill_null(strategy="backward").over("entity_id", "run"),
        )
        .drop_nulls()
    )


DETECTOR = Detector(KIND, "2.0.0", ("fct_compliance_years",), find)
