"""Lab date conflict: tested before sampled or received, reported before tested, or many tests at once.

The falsifications made public in 2022 were of this kind: one bulk test presented as monthly tests, with
altered dates. Three findings: samples whose dates contradict each other; one entity's samples of several
months tested on one day; a laboratory with more tests on a day than it otherwise does. Reports later than the
rule's forty days are a breach of procedure and stay at the lowest level.
"""

from __future__ import annotations

from dataclasses import replace

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.stakes import Stake, Sum
from anomaly.detectors.falsification.lab_date_conflict.conflicts import (
    CONFLICTS,
    DATES,
    NAMES,
    bulk_tests,
    conflicts,
    late_tests,
    overfull_days,
)
from anomaly.detectors.falsification.lab_date_conflict.limits import Limits

KIND = "lab_date_conflict"
TESTS = Need(
    "fct_lab_tests",
    ("sample_id", "entity_id", "unit_id", *NAMES, *DATES, "days_to_report", "carbon_pct", *CONFLICTS),
    source="lab_tests",
    period="sampled_on",
    subject="entity_id",
    filled=("tested_on", "reported_on", "carbon_pct"),
)
BATCHES = Need(
    "fct_lab_batches",
    (
        "entity_id", "entity_name", "province_code", "unit_id", "lab_id", "lab_name", "tested_on", "samples",
        "months", "carbon_spread_pct", "first_on", "last_on", "sample_ids_json",
    ),
    source="lab_tests",
    is_selection=True,
)  # fmt: skip
DAYS = Need(
    "fct_lab_days",
    ("lab_id", "lab_name", "tested_on", "tests", "days_with_tests", "tests_on_a_busy_day", "sample_ids_json"),
    source="lab_tests",
    period="tested_on",
    subject="lab_id",
)
DATED = Search(
    name="dates",
    subject_type="entity",
    subjects=("entity_id", "units", "labs"),
    needs=(TESTS,),
    evidence=(Rows("lab_tests", ("sample_id",)),),
    measures={name: Figure("samples", 0) for name in CONFLICTS},
    extra=("samples",),
    find=conflicts,
    stake=Stake(
        "sampled",
        Sum(
            "fct_mass_balance_months",
            ("reported_emissions_tco2",),
            ("unit_id", "month"),
            ("sampled_units", "sampled_months"),
        ),
    ),
)
BULK = replace(
    DATED,
    name="bulk",
    subjects=("entity_id", "unit_id", "lab_id"),
    needs=(TESTS, BATCHES),
    measures={
        "months_tested_at_once": Figure("months", "bulk_months"),
        "carbon_spread": Figure("percentage points", "alike_carbon", less_is_worse=True),
    },
    extra=("samples", "tested_on"),
    find=bulk_tests,
)
OVERFULL = replace(
    DATED,
    name="overfull",
    subject_type="service_body",
    subjects=("lab_id",),
    needs=(DAYS,),
    measures={"tests_in_a_day": Figure("samples", "limit")},
    extra=("limit", "busy", "tested_on"),
    find=overfull_days,
)
LATE = replace(
    DATED,
    name="late",
    measures={
        "days_to_report": Figure("d", "report_days"),
        "late_samples": Figure("samples", "late_samples"),
    },
    find=late_tests,
)
DETECTOR = Detector(KIND, "2.0.0", Limits, (DATED, BULK, OVERFULL, LATE))
