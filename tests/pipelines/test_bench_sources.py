"""The benches of pulling and of receiving measure what they say, on a few rows and stations."""

from __future__ import annotations

import pytest

from pipelines.bench import pulling, reading, telemetry
from pipelines.bench.cluster import binaries


def test_a_pull_is_measured_beside_the_copy_of_the_same_rows():
    pytest.importorskip("adbc_driver_postgresql")
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed; Debian's package is `postgresql`")
    found = pulling.bench_postgres(200_000)
    copied, pulled = (dict(zip(pulling.COLUMNS, row, strict=True)) for row in found.figures)
    assert copied["rows a second"] == pytest.approx(200_000 / copied["wall s"], rel=0.5)
    assert pulled["share of COPY"] == pytest.approx(copied["wall s"] / pulled["wall s"], rel=0.5)
    assert [name for name, _, _ in found.steps] == ["cems_hourly"]


def test_a_text_file_and_a_workbook_of_many_sheets_are_read_whole_within_the_limit(tmp_path):
    found = reading.bench_reading(0.005, tmp_path)
    text, workbook = (dict(zip(reading.COLUMNS, row, strict=True)) for row in found.figures)
    assert text["MB"] == pytest.approx(5, rel=0.1)
    assert workbook["MB"] == pytest.approx(0.1, rel=0.2)
    assert 0 < text["peak MB"] < reading.LIMIT_MB and 0 < workbook["peak MB"] < reading.LIMIT_MB
    assert list(tmp_path.iterdir()) == []


def test_stations_are_received_closed_and_killed():
    found = telemetry.bench_telemetry(stations=30, seconds=2, kills=1)
    received, closed = (dict(zip(telemetry.COLUMNS, row, strict=True)) for row in found.figures)
    assert received["frames"] > 0 and received["CPU s"] >= 0
    assert closed["frames"] == 30 * 60
    counts = {what: count for what, count, _ in found.steps}
    assert counts["acknowledged"] > 0
    assert (counts["lost"], counts["doubled"]) == (0, 0)
