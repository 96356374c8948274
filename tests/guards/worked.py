"""Worked examples of the how-tos, carried out in a copy of the project.

A fenced block with `title="PATH"` is a new file, one with `append="PATH"` is added to the end of a file.
Nothing else of a page is executed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("pipelines", "models", "anomaly", "expectations", "dashboards", "dbt_project", "tests", "docs")
FILES = ("pyproject.toml", "Makefile")
_BLOCK = re.compile(r'^```\w* (title|append)="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Copy:
    """A copy of the project, free to be changed."""

    root: Path

    def carry_out(self, page: str) -> None:
        """Write the blocks of `docs/how-to/PAGE`."""
        text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
        for how, path, content in _BLOCK.findall(text):
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert target.exists() == (how == "append"), f"{page}: {how} of {path}"
            with target.open("a", encoding="utf-8") as stream:
                stream.write(content)

    def run(self, *command: str) -> str:
        """What a command prints that runs in the copy with the copy's packages; it must succeed."""
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def python(self, *arguments: str) -> str:
        """The same for this environment's Python."""
        return self.run(sys.executable, *arguments)

    def test(self, *arguments: str) -> str:
        """Run tests of the copy."""
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)

    def generate(self) -> set[str]:
        """Carry out what `make generate` does; the paths that it changed."""
        makefile = (self.root / "Makefile").read_text(encoding="utf-8")
        recipe = makefile.partition("\ngenerate:")[2].partition("\n\n")[0]
        lines = [line.strip() for line in recipe.splitlines() if line.startswith("\t")]
        assert lines and all(line.startswith("$(BIN)/python ") for line in lines), lines

        def run_all() -> None:
            for line in lines:
                self.python(*line.split()[1:])

        return self.changes(run_all)

    def changes(self, act: Callable[[], object]) -> set[str]:
        """Paths of files that an act adds, changes or removes."""
        before = _digests(self.root)
        act()
        now = _digests(self.root)
        return {path for path in {*now, *before} if now.get(path) != before.get(path)}


def copy_project(folder: Path) -> Copy:
    """A copy of what is tracked, without what tests and builds leave behind."""
    left = shutil.ignore_patterns("__pycache__", "target", "logs", "images", "*.nbc", "*.nbi")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=left)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return Copy(folder)


def _digests(root: Path) -> dict[str, str]:
    files = (path for part in PARTS for path in (root / part).rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not {"__pycache__", "target", "logs", ".pytest_cache"} & set(path.parts)
    }
