"""One run from the command line: the same Dagster job, in this process, with a plain outcome.

Belongs here: locking the home, starting the job, turning its end into an exit code: 0 published or nothing
new, 1 refused by a gate, 3 source not readable, 4 any other failure. Code 2, wrong use, is decided in `cli`
before a run starts.
Does not belong here: what the run does (`assets/`), printing (`cli/`).
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.core.lock import home_lock
from pipelines.core.progress import report
from pipelines.core.settings import Settings
from pipelines.publication.identity import snapshot_id
from pipelines.publication.snapshots import current_id

DONE, REFUSED, UNREADABLE, FAILED = 0, 1, 3, 4


@dataclass
class Outcome:
    """How a run ended; `code` is the exit code of the command line."""

    code: int
    snapshot: str
    message: str = ""
    unchanged: bool = False
    counts: dict[str, Any] = field(default_factory=dict)


def run(settings: Settings, source: Path, as_of: date) -> Outcome:
    """Ingest, build, gate, detect, publish; nothing is done where the publication already shows the source.

    Raises:
        SourceError: the source cannot be read.
        HomeBusyError: another run holds the home.
    """
    with home_lock(settings):
        return _run_locked(settings, source, as_of)


def _run_locked(settings: Settings, source: Path, as_of: date) -> Outcome:
    report("looking for what is new")
    wanted = snapshot_id(source, as_of)
    if wanted == current_id(settings):
        settings.refusal.unlink(missing_ok=True)
        return Outcome(DONE, wanted, "the publication shows what the source holds", unchanged=True)
    report("loading the pipeline")
    from pipelines.orchestration.instance import open_instance
    from pipelines.orchestration.location import build_definitions
    from pipelines.orchestration.resources import HomeLock, Workspace

    definitions = build_definitions()
    job = definitions.resolve_job_def("supervision_run")
    workspace = Workspace(home=str(settings.home), source=str(source), as_of=as_of.isoformat())
    with open_instance(settings) as instance:
        result = job.execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            instance=instance,
            raise_on_error=False,
            resources={
                **(definitions.resources or {}),
                "workspace": workspace,
                "lock": HomeLock(workspace=workspace),
            },
        )
    _note_steps(settings, result)
    if result.success:
        note = json.loads((settings.scratch / "run.json").read_text(encoding="utf-8"))
        return Outcome(DONE, wanted, counts=note)
    return _failure(settings, result, wanted)


def _note_steps(settings: Settings, result: Any) -> None:
    """Write how long each step took; `step_seconds` reads it."""
    seconds = {
        event.step_key: event.step_success_data.duration_ms / 1000
        for event in result.all_events
        if event.is_step_success
    }
    with suppress(OSError):
        _steps_file(settings).write_text(json.dumps(seconds, indent=1), encoding="utf-8")


def _steps_file(settings: Settings) -> Path:
    return settings.scratch / "steps.json"


def step_seconds(settings: Settings) -> dict[str, float]:
    """Wall seconds of each step of the last run in this home, in the order in which they ended."""
    seconds: dict[str, float] = json.loads(_steps_file(settings).read_text(encoding="utf-8"))
    return seconds


def _failure(settings: Settings, result: Any, wanted: str) -> Outcome:
    """What the first failed step says about itself."""
    from pipelines.orchestration.steps import Ending, ending_of

    codes = {Ending.REFUSED: REFUSED, Ending.UNREADABLE: UNREADABLE}
    failed = next((event.step_failure_data for event in result.all_events if event.is_step_failure), None)
    if failed is None:
        return Outcome(FAILED, wanted, "the run failed and named no step; run `dagster dev` to look at it")
    message = (failed.user_failure_data and failed.user_failure_data.description) or failed.error.message
    code = codes.get(ending_of(failed), FAILED)
    if code == FAILED:
        where = settings.scratch / "error.txt"
        with suppress(OSError):
            settings.scratch.mkdir(parents=True, exist_ok=True)
            where.write_text(failed.error.to_string(), encoding="utf-8")
        message = f"{message} (all of it in {where})"
    return Outcome(code, wanted, message)
