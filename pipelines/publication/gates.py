"""Carries out the two gates in a run: what each judges, its results for dbt, the record of a refusal.

Belongs here: calling the gate's runner and keeping its results. Does not belong here: expectations and bounds
(`expectations`), asset checks (`pipelines.orchestration.checks`).
"""

from __future__ import annotations

import json
import shutil
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl

from expectations.memory import Memory
from expectations.results import GateResult
from expectations.runner import Describe, validate
from expectations.session import Limits
from pipelines.contract.outputs.findings import QUALITY_RESULTS
from pipelines.contract.tables import TABLES
from pipelines.core.errors import GateRefusedError
from pipelines.core.files import file_digest
from pipelines.core.fingerprint import content_hash
from pipelines.core.settings import Settings
from pipelines.lake.state import LakeState
from pipelines.publication.exports import mart_files
from pipelines.publication.identity import program_version
from pipelines.publication.snapshots import Candidate, refuse

INGESTION, PUBLICATION = "ingestion", "publication"


def _ingestion_tables(settings: Settings) -> dict[str, Any]:
    tables: dict[str, Any] = {
        name: sorted((settings.lake / "kept" / name).glob("*/*.parquet")) for name in TABLES
    }
    for name in ("row_accounting", "file_accounting", "completeness"):
        tables[name] = settings.handover / f"{name}.parquet"
    previous = settings.current / "marts" / "fct_row_accounting.parquet"
    if previous.is_file():
        tables["previous_row_accounting"] = previous
    return tables


def _publication_tables(candidate: Candidate) -> dict[str, Any]:
    tables: dict[str, Any] = mart_files(candidate.marts)
    handover = candidate.settings.handover
    subjects = candidate.settings.scratch / "alert_subjects.parquet"
    alerts = pl.scan_parquet(handover / "alerts.parquet")
    alerts.select("alert_id", subject_id="subject_ids").explode("subject_id").collect().write_parquet(
        subjects
    )
    # The alerts are judged as handed over, so that the verdict itself can stand in the supervision marts.
    tables |= {
        "fct_alerts": handover / "alerts.parquet",
        "fct_alert_evidence": handover / "alert_evidence.parquet",
        "fct_alert_subjects": subjects,
    }
    return tables


def _gate_file(settings: Settings, gate: str) -> Path:
    return settings.scratch / f"gate-{gate}.json"


def run_gate(candidate: Candidate, gate: str, describe: Describe) -> GateResult:
    """Apply a gate's suites to its tables; results go to dbt, Data Docs to the candidate.

    `describe` looks up a text of the message files in either language.

    Raises:
        CheckError: a check itself broke.
    """
    settings = candidate.settings
    result = validate(
        gate,
        _ingestion_tables(settings) if gate == INGESTION else _publication_tables(candidate),
        market=candidate.market.model_dump(mode="json"),
        as_of=candidate.day,
        work_dir=settings.scratch,
        describe=describe,
        limits=Limits(memory=settings.memory_limit, threads=settings.threads),
        docs_dir=candidate.folder / "data_docs" / gate,
        memory=Memory(
            settings.home / "gates" / gate,
            _versions(candidate, gate),
            program_version(candidate.market),
            # The lake names a kept file by what is in it.
            attrgetter("name") if gate == INGESTION else None,
        ),
    )
    content = {"counts": result.counts, "rows": result.rows()}
    _gate_file(settings, gate).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    _hand_over(settings)
    return result


def _versions(candidate: Candidate, gate: str) -> dict[str, str]:
    """What identifies the content of each table that a gate looks at.

    What the detectors handed over has none: it names the snapshot, so it is always judged.
    """
    if gate == INGESTION:
        fingerprints = LakeState.read(candidate.settings.lake).fingerprints()
        return {name: content_hash(fingerprints.get(name, {})) for name in TABLES}
    marts = mart_files(candidate.marts)
    return {name: content_hash([file_digest(path) for path in paths]) for name, paths in marts.items()}


def refuse_if_failed(candidate: Candidate, result: GateResult) -> None:
    """Write the refusal and stop the run if a critical expectation failed.

    Raises:
        GateRefusedError: one did.
    """
    if result.passed:
        return
    docs = candidate.settings.home / "refused_data_docs"
    shutil.rmtree(docs, ignore_errors=True)
    shutil.copytree(candidate.folder / "data_docs", docs)
    failed = [row for row in result.rows() if row["success"] is False and row["severity"] == "critical"]
    refuse(candidate.settings, result.gate, candidate.snapshot, failed)
    names = "; ".join(f"{row['table_name']}.{row['expectation']}" for row in failed)
    raise GateRefusedError(f"gate {result.gate} refused the run: {names}; see {candidate.settings.refusal}")


def refuse_if_critical(candidate: Candidate, runs: pl.DataFrame) -> None:
    """Write the refusal and stop the run if a detector that policy calls critical is broken.

    Raises:
        GateRefusedError: one is.
    """
    broken = runs.filter(pl.col("is_critical") & (pl.col("state") == "broken")).to_dicts()
    if not broken:
        return
    results = [
        {
            "gate": PUBLICATION,
            "table_name": "detector_runs",
            "expectation": f"{run['kind']}_not_broken",
            "severity": "critical",
            "success": False,
            "observed": run["reason"],
            "expected": "the detector runs",
        }
        for run in broken
    ]
    refuse(candidate.settings, PUBLICATION, candidate.snapshot, results)
    names = "; ".join(f"{run['kind']}: {run['reason']}" for run in broken)
    raise GateRefusedError(
        f"gate {PUBLICATION} refused the run: expected every critical detector to run, found broken {names}; "
        f"see {candidate.settings.refusal}"
    )


def forget_gates(settings: Settings) -> None:
    """Drop the results of an earlier run."""
    for gate in (INGESTION, PUBLICATION):
        _gate_file(settings, gate).unlink(missing_ok=True)


def _hand_over(settings: Settings) -> None:
    rows = []
    for gate in (INGESTION, PUBLICATION):
        if _gate_file(settings, gate).is_file():
            rows += json.loads(_gate_file(settings, gate).read_text(encoding="utf-8"))["rows"]
    QUALITY_RESULTS.frame(rows).write_parquet(settings.handover / "quality_results.parquet")


def gate_counts(settings: Settings) -> dict[str, dict[str, int]]:
    """Numbers of each gate of this run, for the snapshot's manifest."""
    return {
        gate: json.loads(_gate_file(settings, gate).read_text(encoding="utf-8"))["counts"]
        for gate in (INGESTION, PUBLICATION)
    }
