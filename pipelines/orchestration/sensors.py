"""When the job runs by what happens: new files, and a run that failed. Stopped until started.

See https://docs.dagster.io/guides/automate/sensors.
"""

import dagster as dg

from pipelines.core.errors import SourceError
from pipelines.orchestration.jobs import supervision_run
from pipelines.orchestration.resources import Workspace
from pipelines.orchestration.steps import Ending, ending_of
from pipelines.publication.snapshots import current_id

ATTEMPT = "carbonwarden/attempt"
MAX_ATTEMPTS = 3


@dg.sensor(
    job=supervision_run,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Starts a run when the source directory holds what the publication does not show.",
)
def new_files(workspace: Workspace) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run for each new content of the source directory."""
    try:
        wanted = workspace.snapshot
    except (SourceError, ValueError) as error:
        return dg.SkipReason(str(error))
    current = current_id(workspace.settings)
    if wanted == current:
        return dg.SkipReason("the publication shows what the source holds")
    # The same content may come back after another, so the key says what it would replace.
    return dg.RunRequest(run_key=f"{current} to {wanted}")


@dg.run_failure_sensor(
    monitored_jobs=[supervision_run],
    request_job=supervision_run,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Starts a failed run again, unless a gate refused it or its source cannot be read.",
)
def failed_run(context: dg.RunFailureSensorContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for another attempt after a fault that may pass, at most `MAX_ATTEMPTS` in all."""
    run = context.dagster_run
    attempt = int(run.tags.get(ATTEMPT, "1"))
    failures = [event.step_failure_data for event in context.get_step_failure_events()]
    final = {ending_of(failure) for failure in failures} - {Ending.FAILED}
    if final:
        return dg.SkipReason(f"another attempt would end the same way: {', '.join(sorted(final))}")
    if attempt >= MAX_ATTEMPTS:
        return dg.SkipReason(f"{attempt} attempts failed; look at run {run.run_id}")
    return dg.RunRequest(
        run_key=f"{run.run_id} attempt {attempt + 1}",
        run_config=run.run_config,
        tags={ATTEMPT: str(attempt + 1)},
    )
