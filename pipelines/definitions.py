"""The code location: everything Dagster shows, put together when Dagster asks for it.

Belongs here: assembly. Does not belong here: definitions themselves; they live in `assets/`,
`checks.py`, `jobs.py`, `schedules.py` and `sensors.py`.
See https://docs.dagster.io/guides/build/projects-and-components.
"""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources; prepares dbt's manifest where needed."""
    from dagster_dbt import DbtCliResource

    from pipelines.assets.analysis import build_candidate_asset, detectors, expected_emissions
    from pipelines.assets.lake import lake
    from pipelines.assets.publication import build_publication_assets
    from pipelines.assets.warehouse import build_warehouse_assets
    from pipelines.checks import build_door_check, build_quality_asset
    from pipelines.jobs import supervision_run
    from pipelines.project import dbt_executable, dbt_project, prepare_manifest
    from pipelines.resources import HomeLock, House
    from pipelines.schedules import daily_run
    from pipelines.sensors import new_files

    prepare_manifest()
    house = House()
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
        asset_checks=[build_door_check()],
        jobs=[supervision_run],
        schedules=[daily_run],
        sensors=[new_files],
        resources={
            "house": house,
            "lock": HomeLock(house=house),
            "dbt": DbtCliResource(project_dir=dbt_project(), dbt_executable=dbt_executable()),
        },
    )
