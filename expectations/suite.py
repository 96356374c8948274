"""The vocabulary of suites: native expectations by name, over one table and columns derived from it.

Belongs here: how a suite is written, and how policy turns its parts into Great Expectations' own classes.
Does not belong here: bounds and reasons (`policy.yml`), texts (`messages/`), running anything (`engine.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from expectations.library import gxe
from expectations.policy import Bound, Market, bound


@dataclass(frozen=True)
class Expect:
    """One native expectation of a suite, before policy has given its bound.

    `column` is the column of the contract or mart that it is about, for the reader. `is_interval` says that
    the policy's entry gives a minimum or a maximum; `has_share` that it may ask for a share of the rows.
    `expected` describes what is expected where no interval does. `repeated` names the columns of which no
    combination may repeat: there the library's own query of the rows in breach joins without a condition.
    `is_dated` says that the as-of date is its `max_value`, so that a later one can only admit more rows.
    """

    name: str
    type: Callable[..., Any]
    arguments: Mapping[str, Any]
    column: str | None
    is_interval: bool = False
    has_share: bool = True
    expected: str = ""
    repeated: tuple[str, ...] = ()
    is_dated: bool = False


def between(name: str, column: str | None = None, *, about: str | None = None) -> Expect:
    """Values lie in the policy's interval; the column has the check's name unless another is given."""
    column = column or name
    arguments = {"column": column}
    return Expect(name, gxe.ExpectColumnValuesToBeBetween, arguments, about or column, is_interval=True)


def mean(name: str, column: str | None = None, *, about: str | None = None) -> Expect:
    """The column's mean lies in the policy's interval; of a column of zeros and ones it is a share."""
    return _aggregate(gxe.ExpectColumnMeanToBeBetween, name, column, about)


def total(name: str, column: str | None = None, *, about: str | None = None) -> Expect:
    """The column's sum lies in the policy's interval."""
    return _aggregate(gxe.ExpectColumnSumToBeBetween, name, column, about)


def _aggregate(kind: Callable[..., Any], name: str, column: str | None, about: str | None) -> Expect:
    column = column or name
    return Expect(name, kind, {"column": column}, about or column, is_interval=True, has_share=False)


def at_least(name: str, larger: str, smaller: str, *, strictly: bool = False) -> Expect:
    """One column is not below another; rows in which either is null are not judged."""
    arguments = {
        "column_A": larger,
        "column_B": smaller,
        "or_equal": not strictly,
        "ignore_row_if": "either_value_is_missing",
    }
    sign = ">" if strictly else "≥"
    kind = gxe.ExpectColumnPairValuesAToBeGreaterThanB
    return Expect(name, kind, arguments, larger, expected=f"{larger} {sign} {smaller}")


def one_of(name: str, column: str, values: Sequence[str]) -> Expect:
    """Values are members of a set."""
    arguments = {"column": column, "value_set": list(values)}
    return Expect(name, gxe.ExpectColumnValuesToBeInSet, arguments, column, expected=", ".join(values))


def none_of(name: str, column: str, values: Sequence[str]) -> Expect:
    """Values are not members of a set."""
    arguments = {"column": column, "value_set": list(values)}
    shown = ", ".join(value or "''" for value in values)
    return Expect(name, gxe.ExpectColumnValuesToNotBeInSet, arguments, column, expected=f"≠ {shown}")


def present(name: str, column: str, *, about: str | None = None) -> Expect:
    """Values are not null."""
    return Expect(
        name, gxe.ExpectColumnValuesToNotBeNull, {"column": column}, about or column, expected="not null"
    )


def unique(name: str, columns: Sequence[str]) -> Expect:
    """No two rows agree in all of the columns."""
    arguments = {"column_list": list(columns), "ignore_row_if": "any_value_is_missing"}
    kind = gxe.ExpectCompoundColumnsToBeUnique
    expected = f"unique: {', '.join(columns)}"
    return Expect(name, kind, arguments, columns[0], expected=expected, repeated=tuple(columns))


@dataclass(frozen=True)
class Check:
    """An expectation with the bound that policy gives it in a market."""

    expect: Expect
    bound: Bound

    @property
    def name(self) -> str:
        """Name of the check within its suite."""
        return self.expect.name

    @property
    def expected(self) -> str:
        """What is expected, in signs that need no language."""
        return self.bound.of_rows(self.expect.expected or self.bound.interval)

    def native(self, description: str) -> Any:
        """The expectation as Great Expectations' own object.

        Its `meta` carries what the library has no field for: the check's name, rule, reason and verification.
        """
        limits: dict[str, Any] = {}
        if self.expect.is_interval:
            limits = {"min_value": self.bound.minimum, "max_value": self.bound.maximum}
        if self.expect.has_share:
            limits["mostly"] = self.bound.mostly
        return self.expect.type(
            **self.expect.arguments,
            **limits,
            severity=self.bound.severity,
            description=description,
            meta={
                "name": self.name,
                "rule": self.bound.rule,
                "verified": self.bound.is_verified,
                "verification": self.bound.verified or "policy",
                "why_zh": self.bound.why.zh,
                "why_en": self.bound.why.en,
                "column": self.expect.column,
            },
        )


@dataclass(frozen=True)
class Suite:
    """Checks over one table.

    `table` must hold rows, else the suite is skipped. `rows` is the query whose rows are judged, for
    what needs more than one table; the tables in `also` must then exist but may be empty. `key`
    names the rows in a report. `derived` adds columns by SQL that DuckDB and Spark share: the library has no
    expectation over an expression.
    """

    gate: str
    name: str
    table: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    derived: Mapping[str, str] = field(default_factory=dict)
    rows: str | None = None
    also: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """One row a judged row: the table's columns and the derived ones."""
        columns = ["judged.*", *(f"{sql} as {name}" for name, sql in self.derived.items())]
        source = f"({self.rows})" if self.rows else f'"{self.table}"'
        return f"select {', '.join(columns)} from {source} as judged"

    def label(self, name: str) -> str:
        """How a check of this suite is called beside its table's name."""
        return name if self.name == self.table else f"{self.name}.{name}"


@dataclass(frozen=True)
class Frame:
    """What suite functions are given: whose rules hold, on which day, for which gate."""

    gate: str
    market: Market
    as_of: date

    def suite(
        self,
        name: str,
        key: Iterable[str],
        expectations: Iterable[Expect],
        *,
        derived: Mapping[str, str] | None = None,
        table: str | None = None,
        rows: str | None = None,
        also: Iterable[str] = (),
    ) -> Suite:
        """A suite whose bounds come from the policy; checks that are not for this market are left out."""
        bounds = [(expect, bound(self.gate, name, expect.name, self.market)) for expect in expectations]
        checks = tuple(Check(expect, found) for expect, found in bounds if found is not None)
        return Suite(
            self.gate, name, table or name, tuple(key), checks, dict(derived or {}), rows, tuple(also)
        )

    def not_after_as_of(self, name: str, column: str) -> Expect:
        """No day or moment lies later than the day after `as_of`; that one day is for time zones."""
        last = self.as_of + timedelta(days=2)
        arguments = {"column": column, "max_value": last, "strict_max": True}
        kind = gxe.ExpectColumnValuesToBeBetween
        return Expect(name, kind, arguments, column, expected=f"< {last}", is_dated=True)


def ratio(numerator: str, denominator: str) -> str:
    """A quotient, null where the denominator is not above zero."""
    return f"(case when {denominator} > 0 then {numerator} / {denominator} end)"


def where(condition: str, value: str) -> str:
    """The value in rows of which the condition holds, null in the others."""
    return f"(case when {condition} then {value} end)"


SuiteBuilder = Callable[[Frame], Suite]
