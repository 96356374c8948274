"""The rows of an input as text, as they were published, before anything is typed.

`text_<input>` has one row a row of data, `left_<input>` at first the malformed lines. Empty cells and texts
that mean no value are null; merged cells are filled, values above the headings repeated, and lines that hold
several rows side by side are cut into them.
"""

from __future__ import annotations

from itertools import islice

import duckdb
import pyarrow as pa

from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.model import Column, Input
from pipelines.sources.text.headings import Layout, plain
from pipelines.sources.text.rows import Malformed, Row
from pipelines.sources.text.sheets import ParquetSheet

_BATCH_ROWS = 50_000
PLACE = "file, row_number, line_part"
"""Columns that identify a row of an input; `line_part` is empty unless a line holds several rows."""
PLACE_TYPES = "file varchar, row_number bigint, line_part varchar"


class TextTable:
    """Texts of one input in a database.

    `headings` gives, for our name of a column, the heading it was published under, and `factors` what its
    values are to be multiplied with, by the unit that the table states.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str, entry: Input) -> None:
        """Make its empty relations."""
        self.con, self.name, self.entry = con, name, entry
        self.notes: list[str] = []
        self.files: list[str] = []
        self.factors: dict[str, float] = {}
        self.headings: dict[str, str] = {}
        self._last: dict[str, str] = {}
        texts = ", ".join(f"{quoted(column)} varchar" for column in entry.columns)
        con.execute(f"create table text_{name} ({PLACE_TYPES}, {texts})")
        con.execute(
            f"create table left_{name} ({PLACE_TYPES}, reason varchar, column_name varchar, value varchar)"
        )

    def add(self, layout: Layout, most_rows: int | None = None) -> None:
        """Take in the rows of one sheet as text; `most_rows` bounds their number.

        Raises:
            SourceError: a unit that the mapping does not know, or one that differs from an earlier file's.
        """
        self.files.append(layout.sheet.name)
        for name, place in layout.places.items():
            self.headings.setdefault(name, layout.heading_at(place))
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
            if place is None:
                continue
            heading = layout.heading_at(place)
            if not column.units:
                self._check_undeclared(layout, name, column, heading, place)
                continue
            stated = {plain(text): unit for text, unit in column.headings(name).items()}.get(plain(heading))
            if stated is None and layout.unit_row is None:
                continue
            line = layout.unit_row or layout.heading
            unit = stated or line.fields[place].strip()
            factor = column.units.get(unit)
            if factor is None or self.factors.setdefault(name, factor) != factor:
                raise SourceError(
                    f"{layout.sheet.where}: expected {heading!r} in one of the units "
                    f"{', '.join(column.units)}, the same in all files; found {unit!r} in line "
                    f"{line.number}. Add the unit with its factor to the mapping."
                )

    @staticmethod
    def _check_undeclared(layout: Layout, name: str, column: Column, heading: str, place: int) -> None:
        """Refuse figures under a unit of which the mapping says nothing: 万吨 is 10,000 times 吨."""
        line = layout.unit_row
        unit = line.fields[place].strip() if line and place < len(line.fields) else ""
        if line and unit and column.is_figure:
            raise SourceError(
                f"{layout.sheet.where}: expected no unit for {heading!r}, as the mapping states none for "
                f"its column {name}; found {unit!r} in line {line.number}. Add `units: {{{unit}: FACTOR}}` "
                "to it; 1 where the figures need no conversion."
            )
