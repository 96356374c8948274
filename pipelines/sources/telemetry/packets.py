"""Packets of one record -> the record's content (HJ 212-2017, 6.3: PNUM and PNO).

Each packet is a line of the journal and acknowledged by itself; they may come over several connections, in
any order and more than once. Contents are joined in the order of PNO.

Belongs here: which packets belong together. Does not belong here: where lines are read from (`records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipelines.sources.telemetry.journal import Line
from pipelines.sources.telemetry.segments import Segment

_Key = tuple[str, str, int]


@dataclass
class _Open:
    """A record of which not all packets have come: number -> content."""

    of: int
    contents: dict[int, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


class PacketsContradictError(Exception):
    """Packets of one number, or their stated total, differ; `lines` are all that came of the record."""

    def __init__(self, message: str, lines: list[Line]) -> None:
        super().__init__(message)
        self.lines = lines


class Joiner:
    """Records that wait for packets."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Open] = {}
        self._joined: set[_Key] = set()

    def join(self, line: Line, segment: Segment) -> str | None:
        """Content of the record that a packet completes; None where it completes none or came again.

        Raises:
            PacketsContradictError: the record cannot be joined, and is given up.
        """
        if segment.packets == 1:
            return segment.content
        key = (segment.station, segment.request, segment.command)
        if key in self._joined:
            return None
        entry = self._open.setdefault(key, _Open(segment.packets))
        entry.lines.append(line)
        earlier = entry.contents.setdefault(segment.packet, segment.content)
        if entry.of != segment.packets or earlier != segment.content:
            del self._open[key]
            raise PacketsContradictError(
                f"PNO {segment.packet} of PNUM {segment.packets}: expected one content for each packet of "
                f"{entry.of}, found another",
                entry.lines,
            )
        if len(entry.contents) < entry.of:
            return None
        del self._open[key]
        self._joined.add(key)
        return ";".join(entry.contents[number] for number in sorted(entry.contents))

    def waiting(self) -> Iterator[Line]:
        """Lines of records that are not complete."""
        for entry in self._open.values():
            yield from entry.lines

    def give_up(self, before: int) -> Iterator[tuple[Line, str]]:
        """Lines of records that have waited since before a moment (µs since 1970), and what is missing."""
        for key, entry in list(self._open.items()):
            if entry.lines[0].received < before:
                del self._open[key]
                detail = (
                    f"expected {entry.of} packets, found {len(entry.contents)}; where the others came "
                    "earlier, this is a packet that was sent again"
                )
                for line in entry.lines:
                    yield line, detail
