"""Verdicts of earlier runs on data that has not changed since, so that a gate judges only what is new.

Belongs here: what makes a verdict reusable, and where it is kept. Does not belong here: what the versions of
tables are, which the caller says.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.parts import Parts
from expectations.results import QualityResult
from expectations.suite import Suite

_NAME = re.compile(r"\w+")


@dataclass(frozen=True)
class Memory:
    """Rows and Data Docs page of each suite, in `folder`, with what they depend on.

    `versions` identifies the content of each table; a suite over a table without one is always judged.
    `program` identifies the code, policy and texts that make a verdict. `identify` gives what identifies the
    content of one file, where the caller can say so: then only new files of a table are judged.
    """

    folder: Path
    versions: Mapping[str, str]
    program: str
    identify: Callable[[Path], str] | None = None

    @property
    def parts(self) -> Parts | None:
        """Counts by file, where files can be identified."""
        return Parts(self.folder, self.program, self.identify) if self.identify else None

    def recall(self, suite: Suite, tables: frozenset[str]) -> list[dict[str, Any]] | None:
        """Rows of the suite's earlier verdict; None where there is none that still holds."""
        path, key = self._rows(suite.name), self._key(suite, tables)
        if key is None or not path.is_file() or not self.page(suite.name).is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            rows: list[dict[str, Any]] = content["rows"]
            return rows if content["key"] == key else None
        except (ValueError, KeyError, TypeError):
            return None

    def keep(
        self, suite: Suite, tables: frozenset[str], rows: list[QualityResult], page: Path | None
    ) -> None:
        """Keep a verdict and its page, or remove the suite's where it cannot be reused."""
        key = self._key(suite, tables)
        if key is None or page is None or not page.is_file():
            self._rows(suite.name).unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._rows(suite.name).unlink(missing_ok=True)
        shutil.copyfile(page, self.page(suite.name))
        plain = [{name: value for name, value in vars(row).items() if name != "position"} for row in rows]
        content = json.dumps({"key": key, "rows": plain}, ensure_ascii=False)
        self._rows(suite.name).write_text(content, encoding="utf-8")

    def page(self, suite: str) -> Path:
        """The suite's page of the Data Docs."""
        return self.folder / f"{suite}.html"

    def _rows(self, suite: str) -> Path:
        return self.folder / f"{suite}.json"

    def _key(self, suite: Suite, tables: frozenset[str]) -> str | None:
        read = {suite.table, *suite.also, *tables.intersection(_NAME.findall(suite.query))}
        if not read <= self.versions.keys():
            return None
        parts = [
            self.program,
            suite.query,
            *(f"{name}={self.versions[name]}" for name in sorted(read)),
            *(f"{check.name} {dict(check.expect.arguments)} {check.bound}" for check in suite.checks),
        ]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
