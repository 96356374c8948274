"""New lines of the journal -> records by hour, as Parquet, and what cannot be used, with the reason.

    records/<YYYYMMDDTHH of DataTime, UTC>/<segment>-<offset>.parquet   one row a record
    quarantined/<segment>-<offset>.csv                                  one row a line that is no record

A record is one command of a station. File names come from the place of their first line, so reading the same
lines again after a crash writes the same files.

Belongs here: lines -> records. Does not belong here: which record counts, and figures of hours (`hours`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from pipelines.sources.telemetry import journal, segments
from pipelines.sources.telemetry.journal import DamagedLine, Line, Place
from pipelines.sources.telemetry.packets import Joiner, PacketsContradictError
from pipelines.sources.telemetry.standard import standard
from pipelines.sources.telemetry.stations import Stations
from pipelines.sources.telemetry.storage import Record, table, write_durably, write_table

JOURNAL = "journal"
FOLDER = "records"
QUARANTINED = "quarantined"
HOUR_FORMAT = "%Y%m%dT%H"
_DATA = frozenset({"realtime", "minute", "hour", "day"})
_BATCH = 20_000
_COLUMNS = ("received", "station", "reason", "detail", "data")


@dataclass
class Taken:
    """What was read from the journal.

    Attributes:
        next: where the next reading starts.
        hours: station -> hours that its records belong to.
        heard: station -> hour in which it was first received.
        open: lines of records that are not complete.
        counts: lines by outcome; each line has one.
        reasons: why lines are no record, or a record is not used yet.
    """

    next: Place
    hours: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    heard: dict[str, datetime] = field(default_factory=dict)
    open: list[Place] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Intake:
    """Reads a journal from a place on; `take` does it, once."""

    def __init__(self, folder: Path, stations: Stations, start: Place, open_lines: Iterable[Place]) -> None:
        self._folder = folder
        self._stations = stations
        self._taken = Taken(start)
        self._joiner = Joiner()
        self._names = {code: entry.name for code, entry in standard().commands.items()}
        self._refused: list[tuple[Line | DamagedLine, str, str]] = []
        for place in open_lines:
            line = journal.read_at(folder / JOURNAL, place)
            if line is not None:
                self._joiner.join(line, segments.parse(line.data))

    def take(self) -> Taken:
        """Read everything that is there, and write it by hour."""
        lines = journal.read(self._folder / JOURNAL, self._taken.next)
        while batch := list(islice(lines, _BATCH)):
            self._batch(batch)
        self._taken.open = [line.place for line in self._joiner.waiting()]
        return self._taken

    def _batch(self, batch: list[Line | DamagedLine]) -> None:
        first, last = batch[0].place, batch[-1]
        name = f"{first.segment:08d}-{first.offset:012d}"
        by_hour: dict[datetime, list[Record]] = defaultdict(list)
        for line in batch:
            self._taken.counts["lines"] += 1
            outcome = self._outcome(line)
            if isinstance(outcome, Record):
                by_hour[_hour(outcome.data_time)].append(outcome)
                outcome = "records"
            self._taken.counts[outcome] += 1
        if isinstance(last, Line):
            oldest = last.received - self._stations.closing.packets_hours * 3_600_000_000
            for line, detail in self._joiner.give_up(oldest):
                self._refuse(line, "packets_missing", detail)
        for hour, records in sorted(by_hour.items()):
            path = self._folder / FOLDER / hour.strftime(HOUR_FORMAT) / f"{name}.parquet"
            write_table(table(records), path)
        if self._refused:
            write_durably(self._folder / QUARANTINED / f"{name}.csv", _as_csv(self._refused))
            self._refused = []
        self._taken.next = Place(last.place.segment, last.place.offset + last.length)

    def _outcome(self, line: Line | DamagedLine) -> Record | str:
        """The record that a line completes, or what the line is instead."""
        if isinstance(line, DamagedLine):
            reason = "cut_off_line" if line.last else "damaged_line"
            self._refuse(line, reason, f"{line.length} bytes at {line.place.segment}:{line.place.offset}")
            return "quarantined"
        try:
            return self._record(line)
        except segments.SegmentError as error:
            self._refuse(line, error.reason, str(error))
        except PacketsContradictError as error:
            for packet in error.lines:
                self._refuse(packet, "contradiction", str(error))
        return "quarantined"

    def _record(self, line: Line) -> Record | str:
        """The record that a line completes, or what the line is instead.

        Raises:
            SegmentError: the line cannot be used.
            PacketsContradictError: the line, and others of the same record, cannot be used.
        """
        if line.reason != journal.ACCEPTED:
            raise segments.SegmentError(line.reason, "rejected when it was received")
        segment = segments.parse(line.data)
        command = self._names.get(segment.command, "")
        if command not in _DATA:
            return "other commands"
        content = self._joiner.join(line, segment)
        if content is None:
            return "packets of records"
        time, readings = segments.readings(content)
        received = datetime.fromtimestamp(line.received / 1_000_000, UTC)
        if time is None:
            raise segments.SegmentError("bad_time", "DataTime: expected one, found none")
        self._check(time, received)
        station = segment.station
        self._taken.heard.setdefault(station, _hour(received))
        entry = self._stations.stations.get(station)
        if command != "day":
            # The end of a period at 09:00 belongs to the hour before.
            at_end = entry is not None and entry.data_time == "end" and command != "realtime"
            self._taken.hours[station].add(_hour(time - timedelta(seconds=at_end)))
        if entry is None:
            self._refuse(line, "unknown_station", "kept; it is used once the file of stations lists it")
        digest = hashlib.sha256(content.encode("latin-1")).hexdigest()[:32]
        return Record(station, command, segment.request, time, line.received, line.place, digest, readings)

    def _check(self, time: datetime, received: datetime) -> None:
        """Refuse what a clock that is far wrong states.

        Raises:
            SegmentError: the time is too far from that at which it was received.
        """
        rule = self._stations.closing
        earliest = received - timedelta(days=rule.accepted_days)
        latest = received + timedelta(minutes=rule.ahead_minutes)
        if not earliest <= time <= latest:
            raise segments.SegmentError(
                "out_of_range",
                f"DataTime: expected {earliest.isoformat()} to {latest.isoformat()}, "
                f"found {time.isoformat()}",
            )

    def _refuse(self, line: Line | DamagedLine, reason: str, detail: str) -> None:
        self._taken.reasons[reason] += 1
        self._refused.append((line, reason, detail))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _as_csv(refused: list[tuple[Line | DamagedLine, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line, reason, detail in refused:
        if isinstance(line, DamagedLine):
            writer.writerow((None, None, reason, detail, None))
            continue
        received = datetime.fromtimestamp(line.received / 1_000_000, UTC).isoformat()
        try:
            station = segments.parse(line.data).station
        except segments.SegmentError:
            station = None
        writer.writerow((received, station, reason, detail, line.data.decode("latin-1")))
    return text.getvalue().encode()
