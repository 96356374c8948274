"""What can be started: one job, the whole way through the workspace.

See https://docs.dagster.io/guides/build/jobs.
"""

import dagster as dg

supervision_run = dg.define_asset_job(
    "supervision_run",
    selection=dg.AssetSelection.all(),
    description="Pull, build, gate, detect, publish.",
    executor_def=dg.in_process_executor,
)
