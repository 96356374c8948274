"""Where the headings of a table stand, and which of its columns were asked for.

Headings are compared without regard to case, width of characters (NFKC), line breaks and runs of blanks. They
may stand below other lines. Lines below them that repeat a heading in another way (frequency, unit) and
lines at the end that name the source are no data.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from pipelines.core.errors import SourceError
from pipelines.sources.text.rows import Malformed, Row, Rows
from pipelines.sources.text.sheets import Sheet

Names = Mapping[str, tuple[str, ...]]
"""For our name of a column, the headings it is published under."""

_SEARCHED_ROWS = 60
_CLOSING = re.compile(
    r"^(数据来源|资料来源|来源|注|备注|说明|sources?|notes?|footnotes?)\s*[:：]", re.IGNORECASE
)


def plain(heading: str) -> str:
    """A heading in the form in which headings are compared."""
    return " ".join(unicodedata.normalize("NFKC", heading).split()).casefold()


@dataclass
class Layout:
    """A sheet with known headings.

    `places` gives, for our name of a column, its place in a row; `unit_row` is the line below the headings
    that holds units, if any; `left_out` collects what was found to be no data, while rows are read.
    """

    sheet: Sheet
    delimiter: str
    heading: Row
    places: dict[str, int]
    further: int = 0
    unit_row: Row | None = None
    left_out: list[str] = field(default_factory=list)

    def heading_at(self, place: int) -> str:
        """The heading as it was published, on one line."""
        return " ".join(self.heading.fields[place].split())

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings that nobody asked for."""
        taken = set(self.places.values())
        return tuple(
            self.heading_at(place)
            for place, name in enumerate(self.heading.fields)
            if place not in taken and name.strip()
        )

    def rows(self) -> Rows:
        """Rows of data, and malformed lines, below the headings."""
        width = len(self.heading.fields)
        below = self.heading.number + self.further
        for row in self.sheet.rows(self.delimiter, width):
            if row.number <= below or (isinstance(row, Row) and row.is_blank):
                continue
            if _is_closing(row, self.delimiter):
                text = row.text if isinstance(row, Malformed) else row.fields[0]
                self.left_out.append(f"{self.sheet.name}: line {row.number} is no data: {text.strip()}")
            else:
                yield row


def find(
    sheet: Sheet, required: Names, optional: Names, further: tuple[str, ...] = (), unit_row: str | None = None
) -> Layout | list[str]:
    """The sheet's layout, or the closest headings that it has.

    `further` are patterns for the first field of lines below the headings that are no data, `unit_row` for
    the one of them that holds units.

    Raises:
        SourceError: a heading that was asked for stands there twice.
    """
    closest: tuple[int, list[str]] = (0, [])
    for delimiter in sheet.delimiters:
        head = [row for row in islice(sheet.rows(delimiter), _SEARCHED_ROWS) if isinstance(row, Row)]
        for place, row in enumerate(head):
            present = [plain(name) for name in row.fields]
            missing = [
                names for names in required.values() if not any(plain(name) in present for name in names)
            ]
            if not missing:
                return _layout(
                    sheet, delimiter, row, head[place + 1 :], {**required, **optional}, further, unit_row
                )
            found = len(required) - len(missing)
            if found > closest[0] or not closest[1]:
                closest = (found, [name.strip() for name in row.fields if name.strip()])
    return closest[1]


def _layout(
    sheet: Sheet,
    delimiter: str,
    heading: Row,
    below: list[Row],
    names: Names,
    further: tuple[str, ...],
    unit_row: str | None,
) -> Layout:
    present = [plain(name) for name in heading.fields]
    places: dict[str, int] = {}
    counts = Counter(present)
    for ours, published in names.items():
        name = next((plain(name) for name in published if plain(name) in counts), None)
        if name is None:
            continue
        if counts[name] > 1:
            raise SourceError(
                f"{sheet.where}: expected the heading {heading.fields[present.index(name)]!r} once in line "
                f"{heading.number}, found it {counts[name]} times. Take the published file."
            )
        places[ours] = present.index(name)
    layout = Layout(sheet, delimiter, heading, places)
    for row in below:
        first = row.fields[0].strip()
        if unit_row and re.search(unit_row, first):
            layout.unit_row = row
        elif not any(re.search(pattern, first) for pattern in further):
            break
        layout.further = row.number - heading.number
    return layout


def _is_closing(row: Row | Malformed, delimiter: str) -> bool:
    if isinstance(row, Malformed):
        text = row.text.strip(delimiter + " ")
        return delimiter not in text and bool(_CLOSING.match(text))
    if not _CLOSING.match(row.fields[0].strip() or "".join(row.fields).strip()):
        return False
    return sum(bool(value.strip()) for value in row.fields) == 1
