"""Declared sources: an asset, a job and, where declared, a schedule or a sensor for each.

Belongs here: when a declared source is pulled, and what Dagster shows of it. Does not belong here: pulling
(`pipelines.sources.connectors`). Schedules and sensors are stopped until somebody starts them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.core.errors import SourceError
from pipelines.core.fingerprint import content_hash
from pipelines.core.settings import Settings, SettingsError
from pipelines.orchestration.assets.names import ENGINEERS, SOURCES, source_key
from pipelines.orchestration.resources import Workspace
from pipelines.sources.connectors import declaration
from pipelines.sources.connectors.declaration import FILE_NAME, Folder, Source, Sources, Telemetry
from pipelines.sources.connectors.deliveries import Deliveries
from pipelines.sources.connectors.fetched import read_document
from pipelines.sources.connectors.folder import files_at_rest
from pipelines.sources.connectors.pull import declaration_version, declared, pull
from pipelines.sources.connectors.telemetry import latest_hour

_SECONDS_BEFORE_RETRY = 60
"""A remote source that fails is asked again after a minute; a step of a run repeats faults of disks only."""

_SECONDS_BETWEEN_LOOKS = 60

_HOURS_ARRIVE = "hours_arrive"
_HOURS_ARRIVE_MEANS = "The last hour in which a station sent usable minutes is within `fresh_within_hours`."


@dataclass
class SourceDefinitions:
    """What Dagster gets for the declared sources of a home."""

    assets: list[dg.AssetsDefinition] = field(default_factory=list)
    jobs: list[UnresolvedAssetJobDefinition] = field(default_factory=list)
    schedules: list[dg.ScheduleDefinition] = field(default_factory=list)
    sensors: list[dg.SensorDefinition] = field(default_factory=list)


def build_source_definitions(settings: Settings) -> SourceDefinitions:
    """Definitions for the sources that the home declares; none where it declares nothing.

    Raises:
        SettingsError: `sources.yml` is wrong.
    """
    found = SourceDefinitions()
    if not (settings.home / FILE_NAME).is_file():
        return found
    sources = declaration.load(settings.home)
    for name in sources.sources:
        source = declared(sources, settings.home, name)
        job = dg.define_asset_job(
            f"pull_{name}",
            selection=dg.AssetSelection.assets(source_key(name)),
            description=f"Pull {name} into the delivery folder.",
            executor_def=dg.in_process_executor,
        )
        found.assets.append(_asset(settings, name, source))
        found.jobs.append(job)
        if source.schedule:
            found.schedules.append(
                dg.ScheduleDefinition(
                    name=f"pull_{name}_by_the_clock",
                    job=job,
                    cron_schedule=source.schedule,
                    execution_timezone=sources.market.timezone,
                    default_status=dg.DefaultScheduleStatus.STOPPED,
                    description=f"Pulls {name} as declared in {FILE_NAME}.",
                )
            )
        elif isinstance(source, Folder):
            found.sensors.append(_sensor(name, source, job))
    return found


def _asset(settings: Settings, name: str, source: Source) -> dg.AssetsDefinition:
    check = dg.AssetCheckSpec(_HOURS_ARRIVE, asset=source_key(name), description=_HOURS_ARRIVE_MEANS)

    @dg.asset(
        check_specs=[check] if isinstance(source, Telemetry) else [],
        key=source_key(name),
        group_name=SOURCES,
        owners=ENGINEERS,
        kinds={source.kind, "parquet"},
        description=f"What the declared source {name} delivered.",
        code_version=declaration_version(source, settings.home)[:12],
        retry_policy=dg.RetryPolicy(
            max_retries=source.retries, delay=_SECONDS_BEFORE_RETRY, backoff=dg.Backoff.EXPONENTIAL
        ),
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=source.fresh_within_hours)
        ),
    )
    def pulled(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        result = _pull(context, workspace.settings, name)
        if isinstance(source, Telemetry):
            return result._replace(check_results=[_hours_arrive(workspace.settings, source)])
        return result

    return pulled


def _hours_arrive(settings: Settings, source: Telemetry) -> dg.AssetCheckResult:
    """Whether stations still send: a closing is on time also where all of its hours are missing."""
    latest = latest_hour(settings.home)
    age = None if latest is None else (datetime.now(UTC) - latest).total_seconds() / 3600
    return dg.AssetCheckResult(
        check_name=_HOURS_ARRIVE,
        passed=age is not None and age <= source.fresh_within_hours,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "latest hour": "none" if latest is None else latest.isoformat(),
            "age in hours": "unknown" if age is None else round(age, 1),
            "expected at most": source.fresh_within_hours,
        },
    )


def _pull(context: dg.AssetExecutionContext, settings: Settings, name: str) -> dg.MaterializeResult:
    """Pull; a fault of the source is tried again, wrong settings and inputs that cannot be read are not."""
    sources: Sources = declaration.load(settings.home)
    try:
        report = pull(settings, sources, name)
    except SourceError as error:
        raise dg.Failure(str(error)) from None
    except SettingsError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    for note in report.notes:
        context.log.info(note)
    if report.problems:
        raise dg.Failure("; ".join(report.problems), allow_retries=False)
    state = read_document(Deliveries(settings).memory(name))
    return dg.MaterializeResult(
        metadata={
            "changed": report.changed,
            "new": {key: int(rows) for key, rows in report.rows.items()},
            "quarantined": sum(reading.quarantined for reading in report.readings),
        },
        data_version=dg.DataVersion(content_hash(state)[:12]),
    )


def _sensor(name: str, source: Folder, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"watch_{name}",
        job=job,
        minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Pulls {name} when files in its folder are new or have changed, once they are at rest.",
    )
    def watch(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.RunRequest | dg.SkipReason:
        try:
            seen = content_hash(files_at_rest(workspace.settings.home, name, source))
        except SourceError as error:
            return dg.SkipReason(str(error))
        if seen == context.cursor:
            return dg.SkipReason("no file is new or has changed")
        context.update_cursor(seen)
        return dg.RunRequest()

    return watch
