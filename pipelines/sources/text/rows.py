"""One row of text, one line that is none, and many rows as whole columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa


class Row(NamedTuple):
    """Fields of a row; `number` is the line of the file, or the row of the sheet, where it begins."""

    number: int
    fields: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether no field holds anything."""
        return not self.fields[0].strip() and not any(field.strip() for field in self.fields)

    def text_at(self, place: int) -> str:
        """Content of a field without outer blanks; empty where the row is too short for it."""
        return self.fields[place].strip() if place < len(self.fields) else ""


class Malformed(NamedTuple):
    """A line that could not be cut into the fields that the headings name."""

    number: int
    text: str


class Columns(NamedTuple):
    """Rows that follow one another, a column of text for each field; `first` is the number of the first."""

    first: int
    batch: pa.RecordBatch

    def rows(self) -> Iterator[Row]:
        """The same rows, one after the other; an absent value is an empty text."""
        fields = zip(*(column.to_pylist() for column in self.batch.columns), strict=True)
        for number, values in enumerate(fields, self.first):
            yield Row(number, ["" if value is None else value for value in values])


Rows = Iterator[Row | Malformed]
Block = Columns | list[Row | Malformed]
"""Rows that are handed on together, in the form in which they are had at the least cost."""
