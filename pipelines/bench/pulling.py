"""A pull of hours from PostgreSQL beside the server's own `COPY` of the same table to a file.

The server is a cluster of its own and shares the machine with the pull, as `COPY` does; so the two are
measured under equal conditions.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from pipelines.bench.cluster import cluster
from pipelines.bench.measure import Report, measure
from pipelines.core.progress import report

COLUMNS = ("what", "wall s", "rows a second", "share of COPY", "CPU s of the process", "peak MB")
STEP_COLUMNS = ("delivered", "MB", "bytes a row")
_VARIABLE = "BENCH_DATABASE"
_UNITS = 5_000

_HOURS = """
    create unlogged table cems_hourly as
    select 'U' || lpad((number % {units})::text, 6, '0') as unit_id,
        timestamptz '2020-01-01 00:00:00+00' + (number / {units}) * interval '1 hour' as ts,
        (random() * 500)::numeric(14,6) as co2_mass, random() * 14 as co2_concentration,
        random() * 2e6 as flow, random() * 9 as o2, (random() * 4000)::numeric(14,3) as heat_input,
        random() * 600 as gross_load, 1.0::float8 as operating,
        (array['valid', 'valid', 'substituted', 'calibration'])[1 + number % 4] as quality
    from generate_series(0, {rows} - 1) as number
"""


def bench_postgres(rows: int) -> Report:
    """Copy and pull a table of that many hours, once each.

    Raises:
        RuntimeError: no server is installed, or the pull failed.
    """
    with cluster() as connection, tempfile.TemporaryDirectory() as place:
        from adbc_driver_postgresql import dbapi

        home = Path(place) / "home"
        with dbapi.connect(connection, autocommit=True) as opened, opened.cursor() as cursor:
            report("filling the table")
            cursor.execute(_HOURS.format(rows=rows, units=_UNITS))
            cursor.execute("analyze cems_hourly")
            target = Path(connection.partition("host=")[2].partition("&")[0]) / "copied"
            report("copying")
            copied = _seconds(lambda: cursor.execute(f"copy cems_hourly to '{target}'"))
        report("pulling")
        _declare(home)
        os.environ[_VARIABLE] = connection
        program = "from pipelines.cli.main import main; main()"
        pulled = measure([sys.executable, "-c", program, "pull", "hours", "--home", str(home)])
        files = sorted((home / "deliveries" / "current").glob("*/hours/*.parquet"))
        bytes_ = {file.parent.parent.name: file.stat().st_size for file in files}
        sizes = [(name, round(size / 1e6, 1), round(size / rows, 1)) for name, size in bytes_.items()]
    return Report(
        [
            ("COPY to a file, by the server", round(copied, 2), round(rows / copied), 1.0, None, None),
            (
                "pull into the delivery folder",
                round(pulled.wall_s, 2),
                round(rows / pulled.wall_s),
                round(copied / pulled.wall_s, 3),
                round(pulled.cpu_s, 2),
                round(pulled.peak_mb),
            ),
        ],
        sizes,
        ["The pull counts whole, with the start of its process and the comparison with what was delivered."],
    )


def _declare(home: Path) -> None:
    home.mkdir()
    source = {"kind": "postgres", "connection": _VARIABLE, "tables": {"cems_hourly": {"from": "cems_hourly"}}}
    text = yaml.safe_dump({"market": {"id": "cn"}, "sources": {"hours": source}})
    (home / "sources.yml").write_text(text, encoding="utf-8")


def _seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started
