"""What is said of the hours of stack monitors in a home."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from pipelines.sources.connectors import telemetry
from pipelines.sources.telemetry import closing


def test_the_latest_hour_of_a_home_with_quotes_and_wildcards_in_its_name(tmp_path):
    home = tmp_path / "it's [one]*"
    assert telemetry.latest_hour(home) is None
    files = home / telemetry.RECEIVED / closing.CLOSED
    files.mkdir(parents=True)
    hours = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3)]
    pl.DataFrame({"hour": hours, "usable_minutes": [60, 45, 0]}).write_parquet(files / "2024-01-01.parquet")
    assert telemetry.latest_hour(home) == hours[1]
