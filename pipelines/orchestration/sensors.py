"""When the job runs by what happens: new files in the source directory. Stopped until started.

See https://docs.dagster.io/guides/automate/sensors.
"""

import dagster as dg

from pipelines.core.errors import SourceError
from pipelines.orchestration.jobs import supervision_run
from pipelines.orchestration.resources import Workspace
from pipelines.publication.snapshots import current_id


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
