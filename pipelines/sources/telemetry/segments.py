"""The data segment of a frame -> its fields, and its readings.

    QN=20260301080000000;ST=31;CN=2051;PW=…;MN=…;Flag=5;CP=&&DataTime=20260301075900;a19001-Avg=6.1&&

Fields may come in any order and any case; `QN`, `PW` and `Flag` may be absent, as in HJ/T 212-2005. Readings
are `<factor>-<field>=<value>`, grouped by `;` and `,`.

Belongs here: text -> values. Does not belong here: framing (`frames`), what a reading is worth (`hours`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.sources.telemetry.standard import standard

_PASSWORD = re.compile(rb"(^|;)(PW=)[^;]*", re.IGNORECASE)
_START = re.compile(r"CP=&&", re.IGNORECASE)
_CONTENT = re.compile(rb"CP=&&", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_PAIR = re.compile(r"\s*([^;,=]*?)\s*=\s*([^;,]*?)\s*(?:[;,]|$)")
_TIME = re.compile(r"([0-9]{4})" + 5 * r"([0-9]{2})")
_STATION = re.compile(r"[0-9A-Za-z_.-]{1,24}")
_IDENTIFIER = re.compile(r"[0-9]{0,20}")


FIELDS = frozenset({"rtd", "avg", "cou"})
"""Fields of a factor that are kept: the value of a moment, the mean and the total of a period."""


class SegmentError(Exception):
    """A data segment cannot be used; `reason` is one word for the accounts, the message names the text."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Segment:
    """Fields of a data segment.

    Attributes:
        request: QN, which identifies one exchange; empty where the station sends none.
        packet, packets: number of this packet of how many; 1 of 1 where it stands alone.
        content: what stands between the `&&` of CP.
    """

    request: str
    system: str
    command: int
    password: str
    station: str
    flag: int
    packet: int
    packets: int
    content: str

    @property
    def wants_answer(self) -> bool:
        """Whether the station waits for an acknowledgement."""
        return bool(self.flag & standard().flag_bits["answer"].value)


@dataclass(frozen=True)
class Reading:
    """One field of one factor: `value` is None where it is no finite number, `mark` the factor's Flag."""

    code: str
    field: str
    value: float | None
    mark: str


def parse(data: bytes) -> Segment:
    """Fields of a data segment.

    Raises:
        SegmentError: a field that is needed is absent or no value of its kind.
    """
    text = data.decode("latin-1")
    start = _START.search(text)
    if start is None or not text.endswith("&&") or len(text) < start.end() + 2:
        raise SegmentError("no_content", "expected CP=&&…&& at the end of the data segment, found none")
    fields = _pairs(text[: start.start()], ";")
    station = fields.get("MN", "")
    if not _STATION.fullmatch(station):
        raise SegmentError("bad_field", f"MN: expected 1 to 24 letters and digits, found {station[:40]!r}")
    request = fields.get("QN", "")
    if not _IDENTIFIER.fullmatch(request):
        raise SegmentError("bad_field", f"QN: expected up to 20 digits, found {request[:40]!r}")
    flag = _whole(fields, "FLAG", 0, 255)
    packet, packets = 1, 1
    if flag & standard().flag_bits["packets"].value:
        most = standard().limits["packets"].value
        packets = _whole(fields, "PNUM", 1, most)
        packet = _whole(fields, "PNO", 1, packets)
    return Segment(
        request,
        fields.get("ST", ""),
        _whole(fields, "CN", 1, 9999),
        fields.get("PW", ""),
        station,
        flag,
        packet,
        packets,
        text[start.end() : -2],
    )


def readings(content: str) -> tuple[datetime | None, list[Reading]]:
    """Time of the data, UTC, and the readings that an hour may be made of, of the content of a command.

    Minima, maxima and figures converted to a reference oxygen content (`Min`, `Max`, `Zs…`) are checked and
    left in the journal.

    Raises:
        SegmentError: DataTime is no time, or one field of one factor comes twice with different values.
    """
    time: datetime | None = None
    values: dict[tuple[str, str], str] = {}
    marks: dict[str, str] = {}
    for key, value in _PAIR.findall(content):
        if key.upper() == "DATATIME":
            time = data_time(value)
            continue
        code, sign, field = key.rpartition("-")
        if not sign:
            continue
        code, field = code.lower(), field.lower()
        if field == "flag":
            marks[code] = value[:1].upper()
        elif values.setdefault((code, field), value) != value:
            earlier = values[code, field]
            raise SegmentError("contradiction", f"{key}: expected one value, found {earlier} and {value}")
    found = [
        Reading(code, field, number(text), marks.get(code, "N"))
        for (code, field), text in values.items()
        if field in FIELDS
    ]
    return time, found


def number(text: str) -> float | None:
    """A finite number, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def data_time(text: str) -> datetime:
    """A local time of the standard, `YYYYMMDDhhmmss`, as UTC. It does not depend on the machine's time zone.

    Raises:
        SegmentError: it is no time.
    """
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute, second = map(int, found.groups())
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return local - timedelta(hours=standard().utc_offset_hours.value)
    except (ValueError, OverflowError) as error:
        raise SegmentError("bad_time", f"DataTime: expected YYYYMMDDhhmmss, found {text[:40]!r}") from error


def without_password(data: bytes) -> bytes:
    """The data segment with its password replaced by `*`: what may be kept and shown."""
    start = _CONTENT.search(data)
    head = data if start is None else data[: start.start()]
    return _PASSWORD.sub(rb"\1\2*", head) + data[len(head) :]


def answer(segment: Segment, name: str = "data") -> bytes:
    """Data segment of the acknowledgement: same QN, PW and MN, the version bits of Flag, no content."""
    kind = standard().answers[name]
    text = (
        f"QN={segment.request};ST={kind.system};CN={kind.command};PW={segment.password};"
        f"MN={segment.station};Flag={segment.flag & ~3};CP=&&&&"
    )
    return text.encode("latin-1")


def _pairs(text: str, separator: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(separator))
    return {key.strip().upper(): value.strip() for key, sign, value in pairs if sign}


def _whole(fields: dict[str, str], name: str, least: int, most: int) -> int:
    """A whole number of a field; an absent Flag is 0, as in HJ/T 212-2005."""
    text = fields.get(name, "0" if name == "FLAG" else "")
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise SegmentError("bad_field", f"{name}: expected {least} to {most}, found {text[:40]!r}")
    return int(text)
