"""Who reads the marts, written for dbt from what detectors and desk declare.

    python -m pipelines.cli.exposures            write dbt_project/models/exposures.yml
    python -m pipelines.cli.exposures --check    exit 1 where the file does not say what the code says

A detector names its marts in its needs; a page of the desk names them where it queries them. Belongs here:
their form as dbt exposures. Does not belong here: any mart by name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anomaly.core.detector import Detector
from anomaly.core.discovery import all_detectors
from anomaly.core.texts import text
from pipelines.core.generated import program
from pipelines.core.settings import ROOT

FILE = Path("dbt_project/models/exposures.yml")
NOTICE = "# Written by `make generate` from the detectors and the desk; edit those instead.\n"
OWNER = {"name": "Supervision", "email": "supervision@carbonwarden.invalid"}


def exposures() -> list[dict[str, Any]]:
    """All exposures: pages of the desk, then detectors, each by name."""
    pages = sorted(path for path in (ROOT / "dashboards/views").glob("*.py") if path.stem != "__init__")
    return [*(_page(path) for path in pages), *(_detector(detector) for detector in all_detectors())]


def _page(path: Path) -> dict[str, Any]:
    docstring = ast.get_docstring(_tree(path)) or ""
    return _exposure(
        f"desk_{path.stem}",
        f"Desk: {path.stem.replace('_', ' ')}",
        "dashboard",
        docstring.partition("\n")[0],
        _marts_named(_modules_behind(path)),
    )


def _detector(detector: Detector[Any]) -> dict[str, Any]:
    name, meaning = (text(f"kinds.{detector.kind}.{part}", "en") for part in ("name", "meaning"))
    # What learned models hand to a detector is no part of the dbt project.
    marts = {need.mart for need in detector.needs} & published()
    return _exposure(f"detector_{detector.kind}", f"Detector: {name}", "analysis", meaning, marts)


def _exposure(name: str, label: str, kind: str, description: str, marts: Iterable[str]) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "maturity": "high",
        "description": description,
        "owner": OWNER,
        "depends_on": [f"ref('{mart}')" for mart in sorted(marts)],
    }


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _modules_behind(page: Path) -> set[Path]:
    """The page and all modules of the desk that it imports, directly or through others."""
    found: set[Path] = set()
    waiting = [page]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def _imported(path: Path) -> list[Path]:
    names = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "dashboards":
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    files = (ROOT / f"{name.replace('.', '/')}.py" for name in names)
    return [file for file in files if file.is_file()]


def _marts_named(modules: Iterable[Path]) -> set[str]:
    """Published tables whose names stand in the modules as text."""
    texts = {
        node.value
        for path in modules
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return texts & published()


@cache
def published() -> frozenset[str]:
    """Names of all marts and rule tables of the dbt project."""
    project = ROOT / "dbt_project"
    files = [*(project / "models/marts").rglob("*.sql"), *(project / "seeds").glob("*.csv")]
    return frozenset(file.stem for file in files)


def rendered() -> str:
    """The text of the file."""
    content = {"version": 2, "exposures": exposures()}
    # Every exposure shows its owner in full; YAML would write a repeated one as a reference.
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return NOTICE + yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)


def main(arguments: list[str] | None = None) -> int:
    """Writes the file, or with `--check` only says whether it is stale."""
    return program(
        "pipelines.cli.exposures",
        __doc__,
        FILE,
        "the marts that detectors and desk declare",
        rendered,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
