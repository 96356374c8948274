"""Files that others put into a folder: new and changed ones, by their content, once they are at rest.

A file is copied before it is read, and taken only if it did not change meanwhile. Names are data: they are
never executed, never followed where they are links, and what is delivered has names of its own.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import shutil
import stat
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest
from pipelines.sources.connectors.declaration import Folder
from pipelines.sources.connectors.fetched import Fetched, Part, Task

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
_CONTRACT_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class _File:
    """A file as it was taken."""

    name: str
    size: int
    modified_ns: int
    sha256: str


def fetch(task: Task, source: Folder) -> Fetched:
    """Take the files that are new or have changed.

    Raises:
        SourceError: there is no such folder, or it is empty although files were taken from it and are to be
            removed with their originals.
    """
    folder = _folder(task.home, task.name, source)
    known = {part: _File(**entry) for part, entry in task.earlier.get("files", {}).items()}
    fetched = Fetched()
    found = {part_name(path.name): path for path in _regular_files(folder, source, fetched.notes)}
    if not found and known and source.withdrawn == "remove":
        raise SourceError(
            f"source {task.name}, {folder}: expected files, found none, although {len(known)} were there "
            "before. Check that it is mounted; nothing was removed."
        )
    files = dict(known) if source.withdrawn == "keep" else {p: known[p] for p in found if p in known}
    for part, path in found.items():
        taken = _take(path, source, task.folder / part, files, part, fetched.notes)
        if taken is None:
            continue
        if part not in files or files[part].sha256 != taken.sha256:
            fetched.parts.append(Part(part, _placed(path, task.folder / part, source), is_independent=True))
            fetched.rows[path.name] = taken.size
        files[part] = taken
    new = {part.name for part in fetched.parts}
    fetched.keeps = [part for part in files if part not in new]
    fetched.memory = {"files": {part: asdict(file) for part, file in files.items()}, "parts": sorted(files)}
    return fetched


def files_at_rest(home: Path, name: str, source: Folder) -> list[tuple[str, int, int]]:
    """Name, size and time of the files that a pull would look at now.

    Raises:
        SourceError: there is no such folder.
    """
    folder = _folder(home, name, source)
    found = [(path.name, path.stat()) for path in _regular_files(folder, source, [])]
    return [(file, s.st_size, s.st_mtime_ns) for file, s in found if _is_at_rest(s, source)]


def _folder(home: Path, name: str, source: Folder) -> Path:
    folder = home / source.path
    if not folder.is_dir():
        raise SourceError(
            f"source {name}, {folder}: expected a folder, found none. Mount it, or correct `path`; nothing "
            "was changed."
        )
    return folder


def _is_at_rest(status: os.stat_result, source: Folder) -> bool:
    # A time in the future says nothing; whether the copy is whole is checked anyway.
    return not 0 <= time.time() - status.st_mtime < source.at_rest_seconds


def part_name(name: str) -> str:
    """A name that is safe as that of a file, different for names that differ."""
    plain = re.sub(r"[^0-9A-Za-z\u4e00-\u9fff_-]+", "_", name)[:_NAME_CHARACTERS]
    return f"{plain}-{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:8]}"


def _regular_files(folder: Path, source: Folder, notes: list[str]) -> list[Path]:
    """Files of the declared pattern, by name; what is left alone is noted."""
    taken = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not fnmatch.fnmatchcase(path.name, source.pattern):
            continue
        if not stat.S_ISREG(path.lstat().st_mode):
            notes.append(f"{path.name!r} is no regular file and was left alone")
        elif path.name.lower().endswith(_UNFINISHED):
            notes.append(f"{path.name!r} has the name of an unfinished file and was left alone")
        elif source.table and not path.name.lower().endswith(_CONTRACT_SUFFIXES):
            notes.append(f"{path.name!r} ends in none of {', '.join(_CONTRACT_SUFFIXES)} and was left alone")
        else:
            taken.append(path)
    return taken


def _take(
    path: Path, source: Folder, folder: Path, files: dict[str, _File], part: str, notes: list[str]
) -> _File | None:
    """Copy a file that is at rest; None where it is not, or another file has the same content."""
    before = path.stat()
    if not _is_at_rest(before, source):
        notes.append(f"{path.name!r} was written to a moment ago and is left for the next pull")
        return None
    known = files.get(part)
    if known and (known.size, known.modified_ns) == (before.st_size, before.st_mtime_ns):
        return known
    progress.report(f"taking {path.name}")
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "copy"
    shutil.copyfile(path, copy, follow_symlinks=False)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        notes.append(f"{path.name!r} changed while it was copied and is left for the next pull")
        return None
    digest = file_digest(copy)
    same = next((file.name for other, file in files.items() if file.sha256 == digest and other != part), None)
    if same is not None:
        notes.append(f"{path.name!r} has the content of {same!r} and was not taken again")
        return None
    return _File(path.name, before.st_size, before.st_mtime_ns, digest)


def _placed(path: Path, folder: Path, source: Folder) -> Path:
    """The copy under the name that the mapping or the delivery expects: its suffix says what it is."""
    suffix = "".join(path.suffixes[-2:]).lower() if path.name.lower().endswith(".gz") else path.suffix.lower()
    if source.table:
        (folder / "copy").rename(folder / f"{source.table}{suffix}")
        return folder
    named = folder / re.sub(r"[\x00-\x1f]", "_", path.name)
    (folder / "copy").rename(named)
    return named
