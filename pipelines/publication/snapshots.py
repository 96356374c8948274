"""Snapshots: written as candidates, published in one step, never changed afterwards, pruned.

The newest snapshots are kept, as many as the setting `CARBONWARDEN_KEEP_SNAPSHOTS` says.
Belongs here: the folders under `HOME/published`. Does not belong here: the order of a run's stages
(`stages`), what identifies a snapshot (`identity`), queries (`query`).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipelines.core.files import write_atomic
from pipelines.core.market import Market
from pipelines.core.settings import Settings


@dataclass(frozen=True)
class Candidate:
    """A snapshot in preparation, which no reader sees: its place, its identity and what it is made for."""

    settings: Settings
    snapshot: str
    market: Market
    day: date

    @property
    def folder(self) -> Path:
        """Where the snapshot is put together."""
        return candidate_folder(self.settings, self.snapshot)

    @property
    def marts(self) -> Path:
        """Folder of its marts as Parquet."""
        return self.folder / "marts"


def current_id(settings: Settings) -> str | None:
    """Id of the published snapshot, or None before the first publication."""
    return (
        settings.current.resolve().name
        if settings.current.is_symlink() and settings.current.exists()
        else None
    )


def candidate_folder(settings: Settings, identifier: str) -> Path:
    """Where the snapshot is put together before anyone may read it."""
    return settings.published / f".candidate-{identifier}"


def begin_candidate(settings: Settings, identifier: str) -> Path:
    """An empty candidate; what earlier runs that did not publish left is removed."""
    for leftover in settings.published.glob(".candidate-*"):
        shutil.rmtree(leftover)
    folder = candidate_folder(settings, identifier)
    (folder / "marts").mkdir(parents=True)
    return folder


def publish(settings: Settings, identifier: str, manifest: dict[str, Any]) -> Path:
    """Make the candidate the current snapshot, in one step for readers, and prune old ones."""
    candidate = candidate_folder(settings, identifier)
    target = settings.published / identifier
    manifest = {
        "snapshot_id": identifier,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **manifest,
    }
    (candidate / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
    )
    if target.exists():
        # The id covers source, day and program, so the content is the one already there.
        shutil.rmtree(candidate)
    else:
        candidate.rename(target)
    _point_to(settings, identifier)
    settings.refusal.unlink(missing_ok=True)
    _prune(settings)
    return target


def _point_to(settings: Settings, identifier: str) -> None:
    link = settings.published / ".current-next"
    link.unlink(missing_ok=True)
    link.symlink_to(identifier, target_is_directory=True)
    os.replace(link, settings.current)  # noqa: PTH105 - Path.replace would follow nothing either; the rename is the point


def created_at(snapshot: Path) -> str:
    """When a snapshot was published, as ISO text in UTC."""
    manifest: dict[str, str] = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    return manifest["created_at"]


def snapshots(settings: Settings) -> list[Path]:
    """Published snapshots, newest first."""
    folders = [
        path
        for path in settings.published.glob("[!.]*")
        if (path / "manifest.json").is_file() and not path.is_symlink()
    ]
    created = {path: created_at(path) for path in folders}
    return sorted(folders, key=lambda path: (created[path], path.name), reverse=True)


def _prune(settings: Settings) -> None:
    current = current_id(settings)
    for path in snapshots(settings)[settings.keep_snapshots :]:
        if path.name != current:
            shutil.rmtree(path)


def refuse(settings: Settings, gate: str, identifier: str, results: list[dict[str, Any]]) -> None:
    """Note what a gate refused, for the command line and the desk; the publication stays as it is."""
    content = {
        "refused_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "gate": gate,
        "snapshot_id": identifier,
        "results": results,
    }
    write_atomic(settings.refusal, json.dumps(content, ensure_ascii=False, indent=1, default=str))
