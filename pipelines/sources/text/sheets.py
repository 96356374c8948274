"""Sheets: what holds one table, a text file, a sheet of a workbook or a Parquet file, as repeatable rows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import cast

import duckdb
import pyarrow as pa

from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_parquet
from pipelines.core.sql import path_literal
from pipelines.sources.text import blocks, delimited, encoding
from pipelines.sources.text.files import Published
from pipelines.sources.text.rows import Block, Columns, Row, Rows

_BATCH_ROWS = 50_000
_SEARCHED_BYTES = 1 << 20
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files of the format begin that old and encrypted workbooks have."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The entry of such a file that holds an encrypted workbook."""


@dataclass(frozen=True)
class Sheet:
    """A table's rows; `rows` may be called again and begins anew."""

    published: Published
    name: str
    where: str

    def rows(self, delimiter: str, width: int | None = None) -> Rows:
        """Rows from the top; `delimiter` and `width` say how lines of text are cut."""
        raise NotImplementedError

    def blocks(self, delimiter: str, width: int) -> Iterator[Block]:
        """The same rows, many at a time."""
        rows = self.rows(delimiter, width)
        while batch := list(islice(rows, _BATCH_ROWS)):
            yield batch

    @property
    def delimiters(self) -> tuple[str, ...]:
        """Delimiters that its rows may have; a workbook has none."""
        return ("",)

    @property
    def notes(self) -> list[str]:
        """What a report says about how it was read."""
        return []


@dataclass(frozen=True)
class TextSheet(Sheet):
    """A delimited text file."""

    text: encoding.Text

    @property
    def delimiters(self) -> tuple[str, ...]:
        """Delimiters that its lines may have."""
        return delimited.DELIMITERS

    @property
    def notes(self) -> list[str]:
        """Its encoding, where that is not UTF-8, and whether it may have been cut."""
        codec, notes = self.text.codec, []
        if codec != encoding.UTF8:
            notes.append(f"{self.name}: encoding {encoding.ENCODINGS.get(codec, codec)}")
        if self.text.may_be_cut:
            notes.append(
                f"{self.name}: the last line has no line end; if the file was cut, its last row is incomplete"
            )
        return notes

    def rows(self, delimiter: str, width: int | None = None) -> Rows:
        """Rows and malformed lines."""
        with self.published.open() as stream:
            text = io.TextIOWrapper(stream, self.text.codec, errors=encoding.escaping(), newline="")
            lines = delimited.Lines(delimited.numbered_lines(text))
            yield from delimited.rows(lines, delimiter, width)
            text.detach()

    def blocks(self, delimiter: str, width: int) -> Iterator[Block]:
        """Rows and malformed lines, as columns where lines are plain."""
        if self.text.codec not in blocks.CODECS:
            yield from super().blocks(delimiter, width)
            return
        with self.published.open() as stream:
            yield from blocks.blocks(stream, self.text.codec, delimiter, width)


@dataclass(frozen=True)
class WorkbookSheet(Sheet):
    """One sheet of a workbook; its cells become text as a CSV file would have it."""

    sheet: str

    def rows(self, delimiter: str, width: int | None = None) -> Rows:
        """Rows that are not blank; all have the width of the sheet."""
        from python_calamine import CalamineError, load_workbook

        with self.published.open() as stream, closing(load_workbook(stream)) as workbook:
            try:
                cells = workbook.get_sheet_by_name(self.sheet).iter_rows()
                for number, values in enumerate(cells, 1):
                    row = Row(number, [_text(value) for value in values])
                    if not row.is_blank:
                        yield row
            except CalamineError as error:
                raise SourceError(
                    f"{self.where}: expected a sheet that can be read, found a damaged one. "
                    "Save the workbook again."
                ) from error


@dataclass(frozen=True)
class ParquetSheet(Sheet):
    """The table of a Parquet file; its names of columns are row 0.

    Values become text as DuckDB writes them: times in UTC, numbers in all their digits.
    """

    headings: tuple[str, ...]

    def rows(self, delimiter: str, width: int | None = None) -> Rows:
        """Names of columns, then rows; an absent value is an empty text."""
        yield Row(0, list(self.headings))
        for columns in self.blocks(delimiter, len(self.headings)):
            yield from columns.rows()

    def blocks(self, delimiter: str, width: int) -> Iterator[Columns]:
        """All rows, each column as text.

        Raises:
            SourceError: the file is cut or damaged.
        """
        with duckdb.connect() as con:
            con.execute("set timezone = 'UTC'")
            try:
                rows = f"read_parquet({path_literal(self.published.path)})"
                found = con.sql(f"select cast(columns(*) as varchar) from {rows}")
                first = 1
                for batch in cast(pa.RecordBatchReader, found.to_arrow_reader(_BATCH_ROWS)):
                    yield Columns(first, batch)
                    first += batch.num_rows
            except duckdb.Error as error:
                raise _damaged(self.published) from error


def sheets(published: Published, stated_encoding: str | None = None) -> list[Sheet]:
    """The sheets of a published file, in their order; a text file and a Parquet file are one sheet.

    Raises:
        SourceError: empty, damaged, or of no single encoding that fits.
    """
    if published.is_workbook:
        return _workbook(published)
    if published.is_parquet:
        return [_parquet(published)]
    if stated_encoding is not None:
        text = encoding.Text(encoding.stated(stated_encoding))
    else:
        with published.open() as stream:
            text = encoding.detect(stream, published.where)
    return [TextSheet(published, published.name, published.where, text)]


def _parquet(published: Published) -> ParquetSheet:
    try:
        with duckdb.connect() as con:
            described = con.execute(
                f"describe select * from read_parquet({path_literal(published.path)})"
            ).fetchall()
    except duckdb.Error as error:
        raise _damaged(published) from error
    return ParquetSheet(published, published.name, published.where, tuple(row[0] for row in described))


def _damaged(published: Published) -> SourceError:
    found = invalid_parquet(published.path)
    return SourceError(f"{published.where}: expected a complete Parquet file, found {found}")


def _workbook(published: Published) -> list[Sheet]:
    from python_calamine import CalamineError, load_workbook

    try:
        with published.open() as stream, closing(load_workbook(stream)) as workbook:
            names = list(workbook.sheet_names)
    except CalamineError as error:
        raise SourceError(
            f"{published.where}: expected a workbook, found {_no_workbook(published)}"
        ) from error
    return [
        WorkbookSheet(published, f"{published.name}:{name}", f"{published.where}: sheet {name}", sheet=name)
        for name in names
    ]


def _no_workbook(published: Published) -> str:
    """What stands in the place of a workbook, and what to do."""
    with published.open() as stream:
        head = stream.read(_SEARCHED_BYTES)
    if not head:
        return "an empty file. Download it again."
    if head.startswith(_COMPOUND) and _ENCRYPTED in head:
        return (
            "one that is protected by a password. Open it, remove the password, and save it again as .xlsx."
        )
    if head.startswith(_COMPOUND):
        return "a workbook of another format than its name says. Open it and save it again as .xlsx."
    if head.lstrip()[:1] in (b"<", b"{"):
        return "a page or text under the name of a workbook. Download the workbook itself."
    return "a file that is cut, damaged or of another kind. Download it again, or save it again as .xlsx."


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case float():
            return repr(value)
        case datetime():
            return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value)
