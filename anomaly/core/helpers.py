"""Helpers that detectors of several families share.

Belongs here: small functions about ids, names, runs of moments and robust statistics.
Does not belong here: anything about one kind or family.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl


def named(name: Any, identity: str) -> str:
    """A subject as titles write it: its name and id, or the id alone."""
    return f"{name} ({identity})" if name and name != identity else identity


def ids(*values: Any) -> tuple[str, ...]:
    """The given ids without nulls and repetitions, in order."""
    return tuple(dict.fromkeys(str(value) for value in values if value is not None))


def runs(moments: Sequence[Any], gap: timedelta) -> list[tuple[int, int]]:
    """Index ranges (first, last) of sorted moments in which no two neighbours lie further apart."""
    found: list[tuple[int, int]] = []
    for index, moment in enumerate(moments):
        if found and moment - moments[index - 1] <= gap:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def scaled_mad(values: pl.Expr) -> pl.Expr:
    """Robust standard deviation of an expression: 1.4826 times the median absolute deviation."""
    return 1.4826 * (values - values.median()).abs().median()
