"""Keys, groups, owners and the greatest age that several asset files share."""

from datetime import timedelta

import dagster as dg

ENGINEERS = ["team:data-engineering"]
SUPERVISORS = ["team:supervision"]

MAX_AGE = timedelta(hours=36)
"""How old a daily asset may be before it counts as late: a day, and half a day to repair a failed run."""

LAKE = "lake"
SOURCES = "sources"
HANDOVER = "handover"

ROW_ACCOUNTING = dg.AssetKey([HANDOVER, "row_accounting"])
INGESTION_GATE = dg.AssetKey([LAKE, "ingestion_gate"])
CORE_BUILD = dg.AssetKey(["warehouse", "core_build"])
SUPERVISION_BUILD = dg.AssetKey(["warehouse", "supervision_build"])
CANDIDATE = dg.AssetKey(["candidate", "marts"])
EXPECTED_EMISSIONS = dg.AssetKey(["candidate", "expected_emissions"])
ALERTS = dg.AssetKey([HANDOVER, "alerts"])
ALERT_EVIDENCE = dg.AssetKey([HANDOVER, "alert_evidence"])
ALERT_ASSESSMENTS = dg.AssetKey([HANDOVER, "alert_assessments"])
ALERT_CANDIDATES = dg.AssetKey([HANDOVER, "alert_candidates"])
DETECTOR_RUNS = dg.AssetKey([HANDOVER, "detector_runs"])
DETECTION_COVERAGE = dg.AssetKey([HANDOVER, "detection_coverage"])
QUALITY_RESULTS = dg.AssetKey([HANDOVER, "quality_results"])
SUPERVISION_MARTS = dg.AssetKey(["candidate", "supervision_marts"])
PUBLICATION = dg.AssetKey("publication")


def source_key(name: str) -> dg.AssetKey:
    """Key of a declared source."""
    return dg.AssetKey([SOURCES, name])


def lake_key(table: str) -> dg.AssetKey:
    """Key of a source table in the lake."""
    return dg.AssetKey([LAKE, table])
