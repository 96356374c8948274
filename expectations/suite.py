"""The vocabulary of suites: checks of one figure each, and the suite that computes the figures in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from expectations.policy import Bound, Market, bound


@dataclass(frozen=True)
class Check:
    """One figure and the bound it is held to.

    `sql` is the figure as an expression over the suite's rows; a null is left out of the judgement.
    `column` is the contract or mart column the figure is about, for the reader.
    """

    name: str
    column: str | None
    sql: str
    bound: Bound


@dataclass(frozen=True)
class Suite:
    """Checks over one table.

    `table` must hold rows, else the suite is skipped. `rows` is the query whose rows are judged, for
    figures that need more than one table; the tables in `also` must then exist but may be empty. `key`
    names the rows in a report. Expressions keep to SQL that DuckDB and Spark share.
    """

    gate: str
    name: str
    table: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    rows: str | None = None
    also: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """One row a judged row: its key and every check's figure under the check's name."""
        columns = [*self.key, *(f"{check.sql} as {check.name}" for check in self.checks)]
        source = f"({self.rows})" if self.rows else self.table
        return f"select {', '.join(columns)} from {source} as judged"

    def label(self, name: str) -> str:
        """How an expectation of this suite is called beside its table's name."""
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
        figures: Iterable[Figure],
        *,
        table: str | None = None,
        rows: str | None = None,
        also: Iterable[str] = (),
    ) -> Suite:
        """A suite whose bounds come from the policy; checks that are not for this market are left out."""
        bounds = [(figure, bound(self.gate, name, figure.name, self.market)) for figure in figures]
        checks = tuple(Check(f.name, f.column, f.sql, found) for f, found in bounds if found is not None)
        return Suite(self.gate, name, table or name, tuple(key), checks, rows, tuple(also))

    def after_as_of(self, name: str, column: str) -> Figure:
        """Flags a day or moment later than the day after `as_of`; that one day is for time zones."""
        return Figure(
            name,
            column,
            f"(case when {column} >= {self._day(2)} then 1 when {column} is not null then 0 end)",
        )

    def _day(self, offset: int) -> str:
        return f"date '{date.fromordinal(self.as_of.toordinal() + offset).isoformat()}'"


@dataclass(frozen=True)
class Figure:
    """A figure to be judged: its check's name, the column it is about and the expression."""

    name: str
    column: str | None
    sql: str = field(default="")

    def __post_init__(self) -> None:
        if not self.sql and self.column is None:
            raise ValueError(f"figure {self.name}: neither column nor SQL is given, expected one of them")
        if not self.sql:
            object.__setattr__(self, "sql", str(self.column))


def flag(name: str, column: str | None, wrong: str) -> Figure:
    """A figure that is 1 where the condition `wrong` holds, 0 where it does not, null where it is unknown."""
    return Figure(name, column, f"(case when {wrong} then 1 when not ({wrong}) then 0 end)")


def ratio(name: str, column: str | None, numerator: str, denominator: str) -> Figure:
    """A quotient, null where the denominator is not above zero."""
    return Figure(name, column, f"(case when {denominator} > 0 then {numerator} / {denominator} end)")


def where(condition: str, value: str) -> str:
    """The value in rows of which the condition holds, null in the others."""
    return f"(case when {condition} then {value} end)"


SuiteBuilder = Callable[[Frame], Suite]
