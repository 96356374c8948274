"""How dbt is asked to build the warehouse: which variables it gets and which periods it rewrites.

Only dbt opens `warehouse.duckdb` for writing. This module remembers what the warehouse was built from,
so that a run rewrites what the lake changed since, also after a run that was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from pipelines.core.files import write_atomic
from pipelines.core.market import Market
from pipelines.core.settings import ROOT, Settings
from pipelines.lake.state import LakeState

PROJECT = ROOT / "dbt_project"
_IGNORED = {"target", "logs"}

Fingerprints = dict[str, dict[str, str]]
ChangedPeriods = dict[str, list[str]]


class WarehouseState(BaseModel):
    """What the warehouse holds: the lake's fingerprints, and the code and market it was built with."""

    fingerprints: Fingerprints = Field(default_factory=dict)
    pending: ChangedPeriods = Field(default_factory=dict)
    """Periods that a run began to rewrite and did not finish."""
    fingerprint: str = ""
    last_full: bool = False
    last_changed: ChangedPeriods = Field(default_factory=dict)
    """What the last finished build rewrote."""


@dataclass(frozen=True)
class BuildPlan:
    """What the next build rewrites; `changed` names the periods of each source table."""

    full: bool
    changed: ChangedPeriods
    fingerprint: str
    fingerprints: Fingerprints


def fingerprint(folders: Iterable[Path], *texts: str) -> str:
    """Hash of the content of all files below these folders, and of further texts."""
    digest = hashlib.sha256("\x00".join(texts).encode())
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not _IGNORED.intersection(parts) and "__pycache__" not in parts:
                digest.update("/".join(parts).encode() + b"\x00")
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _path(settings: Settings) -> Path:
    return settings.home / "warehouse.json"


def _read(settings: Settings) -> WarehouseState:
    path = _path(settings)
    if not path.is_file() or not settings.warehouse.is_file():
        return WarehouseState()
    try:
        return WarehouseState.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError:
        # A damaged memory costs a full build, not a wrong one.
        return WarehouseState()


def _write(settings: Settings, state: WarehouseState) -> None:
    write_atomic(_path(settings), state.model_dump_json(indent=1))


def _difference(
    before: Mapping[str, Mapping[str, str]], now: Fingerprints, pending: ChangedPeriods
) -> ChangedPeriods:
    changed: ChangedPeriods = {}
    for table in sorted(before.keys() | now.keys() | pending.keys()):
        old, new = before.get(table, {}), now.get(table, {})
        periods = {period for period in old.keys() | new.keys() if old.get(period) != new.get(period)}
        periods.update(pending.get(table, []))
        if periods:
            changed[table] = sorted(periods)
    return changed


def plan_build(settings: Settings, lake: LakeState, market: Market) -> BuildPlan:
    """What must be rewritten for the warehouse to show what the lake holds now.

    A changed dbt project, engine or market means a full build.
    """
    state = _read(settings)
    now = fingerprint([PROJECT], lake.engine, market.model_dump_json())
    fingerprints = lake.fingerprints()
    full = state.fingerprint != now
    return BuildPlan(
        full, {} if full else _difference(state.fingerprints, fingerprints, state.pending), now, fingerprints
    )


def begin_build(settings: Settings, plan: BuildPlan) -> None:
    """Note which periods are about to be rewritten, so that a run cut off midway is repaired by the next."""
    if plan.full:
        _path(settings).unlink(missing_ok=True)
        return
    state = _read(settings)
    state.pending = plan.changed
    _write(settings, state)


def finish_build(settings: Settings, plan: BuildPlan) -> None:
    """Note that the warehouse now shows what the plan saw in the lake."""
    state = WarehouseState(
        fingerprints=plan.fingerprints,
        fingerprint=plan.fingerprint,
        last_full=plan.full,
        last_changed=plan.changed,
    )
    _write(settings, state)


def last_plan(settings: Settings) -> BuildPlan:
    """The plan of the build that was finished last, for what is built on top of it in the same run."""
    state = _read(settings)
    return BuildPlan(state.last_full, state.last_changed, state.fingerprint, state.fingerprints)


def dbt_variables(market: Market) -> dict[str, str]:
    """Variables of the dbt project, the same in every run of a market: dbt parses anew when one differs."""
    return {"market_id": market.id, "currency": market.currency, "timezone": market.timezone}


def run_values(settings: Settings, as_of: str, plan: BuildPlan) -> dict[str, Any]:
    """What differs from run to run; the project asks for it by its macro `run_value`."""
    return {
        "as_of": as_of,
        "lake_path": str(settings.lake),
        "changed": "all" if plan.full else plan.changed,
    }


def dbt_environment(settings: Settings, values: dict[str, Any]) -> dict[str, str]:
    """Environment that the dbt profile and the project read."""
    return {
        "CARBONWARDEN_WAREHOUSE": str(settings.warehouse),
        "CARBONWARDEN_MEMORY_LIMIT": settings.memory_limit,
        "CARBONWARDEN_THREADS": str(settings.threads),
        "CARBONWARDEN_RUN": json.dumps(values),
    }


def published_models(manifest: Path, *, supervision: bool) -> list[str]:
    """Names of the marts that are published: of the supervision part, or of all else with the rules.

    `manifest` is dbt's manifest.json. Rules are seeds and are published like marts.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    marts = [node for node in nodes if node["resource_type"] == "model" and node["path"].startswith("marts/")]
    chosen = [node["name"] for node in marts if ("supervision" in node["tags"]) == supervision]
    if not supervision:
        chosen += [node["name"] for node in nodes if node["resource_type"] == "seed"]
    return sorted(chosen)
