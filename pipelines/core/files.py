"""Files: replaced in one step, brought to the disk, shared instead of copied, identified by their content."""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import lru_cache
from pathlib import Path


def write_atomic(path: Path, text: str) -> None:
    """Replace the file's text in one step; the folder must exist."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def sync(path: Path) -> None:
    """Bring a file's content, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link(path: Path, target: Path) -> None:
    """Give a file that never changes a second place; as a copy where the file system has no links."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; a file that did not change is read once in a process."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=1 << 16)
def _digest(path: Path, _modified: int, _size: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
