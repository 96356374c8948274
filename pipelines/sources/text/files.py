"""Published files and members of archives: their digest, and their bytes as a stream.

Nothing is unpacked to disk: members of an archive are read by the names that a mapping states, so a hostile
member name has no effect.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest
from pipelines.sources.report import InputFile

MAX_TABLE_BYTES = 64 << 30
"""A member that unpacks to more is refused; an archive can name any size."""

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUET_SUFFIXES = (".parquet",)
TABLE_SUFFIXES = (*TEXT_SUFFIXES, *WORKBOOK_SUFFIXES, *PARQUET_SUFFIXES)
_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class Published:
    """A published file, or a member of an archive; `name` is its name without path and suffix."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """File name or member name without folder and suffix."""
        name = PurePosixPath(self.member or self.path.name).name
        for suffix in sorted(TABLE_SUFFIXES, key=len, reverse=True):
            name = name.removesuffix(suffix)
        return name

    @property
    def where(self) -> str:
        """The place that an error names."""
        return str(self.path) if self.member is None else f"{self.path}: {PurePosixPath(self.member).name}"

    @property
    def is_workbook(self) -> bool:
        """Whether its name is one of a workbook."""
        return (self.member or self.path.name).lower().endswith(WORKBOOK_SUFFIXES)

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file."""
        return self.member is None and self.path.name.lower().endswith(PARQUET_SUFFIXES)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its unpacked bytes.

        Raises:
            SourceError: it cannot be read or unpacked, also in the middle.
        """
        try:
            if self.member is not None:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                    yield cast(BinaryIO, stream)
            else:
                with self.path.open("rb") as plain:
                    zipped = plain.read(2) == _GZIP_MAGIC
                    plain.seek(0)
                    yield cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if zipped else plain
        except _DAMAGED as error:
            raise SourceError(
                f"{self.where}: expected a complete file, found one that is cut or damaged, or locked by a "
                "password. Download it again."
            ) from error


def check_file(path: Path) -> None:
    """Make sure that `path` is a file.

    Raises:
        SourceError: it is a folder, or nothing.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise SourceError(f"{path}: expected a file, found {found}. Give the path of the published file.")


def digest(path: Path) -> InputFile:
    """Name, size and digest of a file.

    Raises:
        SourceError: there is no such file.
    """
    check_file(path)
    return InputFile(path.name, path.stat().st_size, file_digest(path))


def files_in(path: Path, suffixes: tuple[str, ...]) -> tuple[list[Path], list[str]]:
    """`path` itself, or the files of a folder that end in `suffixes`, and the names of its other files.

    Raises:
        SourceError: a folder without any such file.
    """
    if not path.is_dir():
        return [path], []
    found = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    files = [file for file in found if file.name.lower().endswith(suffixes)]
    if not files:
        inside = ", ".join(file.name for file in found[:10]) or "nothing"
        raise SourceError(
            f"{path}: expected files that end in {', '.join(suffixes)}; found {inside}. "
            "Name the folder that has them."
        )
    return files, [file.name for file in found if file not in files]


def members(path: Path, names: tuple[str, ...]) -> tuple[dict[str, Published], list[str]]:
    """The members `names` of a zip archive, by name, and the names of all other members.

    A member may lie in one folder of the archive. Names that are absolute or climb (`..`) never match.

    Raises:
        SourceError: not a zip, cut, a member is missing, there twice, or too large.
    """
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            files = [member for member in archive.infolist() if not member.is_dir()]
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path}: expected a complete zip archive, found something else or a cut one. Download it again."
        ) from error
    found = {name: Published(path, _member(path, files, name).filename) for name in names}
    wanted = {published.member for published in found.values()}
    return found, sorted(member.filename for member in files if member.filename not in wanted)


def _member(path: Path, files: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    def is_meant(member: zipfile.ZipInfo) -> bool:
        inner = PurePosixPath(member.filename)
        return inner.name == name and ".." not in inner.parts and not inner.is_absolute()

    matches = [member for member in files if is_meant(member)]
    if len(matches) != 1:
        inside = ", ".join(sorted(member.filename for member in files)[:20]) or "nothing"
        raise SourceError(
            f"{path}: expected one member {name}, found {len(matches) or 'none'}; the archive holds "
            f"{inside}. Give the archive as it was published."
        )
    if matches[0].file_size > MAX_TABLE_BYTES:
        raise SourceError(
            f"{path}: expected at most {MAX_TABLE_BYTES:,} bytes in {matches[0].filename}, "
            f"found {matches[0].file_size:,}. Check that this is the published archive."
        )
    return matches[0]
