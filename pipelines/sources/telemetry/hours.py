"""The rule of `hours.sql` over the records of some hours.

Belongs here: what the query reads, as tables of DuckDB. Does not belong here: which hours are wanted, and
what was closed before (`closing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.core.sql import path_literal
from pipelines.sources.telemetry.records import FOLDER, HOUR_FORMAT
from pipelines.sources.telemetry.standard import CO2_KG_PER_M3, standard
from pipelines.sources.telemetry.stations import Stations

_RULE = Path(__file__).with_name("hours.sql")
_NO_RECORDS = (
    "select null::varchar as station, null::varchar as command, null::varchar as request, "
    "null::timestamp as data_time, null::bigint as received, null::bigint as segment, "
    'null::bigint as "offset", null::varchar as content, '
    "null::struct(code varchar, field varchar, value double, mark varchar)[] as readings where false"
)


def compute(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    stations: Stations,
    wanted: Sequence[tuple[str, datetime]],
) -> None:
    """Fill `unit_hours`, one row per unit and hour, of the stations and hours that are wanted, naive UTC.

    Leaves also `wanted` and `exchanges`, one row per exchange with its copies and its different contents.

    A station's DataTime may be the end of its period, so the records of the next hour are read as well.
    """
    hours = {hour for _, hour in wanted}
    hours |= {hour + timedelta(hours=1) for hour in hours}
    files = sorted(
        path for hour in hours for path in (folder / FOLDER / hour.strftime(HOUR_FORMAT)).glob("*.parquet")
    )
    paths = ", ".join(path_literal(path) for path in files)
    # A table, as four steps read it.
    source = f"select * from read_parquet([{paths}], hive_partitioning=false)" if files else _NO_RECORDS
    con.execute(f"create or replace temp table records as {source}")
    _parameters(con, stations)
    _table(con, "wanted", ("station", "hour"), wanted)
    con.execute("alter table wanted alter hour type timestamp")
    con.execute(_RULE.read_text(encoding="utf-8"))


def _parameters(con: duckdb.DuckDBPyConnection, stations: Stations) -> None:
    rules = standard()
    _table(
        con,
        "stations",
        ("station", "unit_id", "minutes", "at_end"),
        (
            (name, entry.unit, entry.minutes, entry.data_time == "end")
            for name, entry in stations.stations.items()
        ),
    )
    _table(
        con,
        "columns",
        ("station", "column_name", "code", "period_field", "total", "factor", "low", "high", "required"),
        (row for name in stations.stations for row in _columns(stations, name)),
    )
    con.execute("alter table columns alter low type double")
    con.execute("alter table columns alter high type double")
    _table(con, "marks", ("mark", "quality"), rules.marks.quality.items())
    ranked = [(quality, rank) for rank, quality in enumerate(rules.precedence)]
    _table(con, "precedence", ("quality", "rank"), ranked)
    _table(con, "rule", ("minutes", "kg_per_m3"), [(rules.valid_hour.minutes.value, CO2_KG_PER_M3)])


def _columns(stations: Stations, name: str) -> Iterable[tuple[object, ...]]:
    mapped = stations.columns(name)
    if "co2_mass" in mapped:
        required = {"co2_mass"}
    else:
        required = {"flow", "co2_concentration"} & set(mapped) or set(mapped)
    for column, entry in mapped.items():
        factor = standard().units[column][entry.unit]
        yield (
            name,
            column,
            entry.code,
            entry.period_field,
            entry.total,
            factor,
            entry.low,
            entry.high,
            column in required,
        )


def _table(
    con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    listed = list(rows)
    content = pa.table({column: [row[n] for row in listed] for n, column in enumerate(columns)})
    con.register("_content", content)
    con.execute(f"create or replace temp table {name} as select * from _content")
    con.unregister("_content")
