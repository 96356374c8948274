"""Rows of a published table: read as text, then typed, or quarantined with a reason.

Per input of a mapping there are four relations:

    text_<input>    one row a row of data: the row's place, and each column as text
    <input>         rows that are taken: the row's place, and typed and derived columns
    left_<input>    rows that are not: the row's place, reason, column_name, value
    without_<input> rows that state nothing, or nothing to write, by the mapping's rule: the row's place

A row's place is file, row_number and line_part, which is empty unless a line holds several rows side by side.
Every row of `text_<input>`, and every malformed line, is in exactly one of the other three. A row leaves for
the first reason that applies: a malformed line, a missing value, a value that its type does not allow (the
checks of the contract), a rule of the mapping, its key.
"""

from __future__ import annotations

import duckdb

from pipelines.contract import schema
from pipelines.contract.checks import Typed, typed
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.model import Input
from pipelines.sources.mapping.notation import look, rewritten
from pipelines.sources.mapping.sql import count, execute
from pipelines.sources.mapping.texts import PLACE, PLACE_TYPES, TextTable
from pipelines.sources.text.headings import Layout

_SHOWN_CHARACTERS = 200


class Intake:
    """One input of a mapping in a database of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str, entry: Input) -> None:
        """Make its empty relations."""
        self.con, self.name, self.entry = con, name, entry
        self._texts = TextTable(con, name, entry)
        self._stated_tonnes = "null"
        con.execute(f"create table without_{name} ({PLACE_TYPES})")

    def add(self, layout: Layout) -> None:
        """Take in the rows of one sheet as text.

        Raises:
            SourceError: a unit that the mapping does not know, or one that differs from an earlier file's.
        """
        self._texts.add(layout)

    @property
    def files(self) -> list[str]:
        """Names of the sheets that were taken in."""
        return self._texts.files

    @property
    def notes(self) -> list[str]:
        """Lines that were found to be no data."""
        return self._texts.notes

    @property
    def read(self) -> int:
        """Rows that the published table has, malformed lines among them."""
        return sum(
            count(self.con, relation) for relation in (self.name, f"left_{self.name}", f"without_{self.name}")
        )

    def files_with_quarantine(self) -> list[str]:
        """Files with quarantined rows, in order."""
        found = self.con.execute(f"select distinct file from left_{self.name} order by file").fetchall()
        return [row[0] for row in found]

    def published_query(self, file: str) -> str:
        """Quarantined rows of `file`, as they were published, with their reasons."""
        texts = ", ".join(
            f"texts.{quoted(name)} as {quoted(self._shown(name))}" for name in self.entry.columns
        )
        return f"""
            select rows.row_number, rows.reason as quarantine_reason, rows.column_name as quarantine_column,
                rows.value as quarantine_value, {texts}
            from (select * from left_{self.name} where file = {literal(file)}) as rows
            left join text_{self.name} as texts
                using ({PLACE})
            order by rows.row_number
        """

    @property
    def tonnes_query(self) -> str:
        """The place of each row of data, and the tonnes that it states; null where no number can be read."""
        number = f"try_cast({self._stated_tonnes} as double)"
        factor = self.entry.tonnes.factor if self.entry.tonnes else 1.0
        return (
            f"select {PLACE}, case when isfinite({number}) then {number} * {factor!r} end as tonnes "
            f"from text_{self.name}"
        )

    def quarantine_query(self) -> str:
        """Quarantined rows in the form that the lake counts."""
        pairs = ", ".join(
            f"{literal(name)}, texts.{quoted(name)}" for name in self.entry.key if name in self.entry.columns
        )
        key = f"cast(json_object({pairs}) as varchar)" if pairs else "cast(null as varchar)"
        return f"""
            select {literal(self.entry.table)} as table_name, {key} as record_key, rows.reason,
                rows.column_name, left(rows.value, {_SHOWN_CHARACTERS}) as value, rows.file, rows.row_number,
                stated.tonnes
            from left_{self.name} as rows
            left join text_{self.name} as texts
                using ({PLACE})
            left join ({self.tonnes_query}) as stated
                using ({PLACE})
        """

    def take(self, where: str) -> None:
        """Type all rows, derive columns, and quarantine what cannot be taken.

        Raises:
            SourceError: a column can be read in two ways, or the mapping's SQL is wrong.
        """
        self._type(where)
        for name, expression in self.entry.derive.items():
            self._replace(f"select *, {expression} as {quoted(name)} from {self.name}", f"derive.{name}")
        for rule in self.entry.quarantine:
            value = rule.value or (quoted(rule.column) if rule.column else "null")
            self._leave(
                f"coalesce({rule.when}, false)", rule.reason, [rule.column] if rule.column else [], value
            )
        self._count_without(self.entry.no_data, "no_data")
        if self.entry.key:
            self._settle_keys(self.entry.key)
        self._count_without(self.entry.not_written, "not_written")

    def _count_without(self, condition: str | None, entry: str) -> None:
        if condition is None:
            return
        self._run(
            f"insert into without_{self.name} select {PLACE} from {self.name} "
            f"where coalesce({condition}, false)",
            entry,
        )
        self._remove(f"without_{self.name}")

    def _type(self, where: str) -> None:
        source = f"text_{self.name}"
        cleaned, values, faults, raws = [], [], [], []
        noted = [name for name, column in self.entry.columns.items() if column.type not in ("string", "bool")]
        seen = look(self.con, source, noted)
        for name, column in self.entry.columns.items():
            text = (
                rewritten(self.con, source, name, column, seen[name], where) if name in seen else quoted(name)
            )
            cleaned.append(f"{text} as {quoted(name)}")
            raws.append(f"{quoted(name)} as {quoted('raw_' + name)}")
            factor = self._texts.factors.get(name, 1.0)
            if self.entry.tonnes and self.entry.tonnes.of == name:
                self._stated_tonnes = f"try_cast({text} as double) * {factor!r}"
            stated_type = column.type if factor == 1 or column.type == "float64" else "decimal(18,6)"
            kind = typed(schema.Column(name, stated_type, nullable=True), "VARCHAR")
            value = kind.value if factor == 1 else _multiplied(kind.value, factor, column.type)
            values.append(f"{value} as {quoted(name)}")
            raw = quoted("raw_" + name)
            faults.append(_fault(raw, literal(self._shown(name)), kind, column.filled))
        self.con.execute(f"""
            create table typed_{self.name} as
            with rewritten as (select {PLACE}, {", ".join(cleaned)}, {", ".join(raws)} from {source})
            select {PLACE}, {", ".join(values)}, coalesce({", ".join(faults)}) as fault from rewritten
        """)
        self.con.execute(f"""
            insert into left_{self.name}
            select {PLACE}, fault.reason, fault.column_name, fault.value
            from typed_{self.name} where fault is not null
        """)
        # Without a copy of the rows: there may be more of them than the disk holds twice.
        self.con.execute(f"delete from typed_{self.name} where fault is not null")
        self.con.execute(f"alter table typed_{self.name} drop column fault")
        self.con.execute(f"alter table typed_{self.name} rename to {self.name}")

    def _settle_keys(self, key: tuple[str, ...]) -> None:
        """Keep equal rows once; quarantine all rows of one key that differ."""
        columns = self.con.execute(f"select * exclude ({PLACE}) from {self.name} limit 0").description
        content = f"hash({', '.join(quoted(column[0]) for column in columns or [])})"
        keys = ", ".join(quoted(name) for name in key)
        self.con.execute(f"""
            create table marked as
            select {PLACE},
                min({content}) over same_key <> max({content}) over same_key as differs,
                row_number() over (partition by {keys} order by {PLACE}) > 1 as repeats
            from {self.name} window same_key as (partition by {keys})
        """)
        shown = " || ', ' || ".join(f"cast({quoted(name)} as varchar)" for name in key)
        for reason, condition in (("contradiction", "differs"), ("duplicate_row", "repeats")):
            chosen = f"({PLACE}) in (select ({PLACE}) from marked where {condition})"
            self._leave(chosen, reason, list(key), shown)
        self.con.execute("drop table marked")

    def _shown(self, name: str) -> str:
        """The heading that a column was published under, or the name of a derived one."""
        return self._texts.headings.get(name, name)

    def _leave(self, condition: str, reason: str, columns: list[str], value: str) -> None:
        shown = literal(" and ".join(self._shown(name) for name in columns)) if columns else "null"
        self._run(
            f"insert into left_{self.name} select {PLACE}, {literal(reason)}, {shown}, "
            f"cast({value} as varchar) from {self.name} where {condition}",
            "quarantine",
        )
        self._remove(f"left_{self.name}")

    def _remove(self, others: str) -> None:
        """Take rows that are in another relation out of those that are taken."""
        self.con.execute(f"delete from {self.name} where ({PLACE}) in (select ({PLACE}) from {others})")

    def _replace(self, query: str, entry: str) -> None:
        self._run(f"create table next_{self.name} as {query}", entry)
        self.con.execute(f"drop table {self.name}")
        self.con.execute(f"alter table next_{self.name} rename to {self.name}")

    def _run(self, query: str, entry: str) -> duckdb.DuckDBPyConnection:
        return execute(self.con, query, f"inputs.{self.name}.{entry}")


def _fault(raw: str, shown: str, kind: Typed, filled: bool) -> str:
    """SQL for the first fault of a value, with its reason; null where there is none."""

    def found(reason: str) -> str:
        return f"struct_pack(reason := {literal(reason)}, column_name := {shown}, value := {raw})"

    absent = found("missing_value") if filled else "null"
    others = " ".join(f"when {condition} then {found(reason)}" for reason, condition in kind.faults)
    return f"case when {raw} is null then {absent} when {kind.sound} then null {others} end"


def _multiplied(value: str, factor: float, kind: str) -> str:
    number = f"cast({int(factor)} as decimal(9, 0))" if factor.is_integer() else repr(factor)
    target = {"int64": "bigint", "float64": "double"}.get(kind, kind)
    return f"cast(({value}) * {number} as {target})"
