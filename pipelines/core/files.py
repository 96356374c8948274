"""Atomic writing: a file holds either its old content or its new content, whenever the program is cut off."""

from __future__ import annotations

from pathlib import Path


def write_atomic(path: Path, text: str) -> None:
    """Replace the file's text in one step; the folder must exist."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
