"""Worked examples of the how-tos, applied to a copy of the project.

A fenced block with `title="PATH"` is a new file, one with `append="PATH"` is added to the end of a file.
Nothing else of a page is executed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("pipelines", "models", "anomaly", "expectations", "dashboards", "dbt_project", "tests", "docs")
_BLOCK = re.compile(r'^```\w* (title|append)="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Worked:
    """A copy of the project in which the example of a page was carried out."""

    root: Path
    before: dict[str, str]
    named: list[str]

    def changed(self) -> set[str]:
        """Paths of files that were added, changed or removed since the copy was made."""
        now = _digests(self.root)
        return {path for path in {*now, *self.before} if now.get(path) != self.before.get(path)}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, with the copy's packages."""
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)


def _digests(root: Path) -> dict[str, str]:
    files = (path for part in PARTS for path in (root / part).rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not {"__pycache__", "target", "logs", ".pytest_cache"} & set(path.parts)
    }


def apply(page: str, folder: Path) -> Worked:
    """Copy the project into `folder` and carry out the example of `docs/how-to/PAGE`."""
    for part in PARTS:
        shutil.copytree(
            ROOT / part,
            folder / part,
            ignore=shutil.ignore_patterns("__pycache__", "target", "logs", "images", "*.nbc", "*.nbi"),
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    before = _digests(folder)
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    blocks = _BLOCK.findall(text)
    for how, path, content in blocks:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if how == "title":
            assert not target.exists(), f"{page}: {path} exists already"
            target.write_text(content, encoding="utf-8")
        else:
            with target.open("a", encoding="utf-8") as stream:
                stream.write(content)
    return Worked(folder, before, [path for _, path, _ in blocks])
