"""One row of text, and one line that is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """Fields of a row; `number` is the line of the file, or the row of the sheet, where it begins."""

    number: int
    fields: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether no field holds anything."""
        return not self.fields[0].strip() and not any(field.strip() for field in self.fields)


class Malformed(NamedTuple):
    """A line that could not be cut into the fields that the headings name."""

    number: int
    text: str


Rows = Iterator[Row | Malformed]
