"""Output mismatch: a unit's declared output does not go with its meters, its fuel or physics.

There are four searches, one module each:

- `metered`: declared output above what the output meters can have counted;
- `consumption`: for some months all inputs per output lie below the unit's own usual level;
- `bounds`: more electricity and heat than the fuel's energy allows (E-14);
- `years`: annual totals of units without monthly reports, against physical bounds and peers.

CO2 per unit of heat does not depend on output. Where a unit declares its fuels month by month it follows from
the declared carbon, which `mass_balance_gap` and the laboratory kinds examine, and is not judged here.
"""

from __future__ import annotations

from dataclasses import replace

from anomaly.core.detector import Detector, Figure, Rows, Search
from anomaly.core.stakes import Stake, Sum
from anomaly.detectors.falsification.output_mismatch import bounds, consumption, metered, years
from anomaly.detectors.falsification.output_mismatch.limits import KIND, Limits
from anomaly.detectors.falsification.output_mismatch.needs import (
    FUEL_METER,
    MONTHS,
    OUTPUT_METERS,
    REPORTED_MONTHS,
)

MONTH_EVIDENCE = Rows("activity_reports", ("unit_id", "month", "revision"))
MONTH_COUNT = {"months": Figure("months")}

# What the output in doubt emitted by the unit's own reports, which is what free allocation is given for.
CONCERNED = Stake(
    "concerned", Sum("fct_mass_balance_months", ("reported_emissions_tco2",), ("unit_id", "month"))
)

DETECTOR = Detector(
    KIND,
    "3.0.0",
    Limits,
    (
        Search(
            name="metered",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS, OUTPUT_METERS),
            evidence=(
                MONTH_EVIDENCE,
                Rows("meters_daily", ("unit_id", "meter"), start="meter_from", end="meter_to"),
            ),
            measures={
                "declared_output": Figure(unit_from="output_unit"),
                "metered_output": Figure(unit_from="output_unit"),
                "excess": Figure("fraction", "meter_tolerance"),
                **MONTH_COUNT,
            },
            find=metered.find,
            stake=replace(CONCERNED, share="in_doubt"),
            rests_on=("meters_daily",),
        ),
        Search(
            name="consumption",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS, FUEL_METER),
            evidence=(MONTH_EVIDENCE,),
            measures={
                "drop": Figure("fraction", "drop_needed"),
                "distance": Figure("standard errors", "min_distance"),
                "inputs": Figure(),
                **MONTH_COUNT,
            },
            extra=("drop_needed",),
            find=consumption.find,
            stake=replace(CONCERNED, share="drop"),
            rests_on=("activity_reports",),
        ),
        Search(
            name="months",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS, FUEL_METER),
            evidence=(MONTH_EVIDENCE,),
            measures={
                "electric_efficiency": Figure("fraction", "coal_efficiency"),
                "total_efficiency": Figure("fraction", "total_efficiency"),
                **MONTH_COUNT,
            },
            extra=("actual", "limit"),
            find=bounds.find,
            stake=replace(CONCERNED, share="in_doubt"),
            rests_on=("activity_reports",),
        ),
        Search(
            name="years",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(years.YEARS, years.PEERS, REPORTED_MONTHS),
            evidence=(Rows("unit_years", ("unit_id", "year")),),
            measures={
                "electric_efficiency": Figure("fraction", "coal_efficiency"),
                "co2_per_gj": Figure("tCO2/GJ", "rate_floor", less_is_worse=True),
                **years.PEER_MEASURES,
            },
            extra=("rate_floor", "lower_05", "actual", "usual", "gap", "rate"),
            variants=("bounds", "efficiency", "peers"),
            find=years.find,
            stake=Stake("missing", "missing_emissions"),
        ),
    ),
)
