"""Parquet files that are kept as they were delivered, and those that the lake writes anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.core.files import file_digest
from pipelines.lake.zone import local_time

MARKET_MONTH = datetime(2024, 12, 31, 16, tzinfo=UTC)
"""The first hour of January 2025 in China."""


def hours(count: int = 48, start: datetime = MARKET_MONTH) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "unit_id": ["U1"] * count,
            "ts": [start + timedelta(hours=number) for number in range(count)],
            "co2_mass": [float(number) for number in range(count)],
            "quality": ["valid"] * count,
        }
    )


def deliver(delivery, frame: pl.DataFrame, name: str = "2025-01", **options) -> Path:
    path = delivery.source / "cems_hourly" / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    frame.write_parquet(path, **options)
    return path


def kept_files(delivery) -> dict[str, str]:
    """Digest of each kept file of hours by its period."""
    folder = delivery.lake / "kept" / "cems_hourly"
    return {
        path.parent.name: file_digest(path)
        for path in folder.glob("*/*.parquet")
        if path.name != "empty.parquet"
    }


def test_a_sound_file_of_one_month_of_the_market_is_kept_as_delivered(delivery, accounted):
    path = deliver(delivery, hours())
    accounted(delivery.update())
    assert kept_files(delivery) == {"period=2025-01": file_digest(path)}
    kept = delivery.kept("cems_hourly")
    assert kept["ts"].min() == MARKET_MONTH.replace(tzinfo=None)
    assert kept["co2_mass"].to_list() == [float(number) for number in range(48)]


NOT_AS_DELIVERED = {
    "hours of two months": lambda frame: frame.with_columns(pl.col("ts").dt.offset_by("-5h")),
    "a faulty row": lambda frame: frame.with_columns(
        co2_mass=pl.when(pl.col("co2_mass") == 7).then(float("nan")).otherwise(pl.col("co2_mass"))
    ),
    "numbers of another type": lambda frame: frame.cast({"co2_mass": pl.Float32}),
    "times in nanoseconds": lambda frame: frame.cast({"ts": pl.Datetime("ns", "UTC")}),
    "a column that the contract does not have": lambda frame: frame.with_columns(colour=pl.lit("red")),
}


@pytest.mark.parametrize("change", NOT_AS_DELIVERED.values(), ids=NOT_AS_DELIVERED)
def test_any_other_file_is_written_anew(delivery, accounted, change):
    path = deliver(delivery, change(hours()))
    accounted(delivery.update())
    assert file_digest(path) not in kept_files(delivery).values()


@pytest.mark.parametrize("options", [{"row_group_size": 5}, {"compression": "uncompressed"}])
def test_a_file_that_is_costly_to_read_is_written_anew(delivery, options):
    path = deliver(delivery, hours(700), **options)
    delivery.update()
    assert kept_files(delivery).keys() == {"period=2025-01"}
    assert file_digest(path) not in kept_files(delivery).values()


def test_what_is_kept_does_not_depend_on_how_it_was_delivered(delivery, tmp_path, accounted):
    deliver(delivery, hours())
    delivery.update()
    as_delivered = delivery.kept("cems_hourly")
    deliver(delivery, hours(), row_group_size=1)
    summary = delivery.update(tmp_path / "other")
    accounted(summary)
    assert delivery.kept("cems_hourly", tmp_path / "other").equals(as_delivered)
    # Another form of the same rows rewrites no period of the lake.
    assert delivery.update().tables["cems_hourly"].periods_rewritten == 0


def test_rows_kept_as_delivered_are_superseded_and_named_by_their_place(delivery, accounted):
    deliver(delivery, hours())
    delivery.update()
    deliver(delivery, hours().slice(7, 1).with_columns(co2_mass=70.0), "2025-01-corrected")
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["cems_hourly"].kept, summary.tables["cems_hourly"].superseded) == (48, 1)
    [excluded] = (delivery.lake / "excluded" / "cems_hourly").glob("*")
    row = pl.read_parquet(excluded).row(0, named=True)
    assert (row["fate"], row["file"], row["row_number"]) == ("superseded", "cems_hourly/2025-01.parquet", 8)


def test_another_time_zone_sorts_the_rows_anew(delivery, accounted):
    deliver(delivery, hours())
    delivery.update()
    delivery.write("market.yml", "id: eu\nname_en: EU\nname_zh: EU\ncurrency: EUR\ntimezone: Europe/Berlin\n")
    accounted(delivery.update())
    assert kept_files(delivery).keys() == {"period=2024-12", "period=2025-01"}


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Asia/Shanghai", "2025-01-01", "2025-03-01"),
        ("America/Los_Angeles", "2024-01-01", "2025-12-31"),
        ("Australia/Lord_Howe", "2024-01-01", "2024-12-31"),
        ("Asia/Kathmandu", "2024-01-01", "2024-02-01"),
        ("Europe/London", "2005-01-01", "2025-12-31"),
    ],
)
def test_local_time_is_that_of_the_engine(zone, first, last):
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    local = local_time("ts", zone, datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date())
    moments = (
        f"unnest(generate_series(timestamp '{first}', timestamp '{last} 23:30:00', interval 30 minute)) as ts"
    )
    different = con.execute(
        f"select count(*) from (select {moments}) where {local} <> timezone('{zone}', timezone('UTC', ts))"
    ).fetchall()
    assert different == [(0,)]
