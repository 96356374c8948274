r"""Bytes of a connection -> frames.

A frame is `##`, four digits (length of the data segment), the data segment, four hexadecimal digits (checksum
of the data segment) and `\r\n` (HJ 212-2017, 6.2). The checksum decides: a frame whose checksum fits is
accepted with or without its line end.

Recovery after damage: where a frame does not fit, only its `##` is given up and the bytes behind it are
examined again, so damage to one frame, its length included, costs no other frame.

Belongs here: framing. Does not belong here: what a data segment means (`segments`), sockets.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_START = b"##"
_LENGTH = 4
_CHECKSUM = 4
_HEAD = len(_START) + _LENGTH
_POLYNOMIAL = 0xA001


def _table() -> tuple[int, ...]:
    values = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ _POLYNOMIAL if value & 1 else value >> 1
        values.append(value)
    return tuple(values)


_TABLE = _table()


def checksum(data: bytes) -> int:
    """Checksum of a data segment: HJ 212-2017, annex A.

    The register starts with 0xFFFF. For each byte its *high* half alone is combined with the byte, then eight
    bits are shifted out with the polynomial 0xA001. It is none of the usual CRC-16 variants.
    """
    register = 0xFFFF
    table = _TABLE
    for byte in data:
        register = table[(register >> 8) ^ byte]
    return register


def frame(data: bytes) -> bytes:
    """The frame around a data segment of at most 9999 bytes."""
    return b"##%04d%s%04X\r\n" % (len(data), data, checksum(data))


@dataclass
class FrameReader:
    """Frames of one connection, in order.

    Attributes:
        limit: longest data segment that is accepted, bytes. No more than one frame of that length is buffered
            between two calls.
        damage: how often each kind of damage was met: `noise` (bytes outside of frames), `bad_length`,
            `too_long`, `bad_checksum`, `cut_off` (the connection ended within a frame).
    """

    limit: int
    damage: Counter[str] = field(default_factory=Counter)
    skipped_bytes: int = 0
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, received: bytes) -> list[bytes]:
        """Take what was received; returns the data segments of the frames that are complete now."""
        self._buffer += received
        return self._read(ended=False)

    def finish(self) -> list[bytes]:
        """The connection ended: what waited for more bytes is damage, and frames behind it are read."""
        return self._read(ended=True)

    def _read(self, ended: bool) -> list[bytes]:
        found = []
        at = 0
        while (start := self._buffer.find(_START, at)) >= 0:
            self._skip(at, start)
            segment = self._at(start, ended)
            if segment is None:
                at = start
                break
            if segment:
                found.append(segment)
                at = start + _HEAD + len(segment) + _CHECKSUM
            else:
                at = start + 1
        else:
            # A single `#` at the end may be the first half of a start.
            keep = 1 if not ended and self._buffer.endswith(b"#") else 0
            end = max(at, len(self._buffer) - keep)
            self._skip(at, end)
            at = end
        del self._buffer[:at]
        return found

    def _at(self, start: int, ended: bool) -> bytes | None:
        """Data segment of the frame at `start`; empty for none, None where more bytes are needed."""
        head = bytes(self._buffer[start + len(_START) : start + _HEAD])
        if not all(48 <= byte <= 57 for byte in head):
            return self._damaged("bad_length")
        if len(head) < _LENGTH:
            return self._damaged("cut_off") if ended else None
        length = int(head)
        if length > self.limit:
            return self._damaged("too_long")
        end = start + _HEAD + length
        if len(self._buffer) < end + _CHECKSUM:
            return self._damaged("cut_off") if ended else None
        segment = bytes(self._buffer[start + _HEAD : end])
        stated = bytes(self._buffer[end : end + _CHECKSUM])
        if not segment or stated.upper() != b"%04X" % checksum(segment):
            return self._damaged("bad_checksum")
        return segment

    def _damaged(self, kind: str) -> bytes:
        self.damage[kind] += 1
        return b""

    def _skip(self, start: int, end: int) -> None:
        """Count what stands between frames; line ends belong there."""
        noise = len(bytes(self._buffer[start:end]).strip(b"\r\n"))
        if noise:
            self.damage["noise"] += 1
            self.skipped_bytes += noise
