"""Texts in Chinese and English, read from the folders of those whom they belong to.

Belongs here: the reader of message files (nested keys, each text with `zh` and `en`) and anomaly's own texts.
Does not belong here: the texts themselves. Names that kinds share stand in `messages/`, the texts of a kind
in its own `messages.yml`, those of a screen or a gate in their packages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("zh", "en")
MESSAGES = Path(__file__).with_name("messages")
DETECTORS = Path(__file__).parents[1] / "detectors"
# The C loader reads a thousand texts ten times faster; both are safe loaders.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Texts:
    """The texts of several folders of message files, and of the detectors where these are wanted.

    Args:
        folders: folders whose `*.yml` are read; two files must not share a key.
        detectors: folder of the detectors; the texts of a kind are its `messages.yml`, below `kinds.<kind>`.
    """

    def __init__(self, *folders: Path, detectors: Path | None = None) -> None:
        self.folders = folders
        self.detectors = detectors

    @cached_property
    def messages(self) -> dict[str, dict[str, str]]:
        """Every text: key to language to text."""
        found: dict[str, dict[str, str]] = {}
        for file, path in self._files():
            content = yaml.load(file.read_text(encoding="utf-8"), Loader=SAFE_LOADER) or {}  # noqa: S506
            texts = _flatten(content, path, file)
            twice = sorted(set(texts) & set(found))
            if twice:
                raise ValueError(f"{file}: keys that another message file has already: {', '.join(twice)}")
            found |= texts
        return found

    def _files(self) -> Iterator[tuple[Path, tuple[str, ...]]]:
        for folder in self.folders:
            for file in sorted(folder.glob("*.yml")):
                yield file, ()
        if self.detectors is not None:
            for file in sorted(self.detectors.glob("*/*/messages.yml")):
                yield file, ("kinds", file.parent.name)

    def text(self, key: str, language: str, **values: object) -> str:
        """The text of a key in a language, with its placeholders filled."""
        try:
            template = self.messages[key][language]
        except KeyError:
            folders = ", ".join(str(folder.parent.name) for folder in self.folders)
            raise KeyError(f"no text {key!r} in language {language!r} in the messages of {folders}") from None
        return template.format(**values) if values else template

    def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted."""
        return sorted(key for key in self.messages if key.startswith(prefix + "."))


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
def with_folders(*folders: Path) -> Texts:
    """Anomaly's own texts together with those of other packages' folders."""
    return Texts(MESSAGES, *folders, detectors=DETECTORS)


def text(key: str, language: str, **values: object) -> str:
    """One of anomaly's own texts."""
    return with_folders().text(key, language, **values)


def keys(prefix: str) -> list[str]:
    """Keys of anomaly's own texts below a prefix, sorted."""
    return with_folders().keys(prefix)
