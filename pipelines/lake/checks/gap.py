"""The columns of a gap that the checks have in common."""

from __future__ import annotations

ALL = "'all' as province_code, 'all' as column_name"
"""A gap of all provinces and all columns."""


def figures(observed: str, expected: str | float) -> str:
    """The figures of a gap, both numbers in the unit of the policy entry."""
    return f"cast({observed} as double) as observed, cast({expected} as double) as expected"
