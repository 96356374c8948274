"""When jobs run by the clock. Stopped until somebody starts them.

See https://docs.dagster.io/guides/automate/schedules.
"""

import dagster as dg

from pipelines.orchestration.jobs import publication_alarm, supervision_run

ZONE = "Asia/Shanghai"

daily_run = dg.ScheduleDefinition(
    name="daily_run",
    job=supervision_run,
    cron_schedule="0 6 * * *",
    execution_timezone=ZONE,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every morning before the market opens.",
)

monthly_run = dg.ScheduleDefinition(
    name="monthly_run",
    job=supervision_run,
    cron_schedule="0 4 1 * *",
    execution_timezone=ZONE,
    tags={"carbonwarden/occasion": "month-end"},
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="On the first of the month: the snapshot from which the past month is reported.",
)

alarm_check = dg.ScheduleDefinition(
    name="alarm_check",
    job=publication_alarm,
    cron_schedule="30 * * * *",
    execution_timezone=ZONE,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every hour: fails when nothing was published for a day and a half.",
)
