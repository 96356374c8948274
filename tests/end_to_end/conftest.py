"""What end-to-end tests compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest


def tree(folder: Path) -> dict[str, str]:
    """Content of every file below a folder, links not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(parent.is_symlink() for parent in path.parents)
    }


@pytest.fixture(scope="session")
def file_tree() -> Callable[[Path], dict[str, str]]:
    return tree
