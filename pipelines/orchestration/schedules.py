"""When the job runs by the clock. Stopped until somebody starts it: what is not said does not run.

See https://docs.dagster.io/guides/automate/schedules.
"""

import dagster as dg

from pipelines.orchestration.jobs import supervision_run

daily_run = dg.ScheduleDefinition(
    name="daily_run",
    job=supervision_run,
    cron_schedule="0 6 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every morning before the market opens.",
)
