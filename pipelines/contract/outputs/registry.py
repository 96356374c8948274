"""All outputs of a run by name."""

from __future__ import annotations

from pipelines.contract.outputs.findings import (
    ALERT_ASSESSMENTS,
    ALERT_CANDIDATES,
    ALERT_EVIDENCE,
    ALERTS,
    DETECTION_COVERAGE,
    DETECTOR_RUNS,
    QUALITY_RESULTS,
)
from pipelines.contract.outputs.lake import (
    COMPLETENESS,
    DELIVERIES,
    FILE_ACCOUNTING,
    IDENTIFIER_FAULTS,
    QUARANTINE,
    ROW_ACCOUNTING,
    ROW_COUNTS,
)

OUTPUTS = {
    output.name: output
    for output in (
        ROW_ACCOUNTING,
        FILE_ACCOUNTING,
        QUARANTINE,
        COMPLETENESS,
        ROW_COUNTS,
        DELIVERIES,
        IDENTIFIER_FAULTS,
        ALERTS,
        ALERT_EVIDENCE,
        ALERT_ASSESSMENTS,
        ALERT_CANDIDATES,
        DETECTOR_RUNS,
        DETECTION_COVERAGE,
        QUALITY_RESULTS,
    )
}
"""Every output by name, in the order in which a run writes them."""
