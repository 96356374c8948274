"""What the warehouse was built from, recorded beside it, so that the next build does only what is needed.

Belongs here: the record and how it is read and written. Does not belong here: what to build (`plan.py`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from pipelines.core.files import write_atomic
from pipelines.core.settings import Settings

Fingerprints = dict[str, dict[str, str]]
"""Content of each period of each source table: {table: {period: hash}}."""

ChangedPeriods = dict[str, list[str]]
"""Periods by source table."""

Versions = dict[str, str]
"""What identifies the content of a source or node, by its dbt id."""


class WarehouseState(BaseModel):
    """What the warehouse holds, and what it was built from."""

    code: str = ""
    """Hash of the dbt project, the engine and the market; another one means a full build."""
    fingerprints: Fingerprints = Field(default_factory=dict)
    """The lake's content that the last finished build saw."""
    pending: ChangedPeriods = Field(default_factory=dict)
    """Periods that a build began to rewrite and did not finish."""
    built: Versions = Field(default_factory=dict)
    """Which build wrote each node last."""
    inputs: dict[str, Versions] = Field(default_factory=dict)
    """For each node, the versions of its parents that it was built from."""
    last_full: bool = False
    last_changed: ChangedPeriods = Field(default_factory=dict)
    """What the last finished build rewrote."""


def _path(settings: Settings) -> Path:
    return settings.home / "warehouse.json"


def read_state(settings: Settings) -> WarehouseState:
    """State of the home's warehouse; a missing or damaged one is empty, which means a full build."""
    path = _path(settings)
    if not path.is_file() or not settings.warehouse.is_file():
        return WarehouseState()
    try:
        return WarehouseState.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError:
        return WarehouseState()


def write_state(settings: Settings, state: WarehouseState) -> None:
    """Replace the state in one step."""
    write_atomic(_path(settings), state.model_dump_json(indent=1))


def forget_state(settings: Settings) -> None:
    """Make the next build a full one."""
    _path(settings).unlink(missing_ok=True)
