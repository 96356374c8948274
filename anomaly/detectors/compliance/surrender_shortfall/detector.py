"""Surrender shortfall: not surrendered in full by the deadline.

One candidate an entity and compliance year. It rests on quantities alone; the registry's own status is shown
beside it and never scored, so that the two can be compared. An open shortfall scores by its share of the
obligation and by its tonnes on a log scale, and little by its age. Where figures accumulate over years and a
later year is compliant before they start again, the shortfall was made good: the title says by when and the
level stays blue.
"""

from __future__ import annotations

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.stakes import Stake
from anomaly.detectors.compliance.surrender_shortfall.limits import Limits
from anomaly.detectors.compliance.surrender_shortfall.shortfalls import find

KIND = "surrender_shortfall"


DETECTOR = Detector(
    KIND,
    "2.0.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="entity",
            subjects=("entity_id",),
            needs=(
                Need(
                    "fct_compliance_years",
                    (
                        "entity_id", "year", "entity_name", "province_code", "due_on", "basis",
                        "required_tco2e", "provided_tco2e", "shortfall_tco2e", "verdict",
                        "verified_emissions_tco2e", "registry_status",
                    ),
                    source="compliance",
                    period="year",
                    subject="entity_id",
                    filled=("required_tco2e", "provided_tco2e", "verified_emissions_tco2e"),
                ),
            ),
            evidence=(Rows("compliance", ("entity_id", "year"), ("entity_id", "evidence_years")),),
            measures={
                "shortfall": Figure("tCO2e", 0),
                "shortfall_share": Figure("fraction", "shortfall_share"),
                "required": Figure("tCO2e"),
                "provided": Figure("tCO2e", "required", less_is_worse=True),
                "basis": Figure(),
                "days_overdue": Figure("d"),
                "made_good_year": Figure(),
                "registry_status": Figure(),
            },
            find=find,
            stake=Stake("short", "shortfall"),
            rests_on=("compliance", "transfers"),
            variants=("default", "made_good"),
        ),
    ),
)  # fmt: skip
