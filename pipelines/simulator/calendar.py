"""The market's clock: trading days, sessions, months and the way from Shanghai time to UTC.

Times are microseconds since 1970-01-01 UTC; days are `datetime.date` or day numbers since 1970.
Shanghai has no daylight saving time, so the offset is a constant.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import law

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
SHANGHAI = 8 * 3600 * MICROSECONDS

# A session is 14,400 seconds of trading: 9:30 to 11:30 and 13:00 to 15:00 (rule B-06).
SESSION_SECONDS = 14_400.0
MORNING_OPEN = 9.5 * 3600
AFTERNOON_OPEN = 13.0 * 3600
HALF_SESSION = 7_200.0


def days_between(first: date, last: date) -> list[date]:
    """Every calendar day from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def is_trading_day(day: date) -> bool:
    """Whether the exchange is open: a weekday that is no public holiday."""
    return day.weekday() < 5 and not any(start <= day <= end for start, end in law.closures())


def trading_days(first: date, last: date) -> list[date]:
    """The exchange's open days from `first` to `last`, both included."""
    return [day for day in days_between(first, last) if is_trading_day(day)]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def local(day: date, seconds: float) -> int:
    """UTC microseconds of a Shanghai local time, `seconds` after that day's midnight."""
    return day_number(day) * DAY + round(seconds * MICROSECONDS) - SHANGHAI


def in_session(day: date, seconds: float) -> int:
    """UTC microseconds of a moment `seconds` into the day's trading, the noon break left out."""
    if seconds < HALF_SESSION:
        return local(day, MORNING_OPEN + seconds)
    return local(day, AFTERNOON_OPEN + seconds - HALF_SESSION)


def utc_midnight(day: date) -> int:
    """UTC microseconds of the day's beginning in UTC."""
    return day_number(day) * DAY


def months(first: date, last: date) -> list[date]:
    """First day of every month from `first` to `last`."""
    return [day for day in days_between(first, last) if day.day == 1]


def next_month(month: date) -> date:
    """First day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_of_day(days: list[date]) -> np.ndarray:
    """For each day the position of its month, counted from the first day's month."""
    first = days[0]
    return np.array([(day.year - first.year) * 12 + day.month - first.month for day in days])
