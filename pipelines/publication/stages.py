"""The order in which a snapshot is made, and how far the present candidate has come.

A stage reads what the stages before it left in the home. Out of order it would mix two states of the source,
so it is refused. Belongs here: the order and its record. Does not belong here: what a stage does.
"""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.core.errors import OutOfOrderError
from pipelines.core.files import write_atomic
from pipelines.core.settings import Settings
from pipelines.publication.snapshots import Candidate

STAGES = (
    "lake",
    "ingestion_gate",
    "warehouse",
    "candidate_marts",
    "expected_emissions",
    "detectors",
    "publication_gate",
    "supervision",
    "supervision_marts",
    "publication",
)


def _path(settings: Settings) -> Path:
    return settings.scratch / "stages.json"


def _done(candidate: Candidate) -> list[str]:
    """Stages that this candidate has behind it, in order."""
    path = _path(candidate.settings)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return list(content["done"]) if content["snapshot"] == candidate.snapshot else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(candidate: Candidate, done: list[str]) -> None:
    candidate.settings.scratch.mkdir(parents=True, exist_ok=True)
    content = {"snapshot": candidate.snapshot, "done": done}
    write_atomic(_path(candidate.settings), json.dumps(content, indent=1))


def begin_stage(candidate: Candidate, stage: str) -> None:
    """Note that a stage begins; those after it must be done anew.

    Raises:
        OutOfOrderError: a stage before it is not done for this snapshot.
    """
    before = STAGES[: STAGES.index(stage)]
    done = _done(candidate)
    missing = [name for name in before if name not in done]
    if missing:
        raise OutOfOrderError(
            f"{stage}: expected {missing[0]} to be done for snapshot {candidate.snapshot}, found "
            f"{', '.join(done) or 'nothing'} done. Materialize {missing[0]} first, or start the job "
            "supervision_run, which does all stages in order."
        )
    _write(candidate, list(before))


def finish_stage(candidate: Candidate, stage: str) -> None:
    """Note that a stage is done. After the last one the candidate is a snapshot and nothing is pending."""
    if stage == STAGES[-1]:
        _path(candidate.settings).unlink(missing_ok=True)
    else:
        _write(candidate, [*_done(candidate), stage])
