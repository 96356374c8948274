"""The local time of a market as SQL arithmetic, by which moments are counted in days and months.

The engine converts moment by moment, which costs more than the rest of a scan; the offsets of a span are few.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.core.sql import literal

_MOST_OFFSETS = 12
"""Of more changes in one span the engine itself takes care."""


def local_time(moment: str, zone: str, first: date, last: date) -> str:
    """SQL of a moment's local time; `moment` is in UTC and lies between two days, both inclusive."""
    changes = _offset_changes(zone, first, last)
    if len(changes) > _MOST_OFFSETS:
        return f"timezone({literal(zone)}, timezone('UTC', {moment}))"
    *earlier, (_, offset) = changes
    branches = " ".join(
        f"when {moment} < timestamp '{until:%Y-%m-%d %H:%M:%S}' then to_seconds({seconds})"
        for until, seconds in earlier
    )
    shift = f"case {branches} else to_seconds({offset}) end" if branches else f"to_seconds({offset})"
    return f"({moment} + {shift})"


@cache
def _offset_changes(name: str, first: date, last: date) -> list[tuple[datetime, int]]:
    """Offsets from UTC in seconds in the span, each with the moment in UTC at which it ends."""
    zone = ZoneInfo(name)
    start, days = datetime.combine(first, time(), UTC), (last - first).days + 2
    moments = [start + timedelta(days=day) for day in range(days)]
    found = [
        (_change(zone, before, after), _offset(zone, before))
        for before, after in pairwise(moments)
        if _offset(zone, before) != _offset(zone, after)
    ]
    return [*found, (moments[-1], _offset(zone, moments[-1]))]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second within a day at which the offset changes."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    return int(moment.astimezone(zone).utcoffset().total_seconds())  # type: ignore[union-attr]
