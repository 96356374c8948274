"""The code location assembled from assets, checks, jobs, schedules, sensors and resources.

Belongs here: assembly alone. `pipelines.definitions` shows it to `dagster dev`; `run` executes its job.
Does not belong here: the definition of any asset, check, job, schedule or sensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from pipelines.core.settings import Settings
    from pipelines.orchestration.declared_sources import SourceDefinitions


def build_location() -> dg.Definitions:
    """What `dagster dev` shows: everything, with the sources that the configured home declares.

    Raises:
        SettingsError: the declaration of sources, or a setting, is wrong.
    """
    from pipelines.core.settings import Settings

    return build_definitions(Settings.load())


def build_definitions(declaring: Settings | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources; prepares dbt's manifest where needed.

    With the settings of a home that declares sources, these too; a run of the command line needs none.

    Raises:
        SettingsError: the declaration of sources is wrong.
    """
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

    sources = _declared(declaring)
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
            *sources.assets,
        ],
        asset_checks=[published_on_time],
        jobs=[supervision_run, publication_alarm, *sources.jobs],
        schedules=[daily_run, monthly_run, alarm_check, *sources.schedules],
        sensors=[new_files, failed_run, *sources.sensors],
        executor=dg.in_process_executor,
        resources={"workspace": workspace, "lock": HomeLock(workspace=workspace)},
    )


def _declared(settings: Settings | None) -> SourceDefinitions:
    from pipelines.orchestration.declared_sources import SourceDefinitions, build_source_definitions

    return build_source_definitions(settings) if settings else SourceDefinitions()
