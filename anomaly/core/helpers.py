"""Helpers that detectors of several families share.

Belongs here: small functions about ids, names, runs of moments and robust statistics.
Does not belong here: anything about one kind or family.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

NEXT_MONTH = timedelta(days=31)
"""The longest gap between the beginnings of two months that follow each other."""


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


def run_number(moment: str, gap: timedelta, *by: str) -> pl.Expr:
    """Number of the run that a row belongs to among the rows of its group, which are in order of the moment.

    A new run begins where a moment lies further than the gap after the one before.
    """
    return (pl.col(moment).diff() > gap).fill_null(False).cum_sum().over(by)


def id_list(name: str) -> pl.Expr:
    """The ids in a column of a mart that holds JSON lists (`..._ids_json`)."""
    return pl.col(name).str.json_decode(pl.List(pl.String))


def scaled_mad(values: pl.Expr) -> pl.Expr:
    """Robust standard deviation of an expression: 1.4826 times the median absolute deviation."""
    return 1.4826 * (values - values.median()).abs().median()
