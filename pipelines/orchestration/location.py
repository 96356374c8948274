"""The code location assembled from assets, checks, jobs, schedules, sensors and resources.

Belongs here: assembly alone. `pipelines.definitions` shows it to `dagster dev`; `run` executes its job.
Does not belong here: the definition of any asset, check, job, schedule or sensor.
"""

import dagster as dg


def build_definitions() -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources; prepares dbt's manifest where needed."""
    from pipelines.orchestration.assets.analysis import (
        build_candidate_asset,
        build_detectors_asset,
        expected_emissions,
    )
    from pipelines.orchestration.assets.lake import build_lake_asset
    from pipelines.orchestration.assets.publication import build_publication_assets
    from pipelines.orchestration.assets.warehouse import build_warehouse_assets
    from pipelines.orchestration.checks import (
        build_ingestion_gate,
        build_quality_asset,
        published_on_time,
    )
    from pipelines.orchestration.jobs import publication_alarm, supervision_run
    from pipelines.orchestration.resources import HomeLock, Workspace
    from pipelines.orchestration.schedules import alarm_check, daily_run, monthly_run
    from pipelines.orchestration.sensors import failed_run, new_files

    workspace = Workspace()
    return dg.Definitions(
        assets=[
            build_lake_asset(),
            build_ingestion_gate(),
            *build_warehouse_assets(),
            build_candidate_asset(),
            expected_emissions,
            build_detectors_asset(),
            build_quality_asset(),
            *build_publication_assets(),
        ],
        asset_checks=[published_on_time],
        jobs=[supervision_run, publication_alarm],
        schedules=[daily_run, monthly_run, alarm_check],
        sensors=[new_files, failed_run],
        executor=dg.in_process_executor,
        resources={"workspace": workspace, "lock": HomeLock(workspace=workspace)},
    )
