"""When the job runs by what happens: new files in the source directory. Stopped until started.

See https://docs.dagster.io/guides/automate/sensors.
"""

import dagster as dg

from pipelines.jobs import supervision_run
from pipelines.lake.errors import SourceError
from pipelines.publication import current_id
from pipelines.resources import House


@dg.sensor(
    job=supervision_run,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Starts a run when the source directory holds what the publication does not show.",
)
def new_files(house: House) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run for each new content of the source directory."""
    try:
        wanted = house.snapshot
    except (SourceError, ValueError) as error:
        return dg.SkipReason(str(error))
    current = current_id(house.settings)
    if wanted == current:
        return dg.SkipReason("the publication shows what the source holds")
    # The same content may come back after another, so the key says what it would replace.
    return dg.RunRequest(run_key=f"{current} to {wanted}")
