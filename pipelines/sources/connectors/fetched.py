"""What a connector hands over, and what it remembers for its next pull.

A connector writes into folders of its own and changes nothing else. The pull delivers what it wrote, together
with its memory, in one step; so the memory never differs from what was delivered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.core.files import write_atomic

ALL = "all"
"""Name of the part of a source that delivers everything anew in each pull."""

_DOCUMENT = "memory.json"


@dataclass(frozen=True)
class Part:
    """Files that are read together: tables of the contract, or inputs of the source's mapping.

    A part that was delivered before under its name is replaced. `path` is one published file, or a folder of
    files that are named after tables or inputs. An independent part that cannot be read does not stop the
    others; its entry in `files` of the memory stays as it was. Rows of an `increment` supersede those of the
    increments before it.
    """

    name: str
    path: Path
    is_independent: bool = False
    increment: int | None = None


@dataclass
class Fetched:
    """Outcome of fetching: new parts, names of earlier parts that stay, and the memory for the next pull.

    `rows` counts what was fetched, by table or file. `problems` are inputs that could not be taken; the
    others are delivered.
    """

    parts: list[Part] = field(default_factory=list)
    keeps: list[str] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Task:
    """One pull as its connector sees it.

    `name` is that of the source; `earlier` is the document of the last delivered pull, empty where there is
    none or the declaration has changed; `remembered` is the folder of files that were remembered with it. New
    parts go below `folder`, files to remember into `memory`. `unfinished` outlives a pull that breaks off and
    is removed by one that delivers; it need not exist. Declared paths are relative to `home`.
    """

    name: str
    earlier: dict[str, Any]
    remembered: Path
    folder: Path
    memory: Path
    unfinished: Path
    home: Path


def read_document(folder: Path) -> dict[str, Any]:
    """The document in a folder of the memory; empty where there is none."""
    path = folder / _DOCUMENT
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_document(folder: Path, content: dict[str, Any]) -> None:
    """Store the document of a pull."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    write_atomic(folder / _DOCUMENT, text + "\n")
