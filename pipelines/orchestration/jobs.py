"""What can be started: the whole run, and the check that something was published lately.

See https://docs.dagster.io/guides/build/jobs.
"""

import dagster as dg

from pipelines.orchestration.assets.names import PUBLICATION, SOURCES

ON_TIME = dg.AssetCheckKey(PUBLICATION, "published_on_time")

supervision_run = dg.define_asset_job(
    "supervision_run",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(SOURCES),
    description="Ingest, build, gate, detect, publish.",
    executor_def=dg.in_process_executor,
)

publication_alarm = dg.define_asset_job(
    "publication_alarm",
    selection=dg.AssetSelection.checks(ON_TIME),
    description="Fails when nothing was published lately, whatever the reason.",
    executor_def=dg.in_process_executor,
)
