"""New lines of the journal -> records by hour, as Parquet, and what cannot be used, with the reason.

    records/<YYYYMMDDTHH of DataTime, UTC>/<segment>-<offset>.parquet   one row a record
    quarantined/<segment>-<offset>.csv                                  one row a line that is no record

A record is one command of a station; one that was sent in several packets is joined here. File names come
from the place of their first line, so reading the same lines again after a crash writes the same files.

Belongs here: lines -> records. Does not belong here: which record counts, and figures of hours (`hours`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.telemetry import journal, segments
from pipelines.sources.telemetry.journal import DamagedLine, Line, Place
from pipelines.sources.telemetry.standard import standard
from pipelines.sources.telemetry.stations import Stations

FOLDER = "records"
QUARANTINED = "quarantined"
HOUR_FORMAT = "%Y%m%dT%H"
DATA_COMMANDS = ("realtime", "minute", "hour", "day")
_BATCH = 20_000
_COLUMNS = ("received", "station", "reason", "detail", "data")
_SCHEMA = pa.schema(
    [
        ("station", pa.string()),
        ("command", pa.string()),
        ("request", pa.string()),
        ("data_time", pa.timestamp("us")),
        ("received", pa.int64()),
        ("segment", pa.int64()),
        ("offset", pa.int64()),
        ("content", pa.string()),
        (
            "readings",
            pa.list_(
                pa.struct(
                    [
                        ("code", pa.string()),
                        ("field", pa.string()),
                        ("value", pa.float64()),
                        ("mark", pa.string()),
                    ]
                )
            ),
        ),
    ]
)


@dataclass
class Packets:
    """Packets of one record of which not all have come: number -> content, and where the lines stand."""

    of: int
    received: int
    contents: dict[int, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


@dataclass
class Taken:
    """What was read from the journal.

    Attributes:
        next: where the next reading starts.
        hours: station -> hours of its DataTimes.
        heard: station -> hour in which it was first received.
        open: lines of records that are not complete.
        counts: lines by outcome; every line has one.
    """

    next: Place
    hours: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    heard: dict[str, datetime] = field(default_factory=dict)
    open: list[Place] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Intake:
    """Reads a journal from a place on; `take` does it."""

    def __init__(self, folder: Path, stations: Stations, start: Place, open_packets: Iterable[Place]) -> None:
        self._folder = folder
        self._stations = stations
        self._taken = Taken(start)
        self._packets: dict[tuple[str, str, int], Packets] = {}
        self._joined: set[tuple[str, str, int]] = set()
        self._names = {code: entry.name for code, entry in standard().commands.items()}
        self._earlier = [
            line for place in open_packets if (line := journal.read_at(folder / "journal", place)) is not None
        ]

    def take(self) -> Taken:
        """Read everything that is there, and write it by hour."""
        lines = journal.read(self._folder / "journal", self._taken.next)
        for line in self._earlier:
            self._line(line)
        self._taken.counts.clear()
        while batch := list(islice(lines, _BATCH)):
            self._batch(batch)
        self._taken.open = [line.place for packets in self._packets.values() for line in packets.lines]
        return self._taken

    def _batch(self, batch: list[Line | DamagedLine]) -> None:
        rows: dict[datetime, list[dict[str, object]]] = defaultdict(list)
        refused: list[tuple[object, ...]] = []
        name = f"{batch[0].place.segment:08d}-{batch[0].place.offset:012d}"
        for line in batch:
            for row in self._outcome(line, refused):
                moment = row["data_time"]
                assert isinstance(moment, datetime)  # noqa: S101 - made below
                rows[moment.replace(minute=0, second=0, microsecond=0)].append(row)
        refused += self._expired(batch[-1])
        for hour, listed in sorted(rows.items()):
            table = pa.Table.from_pylist(listed, schema=_SCHEMA)
            write_table(table, self._folder / FOLDER / hour.strftime(HOUR_FORMAT) / f"{name}.parquet")
        if refused:
            _write_refused(refused, self._folder / QUARANTINED / f"{name}.csv")
        last = batch[-1]
        self._taken.next = Place(last.place.segment, last.place.offset + last.length)

    def _outcome(
        self, line: Line | DamagedLine, refused: list[tuple[object, ...]]
    ) -> Iterator[dict[str, object]]:
        """The record that a line completes, or none; a line that cannot be used is added to `refused`."""
        counts, reasons = self._taken.counts, self._taken.reasons
        counts["lines"] += 1
        if isinstance(line, DamagedLine):
            reason = "cut_off_line" if line.last else "damaged_line"
            counts["quarantined"] += 1
            reasons[reason] += 1
            detail = f"{line.length} bytes at {line.place.segment}:{line.place.offset}"
            refused.append((None, None, reason, detail, None))
            return
        try:
            row = self._line(line)
        except segments.SegmentError as error:
            counts["quarantined"] += 1
            reasons[error.reason] += 1
            refused.append(_refusal(line, error.reason, str(error)))
            return
        if row is None:
            return
        counts["records"] += 1
        if row["station"] not in self._stations.stations:
            reasons["unknown_station"] += 1
            refused.append(_refusal(line, "unknown_station", "kept; it is used once the station is listed"))
        yield row

    def _line(self, line: Line) -> dict[str, object] | None:
        """The record that a line completes; None where it completes none.

        Raises:
            SegmentError: the line cannot be used.
        """
        if line.reason != journal.ACCEPTED:
            raise segments.SegmentError(line.reason, "rejected when it was received")
        segment = segments.parse(line.data)
        name = self._names.get(segment.command)
        if name not in DATA_COMMANDS:
            self._taken.counts["other commands"] += 1
            return None
        content = segment.content if segment.packets == 1 else self._join(line, segment)
        if content is None:
            return None
        return self._row(line, segment, name, content)

    def _join(self, line: Line, segment: segments.Segment) -> str | None:
        """Content of a record whose packets have all come; they may come in any order and more than once."""
        key = (segment.station, segment.request, segment.command)
        self._taken.counts["packets"] += 1
        if key in self._joined:
            return None
        packets = self._packets.setdefault(key, Packets(segment.packets, line.received))
        packets.lines.append(line)
        if packets.of != segment.packets or (
            packets.contents.setdefault(segment.packet, segment.content) != segment.content
        ):
            del self._packets[key]
            raise segments.SegmentError(
                "contradiction", f"packet {segment.packet} of {segment.packets} came with different contents"
            )
        if len(packets.contents) < packets.of:
            return None
        del self._packets[key]
        self._joined.add(key)
        return ";".join(packets.contents[number] for number in sorted(packets.contents))

    def _expired(self, newest: Line | DamagedLine) -> list[tuple[object, ...]]:
        """Rows for packets whose others did not come in time."""
        if isinstance(newest, DamagedLine):
            return []
        oldest = newest.received - self._stations.closing.packets_hours * 3_600_000_000
        rows = []
        for key in [key for key, packets in self._packets.items() if packets.received < oldest]:
            packets = self._packets.pop(key)
            detail = f"{len(packets.contents)} of {packets.of} packets came; the others may have come earlier"
            self._taken.reasons["packets_missing"] += len(packets.lines)
            rows += [_refusal(line, "packets_missing", detail) for line in packets.lines]
        return rows

    def _row(self, line: Line, segment: segments.Segment, name: str, content: str) -> dict[str, object]:
        time, found = segments.readings(content)
        if time is None:
            raise segments.SegmentError("bad_time", "DataTime: expected one, found none")
        received = datetime.fromtimestamp(line.received / 1_000_000, UTC)
        rule = self._stations.closing
        if not (
            received - timedelta(days=rule.accepted_days)
            <= time
            <= received + timedelta(minutes=rule.ahead_minutes)
        ):
            raise segments.SegmentError(
                "out_of_range",
                f"DataTime: expected at most {rule.accepted_days} days before and {rule.ahead_minutes} "
                f"minutes "
                f"after it was received, found {time.isoformat()}",
            )
        station = segment.station
        self._taken.heard.setdefault(station, received.replace(minute=0, second=0, microsecond=0))
        if name != "day":
            self._taken.hours[station].add(time.replace(minute=0, second=0, microsecond=0))
        return {
            "station": station,
            "command": name,
            "request": segment.request,
            "data_time": time.replace(tzinfo=None),
            "received": line.received,
            "segment": line.place.segment,
            "offset": line.place.offset,
            "content": hashlib.sha256(content.encode("latin-1")).hexdigest()[:32],
            "readings": [vars(reading) for reading in found],
        }


def _refusal(line: Line, reason: str, detail: str) -> tuple[object, ...]:
    received = datetime.fromtimestamp(line.received / 1_000_000, UTC).isoformat()
    data = line.data.decode("latin-1")
    try:
        station = segments.parse(line.data).station
    except segments.SegmentError:
        station = None
    return (received, station, reason, detail, data)


def _write_refused(rows: list[tuple[object, ...]], path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    write_durably(path, text.getvalue().encode())


def write_table(table: pa.Table, path: Path) -> None:
    """Replace a Parquet file in one step, on disk when this returns."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_durably(path, sink.getvalue().to_pybytes())


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file in one step; both its content and its name are on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
