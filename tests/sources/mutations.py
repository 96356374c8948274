"""Published samples on disk, damaged: a text, a part of an archive or of a workbook."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.damage import damaged
from tests.sources import workbooks
from tests.sources.conftest import EUTL
from tests.sources.samples import BOOKS, SAMPLES

ARCHIVE = "eutl"
INPUTS = (*SAMPLES, *(f"{name}.xlsx" for name in BOOKS), ARCHIVE)
"""What can be damaged: a text, a workbook, an archive of texts."""


def write(choose: random.Random, name: str, folder: Path) -> tuple[str, Path]:
    """A damaged sample on disk, and the format that it is read as."""
    if name == ARCHIVE:
        path = folder / "eutl.zip"
        _archive(choose, path, {member: text.encode() for member, text in EUTL.items()})
        return name, path
    if name in SAMPLES:
        path = folder / f"{name}.csv"
        path.write_bytes(damaged(choose, SAMPLES[name]))
        return name.partition("-")[0], path
    path = folder / name
    format = path.stem
    workbooks.write(path, BOOKS[format])
    if choose.random() < 0.25:
        path.write_bytes(damaged(choose, path.read_bytes()))
        return format, path
    with zipfile.ZipFile(path) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    _archive(choose, path, parts)
    return format, path


def _archive(choose: random.Random, path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive of which one member is damaged."""
    victim = choose.choice(sorted(members))
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, damaged(choose, content) if member == victim else content)
