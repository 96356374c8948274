"""Names, texts and kinds in Chinese and English, shared by detectors, screens and reports.

Belongs here: `messages/*.yml` (nested keys, each text with `zh` and `en`) and their reader.
Does not belong here: logic. Adding a text is one entry in one file; two files must not share a key.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("zh", "en")
MESSAGES = Path(__file__).with_name("messages")
# The C loader reads a thousand texts ten times faster; both are safe loaders.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _flatten(node: dict[str, Any], path: tuple[str, ...], file: Path) -> dict[str, dict[str, str]]:
    if not isinstance(node, dict):
        raise ValueError(f"{file}: {'.'.join(path)}: expected texts or nested keys, found {node!r}")
    if node and set(node) <= set(LANGUAGES):
        return {".".join(path): node}
    found: dict[str, dict[str, str]] = {}
    for key, value in node.items():
        found |= _flatten(value, (*path, str(key)), file)
    return found


@cache
def messages(folder: Path = MESSAGES) -> dict[str, dict[str, str]]:
    """Every text of every message file: key to language to text."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob("*.yml")):
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=SAFE_LOADER) or {}  # noqa: S506
        texts = _flatten(content, (), file)
        twice = sorted(set(texts) & set(found))
        if twice:
            raise ValueError(f"{file}: keys that another message file has already: {', '.join(twice)}")
        found |= texts
    return found


def text(key: str, language: str, **values: object) -> str:
    """The text of a key in a language, with its placeholders filled."""
    try:
        template = messages()[key][language]
    except KeyError:
        raise KeyError(f"no text {key!r} in language {language!r} in the files of {MESSAGES.name}/") from None
    return template.format(**values) if values else template


def keys(prefix: str) -> list[str]:
    """All keys below a prefix, sorted."""
    return sorted(key for key in messages() if key.startswith(prefix + "."))
