"""Where the headings of a table stand, and which of its columns were asked for.

Headings are compared without regard to case, width of characters (NFKC), line breaks and runs of blanks. They
may stand below other lines. Lines below them that repeat a heading in another way (frequency, unit) and
lines at the end that name the source are no data.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise, zip_longest

import pyarrow.compute as pc

from pipelines.core.errors import SourceError
from pipelines.sources.text.rows import Block, Columns, Malformed, Row, Rows
from pipelines.sources.text.sheets import ParquetSheet, Sheet

Names = Mapping[str, tuple[str, ...]]
"""For our name of a column, the headings it is published under."""

Patterns = Mapping[str, re.Pattern[str]]
"""For our name of a column, a pattern whose first group is what is taken."""

_SEARCHED_ROWS = 60
_CLOSING_WORDS = "(数据来源|资料来源|来源|注|备注|说明|sources?|notes?|footnotes?)"
_CLOSING = re.compile(rf"^{_CLOSING_WORDS}\s*[:：]", re.IGNORECASE)
_BLANKS = r"[\s\p{Z}\p{C}]*"
_PERHAPS_CLOSING = f"^{_BLANKS}({_CLOSING_WORDS}{_BLANKS}[:：]|$)"
"""For Arrow, whose patterns have no blanks beyond ASCII: an empty first field, or one that begins as such."""


def plain(heading: str) -> str:
    """A heading in the form in which headings are compared."""
    return " ".join(unicodedata.normalize("NFKC", heading).split()).casefold()


@dataclass(frozen=True)
class Wanted:
    """The headings of a table.

    `further` are patterns for the first field of lines below the headings that are no data, `unit_row` for
    the one of them that holds units. A sheet with a heading of `absent` is another table. `spread` are those
    that are published once for each value of something, such as a year, which the group of the pattern takes
    from the heading. `above` are columns whose one value stands in a line above the headings or in the name.
    Headings of two `lines` are read as one: a text of the upper line holds to its right, as in merged cells.
    """

    required: Names
    optional: Names = field(default_factory=dict)
    further: tuple[str, ...] = ()
    unit_row: str | None = None
    absent: tuple[str, ...] = ()
    lines: int = 1
    spread: Patterns = field(default_factory=dict)
    optional_spread: Patterns = field(default_factory=dict)
    above: Patterns = field(default_factory=dict)


@dataclass
class Layout:
    """A sheet with known headings.

    `places` gives, for our name of a column, its place in a row; `parts` gives the same for columns that are
    published once for each value of something, by that value; `above` are values that hold for all rows;
    `unit_row` is the line below the headings that holds units, if any; `left_out` collects what was found to
    be no data, while rows are read.
    """

    sheet: Sheet
    delimiter: str
    heading: Row
    places: dict[str, int]
    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)
    further: int = 0
    unit_row: Row | None = None
    left_out: list[str] = field(default_factory=list)

    def heading_at(self, place: int) -> str:
        """The heading as it was published, on one line."""
        return " ".join(self.heading.fields[place].split())

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings that nobody asked for."""
        taken = {place for places in (self.places, *self.parts.values()) for place in places.values()}
        return tuple(
            self.heading_at(place)
            for place, name in enumerate(self.heading.fields)
            if place not in taken and name.strip()
        )

    def rows(self) -> Rows:
        """Rows of data, and malformed lines, below the headings."""
        return self._data(self.sheet.rows(self.delimiter, len(self.heading.fields)))

    def blocks(self) -> Iterator[Block]:
        """The same rows, many at a time."""
        for block in self.sheet.blocks(self.delimiter, len(self.heading.fields)):
            if isinstance(block, list):
                yield list(self._data(block))
            elif isinstance(self.sheet, ParquetSheet) or not self._may_have_others(block):
                yield block
            else:
                yield list(self._data(block.rows()))

    def _may_have_others(self, block: Columns) -> bool:
        """Whether rows may be headings, blank or closing, by their first fields; each has to be looked at."""
        first = block.batch.column(0)
        return block.first <= self.heading.number + self.further or bool(
            pc.any(pc.match_substring_regex(first, _PERHAPS_CLOSING, ignore_case=True)).as_py()
        )

    def _data(self, rows: Iterable[Row | Malformed]) -> Rows:
        below = self.heading.number + self.further
        for row in rows:
            if row.number <= below or (isinstance(row, Row) and row.is_blank):
                continue
            if _is_closing(row, self.delimiter):
                text = row.text if isinstance(row, Malformed) else row.fields[0]
                self.left_out.append(f"{self.sheet.name}: line {row.number} is no data: {text.strip()}")
            else:
                yield row


def find(sheet: Sheet, wanted: Wanted) -> Layout | list[str]:
    """The sheet's layout, or the closest headings that it has.

    Raises:
        SourceError: a heading that was asked for stands there twice.
    """
    closest: tuple[int, list[str]] = (0, [])
    for delimiter in sheet.delimiters:
        head = [row for row in islice(sheet.rows(delimiter), _SEARCHED_ROWS) if isinstance(row, Row)]
        for row in _heading_rows(head, wanted.lines):
            present = [plain(name) for name in row.fields]
            missing = sum(
                not any(plain(name) in present for name in names) for names in wanted.required.values()
            ) + sum(not any(map(pattern.match, present)) for pattern in wanted.spread.values())
            strange = any(plain(name) in present for name in wanted.absent)
            if not missing and not strange:
                return _layout(sheet, delimiter, row, head, wanted)
            found = len(wanted.required) + len(wanted.spread) - missing - strange
            if found > closest[0] or not closest[1]:
                closest = (found, [name.strip() for name in row.fields if name.strip()])
    return closest[1]


def _heading_rows(head: list[Row], lines: int) -> list[Row]:
    """What may be headings: each row, or each row below another joined with it."""
    if lines == 1:
        return head
    return [_joined(upper, lower) for upper, lower in pairwise(head)]


def _joined(upper: Row, lower: Row) -> Row:
    fields, over = [], ""
    for above, below in zip_longest(upper.fields, lower.fields, fillvalue=""):
        over = above.strip() or over
        fields.append(f"{over if below.strip() else above} {below}".strip())
    return Row(lower.number, fields)


def _layout(sheet: Sheet, delimiter: str, heading: Row, head: list[Row], wanted: Wanted) -> Layout:
    place = next(place for place, row in enumerate(head) if row.number == heading.number)
    layout = Layout(sheet, delimiter, heading, _places(sheet, heading, wanted))
    for column, text in enumerate(plain(name) for name in heading.fields):
        for ours, pattern in (*wanted.spread.items(), *wanted.optional_spread.items()):
            if (match := pattern.match(text)) and column != layout.parts.setdefault(match[1], {}).setdefault(
                ours, column
            ):
                raise _twice(sheet, heading, column, 2)
    for ours, pattern in wanted.above.items():
        texts = [" ".join(filter(None, (plain(text) for text in row.fields))) for row in head[:place]]
        found = next(filter(None, map(pattern.search, [*reversed(texts), plain(sheet.name)])), None)
        if found:
            layout.above[ours] = found[1]
    for row in head[place + 1 :]:
        first = row.fields[0].strip()
        if wanted.unit_row and re.search(wanted.unit_row, first):
            layout.unit_row = row
        elif not any(re.search(pattern, first) for pattern in wanted.further):
            break
        layout.further = row.number - heading.number
    return layout


def _places(sheet: Sheet, heading: Row, wanted: Wanted) -> dict[str, int]:
    present = [plain(name) for name in heading.fields]
    counts = Counter(present)
    places: dict[str, int] = {}
    for ours, published in {**wanted.required, **wanted.optional}.items():
        name = next((plain(name) for name in published if plain(name) in counts), None)
        if name is None:
            continue
        if counts[name] > 1:
            raise _twice(sheet, heading, present.index(name), counts[name])
        places[ours] = present.index(name)
    return places


def _twice(sheet: Sheet, heading: Row, place: int, times: int) -> SourceError:
    return SourceError(
        f"{sheet.where}: expected the heading {heading.fields[place]!r} once in line {heading.number}, "
        f"found it {times} times. Take the published file."
    )


def _is_closing(row: Row | Malformed, delimiter: str) -> bool:
    if isinstance(row, Malformed):
        text = row.text.strip(delimiter + " ")
        return delimiter not in text and bool(_CLOSING.match(text))
    if not _CLOSING.match(row.fields[0].strip() or "".join(row.fields).strip()):
        return False
    return sum(bool(value.strip()) for value in row.fields) == 1
