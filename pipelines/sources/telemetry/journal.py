r"""Lines on disk that survive a crash; a station's data are acknowledged only after they stand here.

    HOME/telemetry/journal/00000001.journal

One line a packet: `<CRC-32 of the rest, 8 hex digits> <received, µs since 1970> <reason> <data segment>\n`.
The reason is `-` for a packet that was accepted. Line ends and backslashes in a data segment are escaped, so
a line end is always the end of a line and a damaged line costs no other.

A receiver starts a new segment whenever it starts or one is full, and never writes into an earlier one. What
a crash cut off is the last line of a segment: nobody was sent an acknowledgement for it.

Belongs here: durable lines, in order. Does not belong here: what they mean.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.files import sync

ACCEPTED = "-"
SUFFIX = ".journal"
_LINE = re.compile(rb"([0-9a-f]{8}) ((\d{1,17}) ([a-z_-]+) (.*))", re.DOTALL)
_ESCAPES = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}


@dataclass(frozen=True, order=True)
class Place:
    """Where a line starts: number of the segment, and offset in bytes."""

    segment: int
    offset: int


@dataclass(frozen=True)
class Line:
    """A line: place, bytes, when it was received (µs since 1970), `-` or the reason of a rejection, data."""

    place: Place
    length: int
    received: int
    reason: str
    data: bytes


@dataclass(frozen=True)
class DamagedLine:
    """A line whose checksum does not fit: the last of a segment was cut off, another was damaged on disk."""

    place: Place
    length: int
    last: bool


def encode(data: bytes, reason: str = ACCEPTED, received: int | None = None) -> bytes:
    """The line of a data segment; received now, unless stated."""
    moment = time.time_ns() // 1000 if received is None else received
    escaped = data.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    body = b"%d %s %s" % (moment, reason.encode(), escaped)
    return b"%08x %s\n" % (zlib.crc32(body), body)


class Journal:
    """The end of a journal, to which one process writes."""

    def __init__(self, folder: Path, segment_bytes: int = 64 << 20) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._number = max((int(path.stem) for path in segments(folder)), default=0)
        self._open_next()

    def append(self, lines: list[bytes]) -> None:
        """Write lines and wait until the disk has them.

        Raises:
            OSError: the disk did not take them; nothing of this may be acknowledged, and the journal is not
                usable any more, because what stands on the disk is unknown.
        """
        if self._written >= self._segment_bytes:
            os.close(self._file)
            self._open_next()
        remaining = memoryview(b"".join(lines))
        while remaining:
            done = os.write(self._file, remaining)
            remaining = remaining[done:]
            self._written += done
        os.fsync(self._file)

    def close(self) -> None:
        """Close the segment."""
        os.close(self._file)

    def _open_next(self) -> None:
        self._number += 1
        path = self._folder / f"{self._number:08d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        self._written = 0
        sync(self._folder)


def segments(folder: Path) -> list[Path]:
    """Files of a journal, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read(folder: Path, start: Place | None = None) -> Iterator[Line | DamagedLine]:
    """Lines from a place on, in the order in which they were received.

    The last line of the last segment may still be being written; without its line end it is left for later.
    """
    files = segments(folder)
    for path in files:
        number = int(path.stem)
        if start is not None and number < start.segment:
            continue
        offset = start.offset if start is not None and number == start.segment else 0
        yield from _read_segment(path, number, offset, newest=path == files[-1])


def _read_segment(path: Path, number: int, offset: int, newest: bool) -> Iterator[Line | DamagedLine]:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(offset)
        for text in file:
            place = Place(number, offset)
            offset += len(text)
            last = offset >= size
            if newest and last and not text.endswith(b"\n"):
                return
            yield _decode(place, text) or DamagedLine(place, len(text), last)


def read_at(folder: Path, place: Place) -> Line | None:
    """The line at a place, or None where it cannot be read any more."""
    path = folder / f"{place.segment:08d}{SUFFIX}"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(place.offset)
        return _decode(place, file.readline())


def _decode(place: Place, text: bytes) -> Line | None:
    found = _LINE.fullmatch(text[:-1]) if text.endswith(b"\n") else None
    if found is None or int(found[1], 16) != zlib.crc32(found[2]):
        return None
    data = re.sub(rb"\\[\\nr]", lambda escape: _ESCAPES[escape[0]], found[5])
    return Line(place, len(text), int(found[3]), found[4].decode(), data)
