"""The rows of an input as text, as they were published, before anything is typed.

`text_<input>` has one row a row of data, `left_<input>` at first the malformed lines. Empty cells and texts
that mean no value are null; merged cells are filled, values above the headings repeated, and lines that hold
several rows side by side are cut into them.
"""

from __future__ import annotations

from itertools import islice

import duckdb

from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.arriving import Arriving, Taken
from pipelines.sources.mapping.model import Column, Input
from pipelines.sources.text.headings import Layout, plain

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
        taken = self._taken(layout)
        rows = layout.blocks() if most_rows is None else iter([list(islice(layout.rows(), most_rows))])
        arriving = Arriving(rows, taken)
        while not arriving.is_at_end:
            arriving.insert(
                self.con, f"insert into text_{self.name} {self._query(layout, taken)} from arriving"
            )
            if arriving.malformed:
                self.con.executemany(
                    f"insert into left_{self.name} values (?, ?, '', 'malformed_line', null, ?)",
                    [(layout.sheet.name, row.number, row.text) for row in arriving.malformed],
                )
        self.notes += layout.left_out

    def _taken(self, layout: Layout) -> list[Taken]:
        """What is taken of the sheet, for the whole line and for each of its parts."""
        return [
            Taken(
                part,
                name,
                place,
                frozenset([*self.entry.nulls, *self.entry.columns[name].nulls]),
                self.entry.columns[name].fill_down,
            )
            for part, places in [("", layout.places), *layout.parts.items()]
            for name, place in places.items()
        ]

    def _query(self, layout: Layout, taken: list[Taken]) -> str:
        """Rows in the form of `text_<input>`: one for each row that arrives, or for each part of it."""
        place = f"select {literal(layout.sheet.name)}, row_number"
        if not layout.parts:
            return f"{place}, '', {', '.join(self._values(layout, taken, '').values())}"
        parts = []
        for part in layout.parts:
            values = {"line_part": literal(part), **self._values(layout, taken, part)}
            packed = (f"{quoted(name)} := cast({value} as varchar)" for name, value in values.items())
            parts.append(f"struct_pack({', '.join(packed)})")
        return f"{place}, unnest([{', '.join(parts)}], max_depth := 2)"

    def _values(self, layout: Layout, taken: list[Taken], part: str) -> dict[str, str]:
        """SQL of each column of the input, for one part of the line."""
        arrived = {column.name: quoted(str(n)) for n, column in enumerate(taken) if column.part in ("", part)}
        above = {name: literal(text) for name, text in layout.above.items()}
        spread = {self.entry.spread: literal(part)} if self.entry.spread else {}
        known = {**above, **arrived, **spread}
        return {name: known.get(name, "null") for name in self.entry.columns}

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
            unit = stated or line.text_at(place)
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
        unit = line.text_at(place) if line else ""
        if line and unit and column.is_figure:
            raise SourceError(
                f"{layout.sheet.where}: expected no unit for {heading!r}, as the mapping states none for "
                f"its column {name}; found {unit!r} in line {line.number}. Add `units: {{{unit}: FACTOR}}` "
                "to it; 1 where the figures need no conversion."
            )
