"""The code location assembled from assets, checks, jobs, schedules, sensors and resources.

Belongs here: assembly alone. `pipelines.definitions` shows it to `dagster dev`; `run` executes its job.
Does not belong here: the definition of any asset, check, job, schedule or sensor.
"""

import dagster as dg


def build_definitions() -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources; prepares dbt's manifest where needed."""
    from dagster_dbt import DbtCliResource

    from pipelines.orchestration.assets.analysis import build_candidate_asset, detectors, expected_emissions
    from pipelines.orchestration.assets.lake import lake
    from pipelines.orchestration.assets.publication import build_publication_assets
    from pipelines.orchestration.assets.warehouse import build_warehouse_assets
    from pipelines.orchestration.checks import build_ingestion_check, build_quality_asset
    from pipelines.orchestration.jobs import supervision_run
    from pipelines.orchestration.project import dbt_executable, dbt_project, prepare_manifest
    from pipelines.orchestration.resources import HomeLock, Workspace
    from pipelines.orchestration.schedules import daily_run
    from pipelines.orchestration.sensors import new_files

    prepare_manifest()
    workspace = Workspace()
    warehouse, supervision = build_warehouse_assets()
    return dg.Definitions(
        assets=[
            lake,
            warehouse,
            build_candidate_asset(sorted(warehouse.keys)),
            expected_emissions,
            detectors,
            build_quality_asset(),
            supervision,
            *build_publication_assets(sorted(supervision.keys)),
        ],
        asset_checks=[build_ingestion_check()],
        jobs=[supervision_run],
        schedules=[daily_run],
        sensors=[new_files],
        resources={
            "workspace": workspace,
            "lock": HomeLock(workspace=workspace),
            "dbt": DbtCliResource(project_dir=dbt_project(), dbt_executable=dbt_executable()),
        },
    )
