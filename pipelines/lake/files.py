"""The files of a source directory: which table each belongs to and what content it has."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest

SUFFIXES = (".parquet", ".csv", ".csv.gz")
_HEADER_LIMIT_BYTES = 1 << 16
_BLANK_LIMIT_LINES = 1000
_INCREMENT = re.compile(r"(?:^|/)increment=(\d{1,12})/")


@dataclass(frozen=True)
class SourceFile:
    """One file of one table; `name` is its path relative to the source, with forward slashes."""

    table: str
    name: str
    path: Path
    sha256: str
    size_bytes: int
    modified_ns: int

    def check_unchanged(self) -> None:
        """Check that the file still has the content that was hashed.

        Raises:
            SourceError: the file was written to since.
        """
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.modified_ns):
            raise SourceError(
                f"{self.path}: expected a file that is complete, found one that changed while it was read. "
                "Run again when its delivery has ended."
            )

    @property
    def increment(self) -> int:
        """Number of the increment that the file belongs to, from its folder; 0 where it belongs to none."""
        found = _INCREMENT.search(self.name)
        return int(found[1]) if found else 0

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet; otherwise it is CSV, perhaps gzipped."""
        return self.name.endswith(".parquet")


@dataclass
class Listing:
    """What a source directory holds."""

    files: list[SourceFile] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def _suffix(path: Path) -> str | None:
    return next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), None)


def _hidden(path: Path) -> bool:
    return path.name.startswith(("_", "."))


def _inside(path: Path, source: Path) -> None:
    if not path.resolve().is_relative_to(source):
        raise SourceError(
            f"{path}: expected a file inside the source directory {source}, found a link that leads to "
            f"{path.resolve()}. Put the file itself into the source directory."
        )


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if _hidden(path):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def list_source(source: Path) -> Listing:
    """All table files of a source directory with the hash of their content, sorted by name.

    Names that begin with `_` or `.` and `market.yml` are passed over; other names that belong to no
    table are returned as unknown.

    Raises:
        SourceError: no directory, a link that leads out of it, a required table is absent, or a table's
            file has a suffix that is not known.
    """
    if not source.is_dir():
        raise SourceError(f"{source}: expected a source directory, found none. Check --source.")
    source = source.resolve()
    listing = Listing()
    for entry in sorted(source.iterdir()):
        if _hidden(entry) or entry.name == "market.yml":
            continue
        table = entry.name if entry.is_dir() else entry.name.removesuffix(_suffix(entry) or "")
        if table not in TABLES:
            listing.unknown.append(entry.name)
            continue
        for path in _walk(entry) if entry.is_dir() else [entry]:
            _inside(path, source)
            if _suffix(path) is None:
                raise SourceError(
                    f"{path}: expected one of {', '.join(SUFFIXES)} for table {table}. "
                    "Convert the file, or begin its name with an underscore to leave it out."
                )
            name = path.relative_to(source).as_posix()
            stat = path.stat()
            listing.files.append(
                SourceFile(table, name, path, file_digest(path), stat.st_size, stat.st_mtime_ns)
            )
    present = {file.table for file in listing.files}
    missing = [table.name for table in TABLES.values() if table.required and table.name not in present]
    if missing:
        raise SourceError(
            f"{source}: expected the required tables {', '.join(missing)}, found none of their files. "
            "Deliver them; a table without rows is a file with its header alone."
        )
    return listing


def csv_header(file: SourceFile, table: Table) -> tuple[list[str], int]:
    """Column names of a CSV file, and how many blank lines stand before them.

    Raises:
        SourceError: the file is empty, not UTF-8, not gzip although named so, or repeats a column.
    """
    opener = gzip.open if file.name.endswith(".gz") else open
    try:
        with opener(file.path, "rb") as stream:
            text, blank = "", -1
            while not text.strip() and blank < _BLANK_LIMIT_LINES:
                if not (line := stream.readline(_HEADER_LIMIT_BYTES)):
                    break
                text, blank = line.decode("utf-8-sig"), blank + 1
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{file.path}: expected UTF-8, found bytes that are not ({error.reason} at byte {error.start}). "
            "Save the file as UTF-8."
        ) from error
    except (OSError, EOFError) as error:
        raise SourceError(f"{file.path}: cannot be read: {error}. Deliver the file again.") from error
    try:
        names = next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise SourceError(
            f"{file.path}: expected the column names of {table.name} in the first line, "
            f"ended by a line feed, found a carriage return or an open quote within them ({text[:40]!r}). "
            "Save the file with the line ends LF or CRLF."
        ) from error
    if not names or "\x00" in text:
        raise SourceError(
            f"{file.path}: expected a header line with the columns of {table.name}, found none. "
            "A table without rows still needs its header; save the file as UTF-8."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SourceError(
            f"{file.path}: column {', '.join(repeated)} stands twice in the header. Remove one."
        )
    return names, blank
