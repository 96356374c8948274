"""The form of a mapping file, checked when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.contract.reasons import REASONS
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_entries, read_yaml

Name = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]{0,62}$")]
Type = Annotated[str, Field(pattern=r"^(string|int64|float64|bool|date|timestamp|decimal\(\d+,\d+\))$")]
Sql = Annotated[str, Field(min_length=1)]

OPEN = "STATE"
"""What a proposal writes where a person has to decide."""

TAKEN = {"file", "row_number", "line_part", "fault"}
"""Columns that rows have anyway."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of a published table.

    `names` are the headings it is published under, by default its own name. `spread` is a pattern for columns
    that are published once for each value of something (see `Input.spread`), `above` one for a text that
    stands once above the headings or in the file's name. `fill_down` is for merged cells. `zone` is
    the time zone of times that state none. `units` gives, for a unit that the table may state for the column,
    the factor to the unit that the mapping works with; a name may hold `{unit}`, as in `volume ({unit})`.
    """

    names: tuple[str, ...] = ()
    type: Type = "string"
    spread: str | None = Field(default=None, description="pattern; its group is the value of Input.spread")
    above: str | None = Field(default=None, description="pattern; its group is the value for all rows")
    optional: bool = Field(default=False, description="the heading may be absent")
    fill_down: bool = Field(default=False, description="an empty cell has the value of the row above it")
    filled: bool = Field(default=False, description="rows without a value are quarantined")
    nulls: tuple[str, ...] = Field(default=(), description="texts that mean no value in this column")
    decimal: Literal["point", "comma", "detect"] = "detect"
    date_order: Literal["ymd", "dmy", "mdy", "detect"] = "detect"
    zone: str | None = None
    units: dict[str, float] = {}

    @model_validator(mode="after")
    def _patterns(self) -> Column:
        for pattern in filter(None, (self.spread, self.above)):
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"expected a pattern, found {pattern!r} ({error})") from error
            if groups != 1:
                raise ValueError(f"expected a pattern with one group, found {pattern!r}")
        return self

    def headings(self, name: str) -> dict[str, str | None]:
        """The headings it is published under, by default `name`, and the unit that a heading states."""
        return {
            heading.replace("{unit}", unit): unit if "{unit}" in heading else None
            for heading in self.names or (name,)
            for unit in (self.units if "{unit}" in heading else ("",))
        }

    @property
    def is_figure(self) -> bool:
        """Whether its values are numbers."""
        return self.type.startswith(("int", "float", "decimal"))

    @property
    def has_heading(self) -> bool:
        """Whether it is published under a heading of its own."""
        return self.spread is None and self.above is None


class Refusal(_Strict):
    """Rows that cannot be taken: they are quarantined for `reason`, with `value` of `column` shown."""

    when: Sql
    reason: str
    column: str | None = None
    value: Sql | None = None

    @model_validator(mode="after")
    def _known(self) -> Refusal:
        if self.reason not in REASONS:
            raise ValueError(f"reason: expected one of {', '.join(REASONS)}; found {self.reason!r}")
        return self


class Tonnes(_Strict):
    """Which column of a table, times `factor`, is tonnes: what is at stake in rows that are quarantined."""

    of: Name
    factor: float = 1.0


class Input(_Strict):
    """One published table.

    `member` names its file in a zip archive, `file` its file in a folder; without either, `PATH` itself or
    all files of that folder have it.
    Where several tables are in the same files, their headings distinguish them: one that has a heading
    of `absent` is another table. `spread` names the column that takes the year, or whatever it is, for which
    columns are published side by side; each published line is then one row for each of them.
    `table` is the contract table under which its rows are accounted for. `derive` adds columns by SQL
    expressions, in order, each of which may use the ones before.
    """

    member: str | None = None
    file: str | None = Field(
        default=None, description="name without suffix of the file in the given folder that has the rows"
    )
    sheets: str | None = Field(default=None, description="pattern of the names of sheets to read")
    table: str
    rows: str = Field(description="what one row is")
    columns: dict[Name, Column] = Field(min_length=1)
    absent: tuple[str, ...] = Field(default=(), description="headings that only other tables have")
    heading_lines: Literal[1, 2] = Field(default=1, description="lines that the headings span")
    spread: Name | None = Field(default=None, description="column that takes what patterns of columns find")
    further_headings: tuple[str, ...] = Field(
        default=(), description="patterns for the first field of lines below the headings that are no data"
    )
    unit_row: str | None = Field(default=None, description="pattern for the first field of the line of units")
    nulls: tuple[str, ...] = Field(default=(), description="texts that mean no value in any column")
    derive: dict[Name, Sql] = {}
    no_data: Sql | None = Field(
        default=None, description="SQL condition on rows that state nothing; they are counted, not written"
    )
    not_written: Sql | None = Field(
        default=None,
        description="SQL condition on sound rows that are not written, such as months of a year that is not "
        "complete; it is tested after the keys, and they are counted",
    )
    quarantine: tuple[Refusal, ...] = ()
    key: tuple[Name, ...] = ()
    tonnes: Tonnes | None = None
    may_be_empty: bool = False

    @model_validator(mode="after")
    def _known(self) -> Input:
        if self.table not in TABLES:
            raise ValueError(f"table: expected a table of the contract, found {self.table!r}")
        if bool(self.spread) != any(column.spread for column in self.columns.values()):
            raise ValueError(
                "spread: expected the name of a column, and columns with a pattern; found one only"
            )
        known = {*self.columns, *self.derive}
        if taken := sorted(known & TAKEN):
            raise ValueError(f"columns: expected other names than {', '.join(taken)}, which rows have anyway")
        stake = self.tonnes.of if self.tonnes else None
        named = {*self.key, stake, self.spread, *(rule.column for rule in self.quarantine)} - {None}
        if strange := sorted(str(name) for name in named - known):
            raise ValueError(
                "key, tonnes, spread and quarantine: expected columns of the input, "
                f"found {', '.join(strange)}"
            )
        return self


class Selection(_Strict):
    """Rows of a contract table: SQL expressions over one input, or a whole query, or rows as they are."""

    source: Name | None = Field(default=None, alias="from")
    columns: dict[str, Sql] = {}
    where: Sql | None = None
    sql: Sql | None = None
    rows: tuple[dict[str, str | int | float | None], ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Selection:
        forms = [bool(self.source and self.columns), self.sql is not None, bool(self.rows)]
        if sum(forms) != 1:
            raise ValueError("expected one of: `from` with `columns`, `sql`, `rows`")
        return self


class Remark(_Strict):
    """A sentence of the report. `sql` gives a number, and perhaps examples; 0 leaves the sentence out.

    `{n}` and `{values}` of `text` stand for them.
    """

    sql: Sql
    text: str


class Mapping(_Strict):
    """A whole mapping.

    `code_lists` are CSV files beside the mapping (of a built-in one: in `codes/`); SQL finds each as
    `codes_<name>`. `views` are queries that several tables use, in order.
    """

    title: str
    notes: str = ""
    market: dict[str, str]
    code_lists: tuple[Name, ...] = ()
    inputs: dict[Name, Input] = Field(min_length=1)
    views: dict[Name, Sql] = {}
    tables: dict[str, Selection]
    remarks: tuple[Remark, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Mapping:
        if strange := sorted(set(self.tables) - set(TABLES)):
            raise ValueError(f"tables: expected tables of the contract, found {', '.join(strange)}")
        places = {
            "member" if entry.member else "file or sheets" if entry.file or entry.sheets else "headings"
            for entry in self.inputs.values()
        }
        if len(places) > 1:
            raise ValueError(
                "inputs: expected all of them in an archive, or each with its own file or sheets, or all "
                f"distinguished by their headings; found {' and '.join(sorted(places))}"
            )
        return self

    @property
    def by_headings(self) -> bool:
        """Whether several tables are distinguished by their headings; a file then has one of them."""
        return len(self.inputs) > 1 and not any(
            entry.member or entry.file or entry.sheets for entry in self.inputs.values()
        )

    @property
    def members(self) -> tuple[str, ...]:
        """Members of the archive that are read; none where files are."""
        return tuple(entry.member for entry in self.inputs.values() if entry.member)


def load(path: Path) -> Mapping:
    """The mapping of a file.

    Raises:
        SourceError: no such file, no YAML, or not of the form; the message names the entry.
    """
    content = read_yaml(path, "a mapping file")
    if opened := list(_open_places(content)):
        raise SourceError(
            f"{path}: expected every {OPEN} to be replaced, found it in {', '.join(opened[:5])}. "
            "Write there what the file means."
        )
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        found = invalid_entries(error, "mapping")
        raise SourceError(f"{path}: expected a mapping; {found}. See docs/how-to/map-a-file.md.") from error


def _open_places(content: Any, place: str = "") -> Iterator[str]:
    """Entries in which a proposal still says STATE; a heading may be called so."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name != "names":
                yield from _open_places(value, f"{place}.{name}" if place else str(name))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _open_places(value, f"{place}.{number}")
    elif isinstance(content, str) and (content == OPEN or content.startswith(f"{OPEN} ")):
        yield place
