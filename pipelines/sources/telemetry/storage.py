"""Records and files on disk: a table of records, and files that are replaced in one step and stay.

Belongs here: the form of a record as Parquet, durable writing. Does not belong here: where a record comes
from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.files import sync
from pipelines.sources.telemetry.journal import Place
from pipelines.sources.telemetry.segments import Reading


@dataclass(frozen=True)
class Record:
    """One command of a station; `data_time` is UTC, `received` µs since 1970, `content` a hash."""

    station: str
    command: str
    request: str
    data_time: datetime
    received: int
    place: Place
    content: str
    readings: list[Reading]


def table(records: Sequence[Record]) -> pa.Table:
    """One row a record, with its readings as a list."""
    offsets = [0]
    for record in records:
        offsets.append(offsets[-1] + len(record.readings))
    found = [reading for record in records for reading in record.readings]
    readings = pa.StructArray.from_arrays(
        [
            pa.array([reading.code for reading in found], pa.string()),
            pa.array([reading.field for reading in found], pa.string()),
            pa.array([reading.value for reading in found], pa.float64()),
            pa.array([reading.mark for reading in found], pa.string()),
        ],
        names=["code", "field", "value", "mark"],
    )
    return pa.table(
        {
            "station": pa.array([record.station for record in records], pa.string()),
            "command": pa.array([record.command for record in records], pa.string()),
            "request": pa.array([record.request for record in records], pa.string()),
            "data_time": pa.array([r.data_time.replace(tzinfo=None) for r in records], pa.timestamp("us")),
            "received": pa.array([record.received for record in records], pa.int64()),
            "segment": pa.array([record.place.segment for record in records], pa.int64()),
            "offset": pa.array([record.place.offset for record in records], pa.int64()),
            "content": pa.array([record.content for record in records], pa.string()),
            "readings": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), readings),
        }
    )


def write_table(rows: pa.Table, path: Path) -> None:
    """Replace a Parquet file in one step, on disk when this returns."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    write_durably(path, sink.getvalue().to_pybytes())


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file in one step; both its content and its name are on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    sync(part)
    part.replace(path)
    sync(path.parent)
