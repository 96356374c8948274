"""Mass balance gap: reported emissions below what fuel, meters, laboratory or CEMS imply.

Four references, each with its own tolerance: the declared fuel and its carbon (E-01, arithmetic), the
metered fuel (energy-use online monitoring), the burnt fuel with the carbon that the laboratory found, and
continuous monitoring where enough hours are valid. Laboratory and CEMS are compared with the market's
own median ratio first: oxidation is incomplete, and stacks measure high or low as a rule.
A month is reported when its gap is large and stands out of the reference's ordinary scatter, and months are
reported together when small gaps persist (`persistence`). Consecutive months of one unit are one finding.
"""

from __future__ import annotations

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.stakes import Stake
from anomaly.detectors.falsification.mass_balance_gap.gaps import REFERENCES
from anomaly.detectors.falsification.mass_balance_gap.limits import Limits
from anomaly.detectors.falsification.mass_balance_gap.runs import MART, find

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
    "mass_balance_gap",
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
            stake=Stake("missing", "missing_emissions"),
            rests_on=("activity_reports",),
        ),
    ),
)
