"""Bytes of published files, as tables of text: opening, unpacking, decoding, and what can go wrong there.

Nothing is ever unpacked to disk: members of an archive are read by the names that a format
defines, so a hostile member name has no effect.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from pipelines.core.errors import SourceError
from pipelines.sources.report import InputFile

Columns = Mapping[str, tuple[str, ...]]
"""For our name of a column, the names it is published under."""

MAX_TABLE_BYTES = 4 << 30
_BLOCK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class TextTable:
    """One published table, all values as text; `unused` are its columns that the reader did not ask for."""

    name: str
    frame: pl.DataFrame
    unused: tuple[str, ...]
    cut: bool

    @property
    def notes(self) -> list[str]:
        """Notes for the report about the file as a whole."""
        if not self.cut:
            return []
        return [
            f"{self.name}: the last line has no line end; if the file was cut, its last row is incomplete"
        ]


def fingerprint(path: Path) -> InputFile:
    """Name, size and digest of a file.

    Raises:
        SourceError: there is no such file.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise SourceError(f"{path}: expected a file, found {found}. Give the path of the published file.")
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return InputFile(path.name, path.stat().st_size, digest.hexdigest())


def stem(path: Path) -> str:
    """File name without `.csv` or `.csv.gz`."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def read_csv_file(path: Path, columns: Columns, optional: Columns | None = None) -> TextTable:
    """A CSV file with at least one row, gzipped or not, as text columns; see `parse_csv`."""
    if not path.is_file():
        raise SourceError(f"{path}: expected a CSV file, found none. Check the path.")
    with path.open("rb") as stream:
        zipped = stream.read(2) == _GZIP_MAGIC
    try:
        with gzip.open(path) if zipped else path.open("rb") as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(
            f"{path}: expected a complete gzip file, found one that is cut or damaged ({error}). "
            "Download it again."
        ) from error
    return with_rows(parse_csv(content, stem(path), str(path), columns, optional), str(path))


def with_rows(source: TextTable, where: str) -> TextTable:
    """`source` itself.

    Raises:
        SourceError: it has a header line and nothing else.
    """
    if source.frame.is_empty():
        raise SourceError(
            f"{where}: expected rows below the header line, found none. Download the file again."
        )
    return source


def read_zip_members(path: Path, names: tuple[str, ...]) -> tuple[dict[str, bytes], list[str]]:
    """Content of the members `names`, by name, and the names of all other members.

    A member may lie in one folder of the archive. Names that are absolute or contain `..` never match.

    Raises:
        SourceError: not a zip, cut, a member is missing, twice there, encrypted or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            files = [member for member in archive.infolist() if not member.is_dir()]
            found = {name: _member(path, files, name) for name in names}
            wanted = {member.filename for member in found.values()}
            others = sorted(member.filename for member in files if member.filename not in wanted)
            return {name: _content(path, archive, member) for name, member in found.items()}, others
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path}: expected a complete zip archive, found something else or a cut one ({error}). "
            "Download it again."
        ) from error


def _member(path: Path, files: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    def is_meant(member: zipfile.ZipInfo) -> bool:
        inner = PurePosixPath(member.filename)
        return inner.name == name and ".." not in inner.parts and not inner.is_absolute()

    matches = [member for member in files if is_meant(member)]
    if len(matches) == 1:
        return matches[0]
    inside = ", ".join(sorted(member.filename for member in files)[:20]) or "nothing"
    count = "none" if not matches else f"{len(matches)}"
    raise SourceError(
        f"{path}: expected one member {name}, found {count}; the archive holds {inside}. "
        "Give the archive as it was published."
    )


def _content(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > MAX_TABLE_BYTES:
        raise SourceError(
            f"{path}: expected at most {MAX_TABLE_BYTES:,} bytes in {member.filename}, "
            f"found {member.file_size:,}. Check that this is the published archive."
        )
    try:
        return archive.read(member)
    except (zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise SourceError(
            f"{path}: expected {member.filename} to be plain deflated data, found it cannot be unpacked "
            f"({error}). Download the archive again."
        ) from error


def parse_csv(
    content: bytes,
    name: str,
    where: str,
    columns: Columns,
    optional: Columns | None = None,
) -> TextTable:
    """CSV as text, its columns under our names.

    Headers are trimmed. Optional columns that are not there become null.

    Raises:
        SourceError: empty, too large, not UTF-8, not CSV, or without a column of `columns`.
    """
    _check_text(content, where)
    header = _header(content, where)
    wanted = {**columns, **(optional or {})}
    places = {ours: _place(header, published) for ours, published in wanted.items()}
    missing = [columns[ours][0] for ours in columns if places[ours] is None]
    if missing:
        raise SourceError(
            f"{where}: expected the columns {', '.join(missing)}; found {', '.join(header)}. "
            "Check that this is the format you named, and its published layout."
        )
    frame = _as_text(content, where, len(header))
    taken = {ours: place for ours, place in places.items() if place is not None}
    selected = frame.select(pl.nth(place).alias(ours) for ours, place in taken.items())
    absent = [pl.lit(None, pl.String).alias(ours) for ours, place in places.items() if place is None]
    used = set(taken.values())
    unused = tuple(column for place, column in enumerate(header) if place not in used)
    return TextTable(name, selected.with_columns(absent), unused, not content.endswith((b"\n", b"\r")))


def _check_text(content: bytes, where: str) -> None:
    if not content.strip():
        raise SourceError(f"{where}: expected a CSV table, found an empty file. Download it again.")
    if len(content) > MAX_TABLE_BYTES:
        raise SourceError(
            f"{where}: expected at most {MAX_TABLE_BYTES:,} bytes of CSV, found more. "
            "Check that this is the published file."
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    for start in range(0, len(content), _BLOCK_BYTES):
        pending = len(decoder.getstate()[0])
        final = start + _BLOCK_BYTES >= len(content)
        try:
            decoder.decode(view[start : start + _BLOCK_BYTES], final=final)
        except UnicodeDecodeError as error:
            position = start - pending + error.start
            line = content.count(b"\n", 0, position) + 1
            raise SourceError(
                f"{where}: expected UTF-8, found the byte 0x{content[position]:02x} in line {line}. "
                "Save the file as UTF-8, or take the published one."
            ) from error


def _header(content: bytes, where: str) -> list[str]:
    text = content[:_BLOCK_BYTES].lstrip(b"\r\n").splitlines()[0].decode("utf-8-sig")
    header = [column.strip() for column in next(csv.reader(io.StringIO(text)), [])]
    twice = sorted(column for column, count in Counter(header).items() if count > 1 and column)
    if twice:
        raise SourceError(
            f"{where}: expected each column once, found {', '.join(twice)} more than once. "
            "Take the published file."
        )
    return header


def _place(header: list[str], published: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in published if name in header), None)


def _as_text(content: bytes, where: str, width: int) -> pl.DataFrame:
    try:
        frame = pl.read_csv(content, infer_schema=False, has_header=True)
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            f"{where}: expected CSV with {width} fields a line, found a table that cannot be parsed "
            f"({str(error).splitlines()[0]}). Download the file again."
        ) from error
    if frame.width != width:
        raise SourceError(
            f"{where}: expected {width} columns as in the header line, found {frame.width}. "
            "Take the published file."
        )
    return frame
