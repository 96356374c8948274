"""Delimited text as rows (RFC 4180, with any delimiter), line by line.

A quoted field may hold line ends. A quote that is never closed would take in the rest of the file: where the
fields of several lines do not make one row, the first of these lines is malformed and reading goes on with
the second.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TextIO

from pipelines.sources.text.rows import Malformed, Row, Rows

DELIMITERS = (",", ";", "\t", "|")
LINE_LIMIT_CHARACTERS = 4 << 20
_LINES_OF_A_ROW = 100
_SHOWN_CHARACTERS = 4_000

csv.field_size_limit(LINE_LIMIT_CHARACTERS)


def rows(source: Lines, delimiter: str, width: int | None = None) -> Rows:
    """Rows of `source`; blank lines are passed over.

    With `width`, a row of another number of fields is malformed.
    """
    for number, line in source:
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        if len(line) >= LINE_LIMIT_CHARACTERS:
            yield _malformed(number, text)
            continue
        if '"' not in text:
            fields = text.split(delimiter)
            yield _row(number, fields, text, width)
            continue
        yield _quoted(source, number, line, delimiter, width)


class Lines:
    """Lines with their numbers, of which some can be given back."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        """Take lines with their numbers."""
        self._lines = iter(lines)
        self._returned: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._returned.popleft() if self._returned else next(self._lines)

    @property
    def has_returned(self) -> bool:
        """Whether lines that were given back wait to be read again."""
        return bool(self._returned)

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        """Hand out `lines` again, before all others."""
        self._returned.extendleft(reversed(lines))


def _quoted(source: Lines, number: int, line: str, delimiter: str, width: int | None) -> Row | Malformed:
    text = line
    further: list[tuple[int, str]] = []
    while ends_inside_quotes(text, delimiter) and len(further) < _LINES_OF_A_ROW:
        try:
            following = next(source)
        except StopIteration:
            break
        further.append(following)
        text += following[1]
    if not ends_inside_quotes(text, delimiter):
        try:
            row = _row(number, next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter)), text, width)
        except csv.Error:
            row = _malformed(number, text)
        if not further or isinstance(row, Row):
            return row
    source.give_back(further)
    return _malformed(number, line)


def _row(number: int, fields: list[str], text: str, width: int | None) -> Row | Malformed:
    # Lines that could not be decoded hold surrogates in place of the bytes.
    if (width is not None and len(fields) != width) or _has_surrogates(text):
        return _malformed(number, text)
    return Row(number, fields)


def _malformed(number: int, text: str) -> Malformed:
    shown = text.rstrip("\r\n")[:_SHOWN_CHARACTERS]
    return Malformed(number, shown.encode("utf-8", "backslashreplace").decode())


def _has_surrogates(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def ends_inside_quotes(text: str, delimiter: str) -> bool:
    """Whether a quoted field of `text` is still open at its end."""
    place = 0
    while place < len(text):
        if text[place] == '"':
            place = text.find('"', place + 1)
            while place >= 0 and text[place + 1 : place + 2] == '"':
                place = text.find('"', place + 2)
            if place < 0:
                return True
        place = text.find(delimiter, place)
        if place < 0:
            return False
        place += 1
    return False


def numbered_lines(stream: TextIO) -> Iterator[tuple[int, str]]:
    """Lines of a stream that was opened with `newline=""`, numbered from 1.

    A line beyond the limit is cut there, so that it cannot fill the memory; `rows` calls it malformed.
    """
    number = 0
    while line := stream.readline(LINE_LIMIT_CHARACTERS):
        number += 1
        yield number, line
        while line and not line.endswith(("\n", "\r")):
            line = stream.readline(LINE_LIMIT_CHARACTERS)
