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

from itertools import islice

import duckdb
import pyarrow as pa

from pipelines.contract import schema
from pipelines.contract.checks import typed
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.model import Input
from pipelines.sources.mapping.notation import look, rewritten
from pipelines.sources.mapping.sql import count, execute
from pipelines.sources.text.headings import Layout
from pipelines.sources.text.rows import Malformed, Row
from pipelines.sources.text.sheets import ParquetSheet

_BATCH_ROWS = 50_000
_SHOWN_CHARACTERS = 200
_PLACE = "file, row_number, line_part"
_PLACE_TYPES = "file varchar, row_number bigint, line_part varchar"


class Intake:
    """One input of a mapping in a database of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str, entry: Input) -> None:
        """Make its empty relations."""
        self.con, self.name, self.entry = con, name, entry
        self.notes: list[str] = []
        self.files: list[str] = []
        self._factors: dict[str, float] = {}
        self._headings: dict[str, str] = {}
        self._last: dict[str, str] = {}
        texts = ", ".join(f"{quoted(column)} varchar" for column in entry.columns)
        con.execute(f"create table text_{name} ({_PLACE_TYPES}, {texts})")
        con.execute(f"create table without_{name} ({_PLACE_TYPES})")
        con.execute(
            f"create table left_{name} ({_PLACE_TYPES}, reason varchar, column_name varchar, value varchar)"
        )

    def add(self, layout: Layout, most_rows: int | None = None) -> None:
        """Take in the rows of one sheet as text; `most_rows` bounds their number.

        Raises:
            SourceError: a unit that the mapping does not know, or one that differs from an earlier file's.
        """
        self.files.append(layout.sheet.name)
        for name, place in layout.places.items():
            self._headings.setdefault(name, layout.heading_at(place))
        self._read_units(layout)
        self._last.clear()
        if isinstance(layout.sheet, ParquetSheet) and most_rows is None and not self._by_rows:
            self._insert_columns(layout, layout.sheet)
            return
        rows = islice(layout.rows(), most_rows)
        while batch := list(islice(rows, _BATCH_ROWS)):
            self._insert(layout, [row for row in batch if isinstance(row, Row)])
            malformed = [row for row in batch if isinstance(row, Malformed)]
            if malformed:
                self.con.executemany(
                    f"insert into left_{self.name} values (?, ?, '', 'malformed_line', null, ?)",
                    [(layout.sheet.name, row.number, row.text) for row in malformed],
                )
        self.notes += layout.left_out

    def _insert(self, layout: Layout, rows: list[Row]) -> None:
        if not rows:
            return
        columns = {
            name: self._filled_down(name, texts) if self.entry.columns[name].fill_down else texts
            for name, texts in self._texts(layout.places, rows).items()
        }
        for part, places in layout.parts.items() or [("", {})]:
            whole = {**columns, **self._texts(places, rows)}
            if self.entry.spread:
                whole[self.entry.spread] = [part] * len(rows)
            batch = pa.table(
                {
                    "file": pa.array([layout.sheet.name] * len(rows)),
                    "row_number": pa.array([row.number for row in rows], pa.int64()),
                    "line_part": pa.array([part] * len(rows)),
                    **{
                        name: pa.array(whole.get(name, [layout.above.get(name)] * len(rows)), pa.string())
                        for name in self.entry.columns
                    },
                }
            )
            self.con.register("batch", batch)
            self.con.execute(f"insert into text_{self.name} select * from batch")
            self.con.unregister("batch")

    def _texts(self, places: dict[str, int], rows: list[Row]) -> dict[str, list[str | None]]:
        """The texts of the columns at `places`, without outer blanks, null where they mean no value."""
        columns: dict[str, list[str | None]] = {}
        for name, place in places.items():
            absent = {"", *self.entry.nulls, *self.entry.columns[name].nulls}
            columns[name] = [
                None if (text := row.fields[place].strip(" \t\r\n")) in absent else text for row in rows
            ]
        return columns

    @property
    def _by_rows(self) -> bool:
        """Whether the place of a value in the sheet matters."""
        columns = self.entry.columns.values()
        return any(column.fill_down or not column.has_heading for column in columns)

    def _filled_down(self, name: str, texts: list[str | None]) -> list[str | None]:
        filled: list[str | None] = []
        for text in texts:
            if text is not None:
                self._last[name] = text
            filled.append(self._last.get(name))
        return filled

    def _insert_columns(self, layout: Layout, sheet: ParquetSheet) -> None:
        """Take in whole columns of text, by the same rules as single rows."""
        texts = []
        for name, column in self.entry.columns.items():
            place = layout.places.get(name)
            text = "null" if place is None else f"trim({quoted(sheet.headings[place])}, ' \t\r\n')"
            absent = ", ".join(literal(null) for null in sorted({"", *self.entry.nulls, *column.nulls}))
            texts.append(f"case when {text} not in ({absent}) then {text} end")
        begin = 0
        for batch in sheet.batches():
            self.con.register("batch", batch)
            self.con.execute(
                f"insert into text_{self.name} select {literal(sheet.name)}, "
                f"{begin} + row_number() over (), '', "
                f"{', '.join(texts)} from batch"
            )
            self.con.unregister("batch")
            begin += batch.num_rows

    def _read_units(self, layout: Layout) -> None:
        for name, column in self.entry.columns.items():
            place = layout.places.get(name)
            if not column.units or place is None or layout.unit_row is None:
                continue
            unit = layout.unit_row.fields[place].strip()
            factor = column.units.get(unit)
            if factor is None or self._factors.setdefault(name, factor) != factor:
                raise SourceError(
                    f"{layout.sheet.where}: expected {layout.heading.fields[place]!r} in one of the units "
                    f"{', '.join(column.units)}, the same in all files; found {unit!r} in line "
                    f"{layout.unit_row.number}. Add the unit with its factor to the mapping."
                )

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
                using ({_PLACE})
            order by rows.row_number
        """

    def quarantine_query(self) -> str:
        """Quarantined rows in the form that the lake counts."""
        pairs = ", ".join(
            f"{literal(name)}, texts.{quoted(name)}" for name in self.entry.key if name in self.entry.columns
        )
        key = f"cast(json_object({pairs}) as varchar)" if pairs else "cast(null as varchar)"
        return f"""
            select {literal(self.entry.table)} as table_name, {key} as record_key, rows.reason,
                rows.column_name, left(rows.value, {_SHOWN_CHARACTERS}) as value, rows.file, rows.row_number
            from left_{self.name} as rows
            left join text_{self.name} as texts
                using ({_PLACE})
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
            f"insert into without_{self.name} select {_PLACE} from {self.name} "
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
            factor = self._factors.get(name, 1.0)
            stated_type = column.type if factor == 1 or column.type == "float64" else "decimal(18,6)"
            kind = typed(schema.Column(name, stated_type, nullable=True), "VARCHAR")
            value = kind.value if factor == 1 else _multiplied(kind.value, factor, column.type)
            values.append(f"{value} as {quoted(name)}")
            raw = quoted("raw_" + name)
            conditions = [("missing_value", f"{raw} is null")] if column.filled else []
            sound = "" if kind.sound == "false" else f" and not ({kind.sound})"
            conditions += [(reason, f"{raw} is not null{sound} and ({test})") for reason, test in kind.faults]
            faults += [
                f"when {test} then struct_pack(reason := {literal(reason)}, "
                f"column_name := {literal(self._shown(name))}, value := {raw})"
                for reason, test in conditions
            ]
        self.con.execute(f"""
            create table typed_{self.name} as
            with rewritten as (select {_PLACE}, {", ".join(cleaned)}, {", ".join(raws)} from {source})
            select {_PLACE}, {", ".join(values)}, case {" ".join(faults)} end as fault from rewritten
        """)
        self.con.execute(f"""
            insert into left_{self.name}
            select {_PLACE}, fault.reason, fault.column_name, fault.value
            from typed_{self.name} where fault is not null
        """)
        self._run(
            f"create table {self.name} as select * exclude (fault) from typed_{self.name} "
            "where fault is null",
            "columns",
        )
        self.con.execute(f"drop table typed_{self.name}")

    def _settle_keys(self, key: tuple[str, ...]) -> None:
        """Keep equal rows once; quarantine all rows of one key that differ."""
        columns = self.con.execute(f"select * exclude ({_PLACE}) from {self.name} limit 0").description
        content = f"hash({', '.join(quoted(column[0]) for column in columns or [])})"
        keys = ", ".join(quoted(name) for name in key)
        self.con.execute(f"""
            create table marked as
            select {_PLACE},
                min({content}) over same_key <> max({content}) over same_key as differs,
                row_number() over (partition by {keys} order by {_PLACE}) > 1 as repeats
            from {self.name} window same_key as (partition by {keys})
        """)
        shown = " || ', ' || ".join(f"cast({quoted(name)} as varchar)" for name in key)
        for reason, condition in (("contradiction", "differs"), ("duplicate_row", "repeats")):
            chosen = f"({_PLACE}) in (select ({_PLACE}) from marked where {condition})"
            self._leave(chosen, reason, list(key), shown)
        self.con.execute("drop table marked")

    def _shown(self, name: str) -> str:
        """The heading that a column was published under, or the name of a derived one."""
        return self._headings.get(name, name)

    def _leave(self, condition: str, reason: str, columns: list[str], value: str) -> None:
        shown = literal(" and ".join(self._shown(name) for name in columns)) if columns else "null"
        self._run(
            f"insert into left_{self.name} select {_PLACE}, {literal(reason)}, {shown}, "
            f"cast({value} as varchar) from {self.name} where {condition}",
            "quarantine",
        )
        self._remove(f"left_{self.name}")

    def _remove(self, others: str) -> None:
        """Take rows that are in another relation out of those that are taken."""
        self.con.execute(f"delete from {self.name} where ({_PLACE}) in (select ({_PLACE}) from {others})")

    def _replace(self, query: str, entry: str) -> None:
        self._run(f"create table next_{self.name} as {query}", entry)
        self.con.execute(f"drop table {self.name}")
        self.con.execute(f"alter table next_{self.name} rename to {self.name}")

    def _run(self, query: str, entry: str) -> duckdb.DuckDBPyConnection:
        return execute(self.con, query, f"inputs.{self.name}.{entry}")


def _multiplied(value: str, factor: float, kind: str) -> str:
    number = f"cast({int(factor)} as decimal(9, 0))" if factor.is_integer() else repr(factor)
    target = {"int64": "bigint", "float64": "double"}.get(kind, kind)
    return f"cast(({value}) * {number} as {target})"
