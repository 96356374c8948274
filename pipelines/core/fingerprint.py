"""Hashes of the parts of files that can change a result: code without comments, docstrings and descriptions.

Belongs here: what counts in a file of each type. Does not belong here: which files count for what
(`pipelines.publication.identity`).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

# They document and test a dbt project; a build ignores them.
_DOCUMENTING_KEYS = {"description", "exposures", "unit_tests"}
# The same as SafeLoader and several times as fast, where libyaml is there.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_GENERATED = {"target", "logs", "__pycache__"}
_DOCUMENTS = {".md", ".pyc"}

# Texts and quoted names are matched first, so that a comment sign inside them is no comment.
_SQL_COMMENT = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.DOTALL)


def fingerprint(
    root: Path, folders: Iterable[str], *, without: Iterable[str] = (), texts: Iterable[str] = ()
) -> str:
    """SHA-256 over the meaning of all files below `folders` of `root`, and over further texts.

    Args:
        root: folder to which all other paths are relative.
        folders: folders, or single files, to include.
        without: folders and files to leave out.
        texts: anything else the hash depends on.
    """
    digest = hashlib.sha256("\x00".join(texts).encode())
    excluded = tuple(without)
    for folder in sorted(folders):
        for path in _files(root / folder):
            name = path.relative_to(root).as_posix()
            if name not in excluded and not name.startswith(tuple(f"{other}/" for other in excluded)):
                digest.update(name.encode() + b"\x00")
                digest.update(meaning_of(path).encode() + b"\x00")
    return digest.hexdigest()


def content_hash(value: Any) -> str:
    """SHA-256 of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in _DOCUMENTS
        and not _GENERATED.intersection(path.relative_to(folder).parts)
    ]


def meaning_of(path: Path) -> str:
    """Hash of what can change a result; equal for two versions that differ in documentation only."""
    status = path.stat()
    return _meaning(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _meaning(path: Path, _modified: int, _size: int) -> str:
    content = path.read_bytes()
    reduce = _REDUCERS.get(path.suffix)
    if reduce is not None:
        # A file that cannot be parsed counts as it is; whoever loads it will say what is wrong.
        with suppress(ValueError, SyntaxError, yaml.YAMLError):
            content = reduce(content.decode("utf-8")).encode()
    return hashlib.sha256(content).hexdigest()


def python_meaning(text: str) -> str:
    """Python source as a syntax tree without positions, comments and docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def yaml_meaning(text: str) -> str:
    """A YAML document as canonical JSON: without comments, layout and the values of `description`."""
    content = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    return json.dumps(_without_descriptions(content), sort_keys=True, default=str)


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            str(key): _without_descriptions(item)
            for key, item in value.items()
            if key not in _DOCUMENTING_KEYS
        }
    if isinstance(value, list):
        return [_without_descriptions(item) for item in value]
    return value


def sql_meaning(text: str) -> str:
    """SQL, or a Jinja template of SQL, without comments and with every run of white space as one space."""
    bare = _SQL_COMMENT.sub(lambda match: match[1] or " ", text)
    return " ".join(bare.split())


_REDUCERS: dict[str, Callable[[str], str]] = {
    ".py": python_meaning,
    ".yml": yaml_meaning,
    ".yaml": yaml_meaning,
    ".sql": sql_meaning,
}
