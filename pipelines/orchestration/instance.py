"""Dagster's instance of a home: run history that the command line and `dagster dev` share.

Belongs here: where the instance is and its settings. Does not belong here: starting anything on it.
See https://docs.dagster.io/deployment/oss/oss-instance-configuration.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from pipelines.core.files import write_atomic
from pipelines.core.settings import Settings

_CONFIGURATION = """\
# Written by carbonwarden where it is missing; edit it freely.
telemetry:
  enabled: false

# One run at a time writes into a home. Runs that schedules, sensors or people request wait in the queue.
concurrency:
  runs:
    max_concurrent_runs: 1

run_monitoring:
  enabled: true

# A run that failed as a whole, such as one whose process was killed, is started again.
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false

retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: {skipped: 7, failure: 30, success: -1}
"""


def instance_folder(settings: Settings) -> Path:
    """The home's Dagster folder, with a `dagster.yaml`; DAGSTER_HOME of `dagster dev` for this home."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dagster.yaml"
    if not path.is_file():
        write_atomic(path, _CONFIGURATION)
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The home's instance, for a run in this process; use it as a context manager.

    It writes the same files as `dagster dev` does, by way of `history.py`.
    """
    folder = instance_folder(settings)
    event_log = {
        "module": "pipelines.orchestration.history",
        "class": "HomeEventLog",
        "config": {"base_dir": str(folder / "history" / "runs")},
    }
    return dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(str(folder), overrides={"event_log_storage": event_log})
    )
