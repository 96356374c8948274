"""The dbt project as data: its manifest, parsed once for each content of the project's files.

Belongs here: parsing, caching and reading the manifest. Does not belong here: building (`build.py`), Dagster.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipelines.core.files import write_atomic
from pipelines.core.settings import ROOT
from pipelines.warehouse.invocation import parse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = ROOT / "dbt_project"
TARGET = PROJECT / "target"
MANIFEST = TARGET / "manifest.json"
_PARSED = TARGET / "partial_parse.msgpack"
_STAMP = TARGET / "manifest.fingerprint"
_GENERATED = {"target", "logs"}

SUPERVISION = "supervision"
"""Tag of the models that are built after the detectors, from what those found."""


def _content() -> str:
    """Hash of every byte of the project and of dbt's version: the manifest also carries descriptions."""
    from importlib.metadata import version

    digest = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(PROJECT.rglob("*")):
        parts = path.relative_to(PROJECT).parts
        if path.is_file() and not _GENERATED.intersection(parts):
            digest.update("/".join(parts).encode() + b"\x00" + path.read_bytes())
    return digest.hexdigest()


def prepare_manifest() -> Path:
    """Path of a manifest that fits the project's present files; parses the project where none does.

    Raises:
        RuntimeError: dbt cannot parse the project.
    """
    TARGET.mkdir(exist_ok=True)
    with FileLock(TARGET / ".lock"):
        content = _content()
        if not _is_parsed(content):
            _STAMP.unlink(missing_ok=True)
            parse(PROJECT, TARGET)
            write_atomic(_STAMP, content)
    return MANIFEST


def _is_parsed(content: str) -> bool:
    present = MANIFEST.is_file() and _PARSED.is_file() and _STAMP.is_file()
    return present and _STAMP.read_text(encoding="utf-8") == content


def read_manifest() -> dict[str, Any]:
    """The project's manifest.json; prepared where it does not fit the project."""
    path = prepare_manifest()
    return _read_json(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_json(path: Path, _modified: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def parsed_manifest() -> Manifest:
    """The manifest as the object that dbt works on, new for each caller since a build changes it."""
    from dbt.contracts.graph.manifest import Manifest

    prepare_manifest()
    manifest = Manifest.from_msgpack(_PARSED.read_bytes())
    manifest.build_flat_graph()
    return manifest


def published_models(*, supervision: bool) -> list[str]:
    """Names of the marts that are published: of the supervision part, or of all else with the rules.

    Rules are seeds and are published like marts.
    """
    nodes = read_manifest()["nodes"].values()
    marts = [node for node in nodes if node["resource_type"] == "model" and node["path"].startswith("marts/")]
    chosen = [node["name"] for node in marts if (SUPERVISION in node["tags"]) == supervision]
    if not supervision:
        chosen += [node["name"] for node in nodes if node["resource_type"] == "seed"]
    return sorted(chosen)


def growing_models() -> set[str]:
    """Names of the models that are rewritten by period."""
    nodes = read_manifest()["nodes"].values()
    return {node["name"] for node in nodes if node["config"].get("materialized") == "incremental"}


if __name__ == "__main__":
    prepare_manifest()
