"""Hours of stack monitors: closes those that are due, and delivers the files that this changed.

The receiver and its closing (`pipelines.sources.telemetry`) do the work; here their hours become a source
like any other, with a schedule, freshness and retries.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.core.errors import SourceError
from pipelines.core.lock import HomeBusyError
from pipelines.core.sql import path_literal
from pipelines.sources.connectors import folder
from pipelines.sources.connectors.declaration import Folder, Telemetry
from pipelines.sources.connectors.fetched import Fetched, Task
from pipelines.sources.telemetry import closing, stations

RECEIVED = "telemetry"
"""Folder of a home in which its receiver keeps everything."""

_HOURS = "hours"


def fetch(task: Task, source: Telemetry) -> Fetched:
    """Close the hours that are due, and take the days that are new or have changed.

    Raises:
        SourceError: nothing was received yet, another closing is under way, or the file of stations is wrong.
    """
    received = task.home / RECEIVED
    if not (received / "journal").is_dir():
        raise SourceError(
            f"source {task.name}, {received}: expected what stack monitors sent, found nothing. Start the "
            "receiver over this home: carbonwarden receive."
        )
    listed = stations.load(task.home / source.stations)
    try:
        closed = closing.close(listed, received, received / _HOURS, datetime.now(UTC))
    except HomeBusyError as error:
        raise SourceError(f"source {task.name}, {error}") from None
    days = received / _HOURS / closing.TABLE
    days.mkdir(parents=True, exist_ok=True)
    # A file of a day is replaced as a whole, so it is at rest at any time.
    taken = Folder(kind="folder", path=str(days), pattern="*.parquet", table=closing.TABLE, at_rest_seconds=0)
    fetched = folder.fetch(task, taken)
    fetched.notes += [f"{what}: {count:,}" for what, count in closed.rows()]
    return fetched


def latest_hour(home: Path) -> datetime | None:
    """Begin of the last closed hour in which any unit sent usable minutes; None where there is none."""
    files = home / RECEIVED / closing.CLOSED
    if not any(files.glob("*.parquet")):
        return None
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        found = con.execute(
            f"select epoch(max(hour)) from read_parquet({path_literal(files)} || '/*.parquet') "
            "where usable_minutes > 0"
        ).fetchone()
    return datetime.fromtimestamp(found[0], UTC) if found and found[0] is not None else None
