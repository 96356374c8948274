"""What a detector is and what it is given.

Belongs here: the detector record, its context, and small helpers that several detectors share.
Does not belong here: anything about one kind; each kind has its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from anomaly.findings import Finding
from anomaly.market import Market
from anomaly.marts import Marts
from anomaly.policy import Policy


@dataclass(frozen=True)
class Context:
    """What a detector may look at: the marts of one snapshot, the policy, the market."""

    marts: Marts
    policy: Policy
    market: Market

    def compliance_window(self, year: int, due_on: date | None) -> tuple[datetime, datetime]:
        """From 1 January of a compliance year to the end of its surrender deadline."""
        last = due_on or self.policy.surrender_due(self.market.id, year)
        first = date(year, 1, 1)
        return self.market.days(first, max(first, last))


@dataclass(frozen=True)
class Detector:
    """One way to find one kind.

    Attributes:
        kind: the kind it finds, also its name.
        version: raised whenever the same data may give other findings.
        needs: marts that must be there with rows; 'a|b' where one of them is enough.
        find: the search itself, free of side effects.
    """

    kind: str
    version: str
    needs: tuple[str, ...]
    find: Callable[[Context], list[Finding]]

    def lacks(self, marts: Marts) -> list[str]:
        """The needs that these marts do not meet."""
        return [need for need in self.needs if all(marts.is_empty(name) for name in need.split("|"))]


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


def rows_of(frame: pl.DataFrame, *columns: str) -> tuple[tuple[Any, ...], ...]:
    """The columns' values as evidence rows."""
    return tuple(frame.select(columns).iter_rows())


def provinces(context: Context, owners: Iterable[str]) -> dict[str, str]:
    """Province by account, where accounts and their provinces are known."""
    if not context.marts.has("dim_accounts"):
        return {}
    wanted = list(owners)
    accounts = context.marts.read("dim_accounts", "account_id", "province_code")
    known = accounts.filter(pl.col("account_id").is_in(wanted) & pl.col("province_code").is_not_null())
    return dict(known.iter_rows())
