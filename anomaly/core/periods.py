"""Which periods of a source table must have been delivered by a day.

Belongs here: this rule alone, for the coverage of detectors and for the age of data on screens, and the
tables to which it does not apply.
Does not belong here: comparing it with what was delivered.
"""

from __future__ import annotations

from datetime import date

ALL = "all"
# Reports come after their period: the as-of date's own period and so many before it are not yet due.
NOT_YET = {"month": 2, "year": 1, ALL: 0}

EVENTS = frozenset(
    {"auctions", "instrument_calibrations", "nonconformities", "offset_issuances", "penalties", "tips"}
)
"""Source tables whose rows are single events: no period must have any, and a later one need never come."""


def latest_due(as_of: date, unit: str) -> str:
    """The latest month ('YYYY-MM') or year ('YYYY') that must have been delivered by the as-of date."""
    if unit == "year":
        return f"{as_of.year - NOT_YET[unit] - 1:04}"
    months = as_of.year * 12 + as_of.month - 1 - NOT_YET[unit] - 1
    return f"{months // 12:04}-{months % 12 + 1:02}"
