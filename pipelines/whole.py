"""Text files that are either the old ones or the new ones, whenever the program is cut off."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put the text in the file's place in one step; the folder must exist."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
