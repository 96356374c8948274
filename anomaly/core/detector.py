"""What a detector is: what it reads, what it looks for, and how its candidates become alerts.

Belongs here: the description that each detector gives of itself, and what its functions are given.
Does not belong here: anything about one kind; running (`run`) and rows (`candidates`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict

from anomaly.core import rules
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.parts import Parts
from anomaly.core.policy import Policy
from anomaly.core.stakes import Stake


class Thresholds(BaseModel):
    """A detector's thresholds by name; a detector lists its own in a subclass.

    The values come from the `policy.yml` beside the detector. A name that only one of the two has is an error
    when the policy is loaded, and so is a fraction where a whole number is expected.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T", bound=Thresholds)


@dataclass(frozen=True)
class Need:
    """Columns of a mart that a search reads, as far as they come from one source table.

    Attributes:
        mart: name of the mart or feature.
        columns: the columns; with their types where `optional`, so that an absent mart reads as no rows.
        source: the table of the source contract that these columns come from.
        period: the column of the mart that holds the row's time (a day, a moment in UTC or a year); none
            where rows have no time.
        subject: the column whose distinct values count as subjects looked at.
        filled: columns that must hold a value wherever the source delivered; the search is blind without.
        optional: whether the search can do without the mart.
        where: SQL condition of the rows that the source delivered, where the mart also holds others: rows of
            other sources, or what was expected and did not come.
        is_selection: whether the mart holds only the rows that meet a condition, so that its having none says
            nothing about the source.
    """

    mart: str
    columns: Sequence[str] | Mapping[str, Any]
    source: str = ""
    period: str | None = None
    subject: str | None = None
    filled: tuple[str, ...] = ()
    optional: bool = False
    where: str | None = None
    is_selection: bool = False

    @property
    def types(self) -> Mapping[str, Any]:
        """The columns' types, where they are declared."""
        return self.columns if isinstance(self.columns, Mapping) else {}


@dataclass(frozen=True)
class Rows:
    """Evidence that a candidate gives: rows of a source table by columns of the candidate named as the key.

    A key column may hold a list; lists of one candidate are read in parallel, single values are repeated.
    Where the key names too many rows to list, `start` and `end` name the columns that hold a half-open range
    of the table's own time (`ts` of `cems_hourly` in UTC, `date` of `meters_daily` as a local day).

    Attributes:
        table: table of the source contract.
        key: key columns of that table; a shorter key names all rows that share it.
        columns: the candidate's columns that hold the key, where they are named otherwise.
        start: column with the range's start.
        end: column with the range's end, exclusive.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None

    @property
    def held_in(self) -> tuple[str, ...]:
        """The candidate's columns that hold the key."""
        return self.columns or self.key


@dataclass(frozen=True)
class Figure:
    """A measure that a candidate gives in the column of its name, left out where it is null.

    Attributes:
        unit: unit of the figure, empty for a count or a name.
        threshold: name of the threshold, or of a column of the candidate, that the figure is compared with; a
            number where neither has it; none where the figure only informs.
        unit_from: column of the candidate that holds the unit, where candidates differ in it.
        less_is_worse: whether a figure below its threshold is what makes the finding, not one above it.
    """

    unit: str = ""
    threshold: str | float | None = None
    unit_from: str | None = None
    less_is_worse: bool = False


@dataclass(frozen=True)
class Search(Generic[T]):
    """One way in which a detector looks for its kind.

    `find` returns one row a candidate with these columns:

    - the `subjects`: an id or a list of ids each, the subject itself first, then others that are meant;
    - `first_on` and `last_on`, local days, or `first_at` and `last_at`, moments in UTC; both inclusive;
    - `score`, and optionally `is_alert` (all rows are alerts without it), `p_value`, `province_code` (that of
      the first account with one, where the subject is an account and the column is absent), `variant`;
    - the `measures`, the key columns of `evidence`, and the placeholders of the titles. A placeholder `x`
      that is no column is filled from `x_name` and `x_id`, or from `x_id` alone.

    Attributes:
        name: name of the search, also its title's variant unless rows give one.
        subject_type: as the source contract lists them.
        subjects: columns that hold subjects.
        needs: what is read; the search is not applicable where one that is not optional has no row.
        evidence: tables and keys.
        measures: figures by name.
        find: the search itself, free of side effects.
        stake: what is at stake in a candidate, in tonnes and money.
        rests_on: source tables a missing row of which would make or enlarge the finding. Quarantined rows of
            them may explain it.
        is_absence: whether the finding is that rows of these tables are absent, so that a delivery that is
            faulty or incomplete as a whole may explain it too.
        extra: further columns, those that titles and measures' thresholds take.
        variants: titles that rows may choose from, the first where a row does not; the search's name if
            there are none.
    """

    name: str
    subject_type: str
    subjects: tuple[str, ...]
    needs: tuple[Need, ...]
    evidence: tuple[Rows, ...]
    measures: Mapping[str, Figure]
    find: Callable[[Inputs[T]], pl.DataFrame]
    stake: Stake
    rests_on: tuple[str, ...] = ()
    is_absence: bool = False
    extra: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    @property
    def title_variants(self) -> tuple[str, ...]:
        """The variants whose titles this search may use."""
        return self.variants or (self.name,)

    @property
    def columns(self) -> set[str]:
        """Columns that a candidate must have, besides its time."""
        keys = {name for rows in self.evidence for name in (*rows.held_in, rows.start, rows.end) if name}
        return {*self.subjects, *keys, *self.measures, *self.extra, *self.stake.columns, "score"}

    def lacks(self, marts: Marts) -> list[str]:
        """Marts without a row that the search needs; a selection must be there, with rows or without."""
        needed = [need for need in self.needs if not need.optional]
        return sorted(
            {
                need.mart
                for need in needed
                if not marts.has(need.mart)
                or (not need.is_selection and marts.is_empty(need.mart, need.where))
            }
        )


@dataclass(frozen=True)
class Detector(Generic[T]):
    """One kind and the ways in which it is looked for.

    Attributes:
        kind: the kind it finds, also the name of its folder.
        version: raised whenever the same data may give other candidates.
        thresholds: the class of its thresholds.
        searches: the ways.
    """

    kind: str
    version: str
    thresholds: type[T]
    searches: tuple[Search[T], ...]

    @property
    def needs(self) -> tuple[Need, ...]:
        """What all searches read."""
        return tuple(need for search in self.searches for need in search.needs)


@dataclass
class Inputs(Generic[T]):
    """What a search is given: marts, thresholds, the market, and known results of parts of the search.

    `undated` counts the candidates that a search left out because no due date is published for their year;
    `is_dated` says whether a search asked for the as-of date.
    """

    marts: Marts
    limits: T
    market: Market
    policy: Policy
    needs: tuple[Need, ...]
    parts: Parts = field(default_factory=Parts)
    undated: int = field(default=0, init=False)
    is_dated: bool = field(default=False, init=False)

    @property
    def as_of(self) -> date | None:
        """The as-of date. What a search found with it holds for that day alone."""
        self.is_dated = True
        return self.market.as_of

    def has(self, mart: str) -> bool:
        """Whether the mart has rows."""
        return not self.marts.is_empty(mart)

    def read(self, mart: str) -> pl.DataFrame:
        """The declared columns of a mart in memory; no rows where an optional mart is absent."""
        return self.scan(mart).collect()

    def scan(self, mart: str) -> pl.LazyFrame:
        """The declared columns of a mart, read when it is collected."""
        needs = [need for need in self.needs if need.mart == mart]
        if not needs:
            raise ValueError(f"mart {mart}: expected a need of the detector to name it, found none")
        columns = list(dict.fromkeys(column for need in needs for column in need.columns))
        if not self.marts.has(mart):
            return pl.LazyFrame(schema={name: kind for need in needs for name, kind in need.types.items()})
        return self.marts.scan(mart, *columns)

    def query(self, mart: str, sql: str) -> Iterator[pl.DataFrame]:
        """Run SQL over one partition of a large mart after the other; it reads the partition as `part`."""
        return self.marts.query(mart, sql)

    def once(self, key: Sequence[str], make: Callable[[], Any]) -> Any:
        """The result for a part of the search, computed once for these thresholds; see `parts.Once`."""
        return self.parts.once([self.limits.model_dump_json(), *key], make)

    def surrender_due(self, year: int) -> date | None:
        """The day on which surrender for a compliance year is due in this market, if one is known."""
        return rules.surrender_due(self.marts, self.market.id, year)

    def compliance_days(self, rows: pl.DataFrame, *, needs_deadline: bool = True) -> pl.DataFrame:
        """Adds `first_on` and `last_on` to rows with `year`: from 1 January to the surrender deadline.

        A `surrender_due_on` of the row precedes the market's. Where no deadline is known, a finding about
        the deadline cannot be dated: the row is left out and counted. A finding about the year's figures
        (`needs_deadline` false) then ends with the year.
        """
        due = {year: self.surrender_due(year) for year in rows["year"].unique().to_list()}
        market = pl.col("year").replace_strict(due, return_dtype=pl.Date, default=None)
        if not needs_deadline:
            market = market.fill_null(pl.date("year", 12, 31))
        own = pl.col("surrender_due_on") if "surrender_due_on" in rows.columns else pl.lit(None, pl.Date)
        first = pl.date("year", 1, 1)
        dated = rows.with_columns(first_on=first, last_on=pl.max_horizontal(first, own.fill_null(market)))
        dated = dated.filter(own.is_not_null() | market.is_not_null())
        self.undated += rows.height - dated.height
        return dated
