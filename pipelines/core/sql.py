"""Quoting for SQL: text from data and paths become literals, never code."""

from __future__ import annotations

import re
from pathlib import Path


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def path_literal(path: Path) -> str:
    """A SQL string literal of one file's path, in which nothing is a wildcard."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
