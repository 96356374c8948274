"""Surrender shortfall: not surrendered in full by the deadline.

One finding an entity and compliance year. It rests on quantities alone; the registry's own status is not
looked at, so it can be held against ours.
"""

from __future__ import annotations

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import certain

KIND = "surrender_shortfall"
COLUMNS = (
    "entity_id", "year", "entity_name", "province_code", "due_on", "basis", "required_tco2e",
    "provided_tco2e", "shortfall_tco2e", "verdict",
)  # fmt: skip


def find(context: Context) -> list[Finding]:
    """Entity years whose verdict is not compliant, graver the larger the share that is missing."""
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read("fct_compliance_years", *COLUMNS).filter(
        (pl.col("verdict") == "not_compliant") & (pl.col("shortfall_tco2e") > 0)
    )
    found = []
    for row in rows.sort("entity_id", "year").iter_rows(named=True):
        shortfall, required = float(row["shortfall_tco2e"]), float(row["required_tco2e"] or 0)
        share = shortfall / required if required > 0 else 1.0
        start, end = context.compliance_window(row["year"], row["due_on"])
        found.append(
            Finding(
                kind=KIND,
                subject_type="entity",
                subject_ids=ids(row["entity_id"]),
                province_code=row["province_code"],
                window_start=start,
                window_end=end,
                score=certain(limits["base_score"], share, limits["shortfall_share"]),
                measures={
                    "shortfall": Measure(shortfall, 0, "tCO2e"),
                    "shortfall_share": Measure(share, limits["shortfall_share"], "fraction"),
                    "required": Measure(required, None, "tCO2e"),
                    "provided": Measure(float(row["provided_tco2e"] or 0), required, "tCO2e"),
                    "basis": Measure(row["basis"], None, ""),
                },
                evidence=(Evidence("compliance", ("entity_id", "year"), ((row["entity_id"], row["year"]),)),),
                title_values={
                    "entity": named(row["entity_name"], row["entity_id"]),
                    "year": row["year"],
                    "shortfall": shortfall,
                    "share": share,
                },
            )
        )
    return found


DETECTOR = Detector(KIND, "1.0.0", ("fct_compliance_years",), find)
