"""What the next build does: which periods it rewrites and which nodes it builds.

A node is built when it, or a parent, was made from something that differs now: periods of a source table, a
frame that Python handed over, or the as-of date. All other nodes stay as they are.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.fingerprint import content_hash, fingerprint
from pipelines.core.market import Market
from pipelines.core.settings import ROOT, Settings
from pipelines.lake.state import LakeState
from pipelines.warehouse.project import SUPERVISION, read_manifest
from pipelines.warehouse.state import (
    ChangedPeriods,
    Fingerprints,
    Versions,
    WarehouseState,
    forget_state,
    read_state,
    write_state,
)

AS_OF = "as-of date"
"""Stands among a node's parents where its SQL asks for the as-of date."""

_AS_OF_MACRO = "macro.carbonwarden.as_of"
_BUILT_TYPES = {"seed", "model", "snapshot"}


@dataclass(frozen=True)
class BuildPlan:
    """What the next build does; `changed` names periods by source table, `nodes` dbt ids, parents first."""

    full: bool
    changed: ChangedPeriods
    nodes: tuple[str, ...]
    code: str
    fingerprints: Fingerprints
    inputs: Mapping[str, Versions]
    build: str

    def selected(self, manifest: Mapping[str, Any]) -> list[str]:
        """The nodes, and the sources that changed, whose tests run with them, as dbt ids."""
        sources = manifest["sources"].items()
        changed = [identifier for identifier, source in sources if source["name"] in self.changed]
        return [*self.nodes, *changed]


def plan_core(settings: Settings, lake: LakeState, market: Market, as_of: str) -> BuildPlan:
    """What must be built for the warehouse to show what the lake holds now.

    A changed dbt project, engine or market means a full build.
    """
    state = read_state(settings)
    code = fingerprint(ROOT, ["dbt_project"], texts=[lake.engine, market.model_dump_json()])
    full = state.code != code
    fingerprints = lake.fingerprints()
    changed = {} if full else _difference(state.fingerprints, fingerprints, state.pending)
    return _plan(settings, state, _nodes(supervision=False), full, changed, code, fingerprints, as_of)


def plan_supervision(settings: Settings, as_of: str) -> BuildPlan:
    """What must be built for the supervision marts to show what was found in the core marts."""
    state = read_state(settings)
    nodes = _nodes(supervision=True)
    full = any(node not in state.built for node in nodes)
    return _plan(settings, state, nodes, full, {}, state.code, state.fingerprints, as_of)


def _nodes(*, supervision: bool) -> list[str]:
    """Seeds and models of one part of the project, parents first."""
    nodes = read_manifest()["nodes"]
    ordered: dict[str, None] = {}

    def visit(node: str) -> None:
        if node in nodes and node not in ordered:
            for parent in nodes[node]["depends_on"].get("nodes", []):
                visit(parent)
            ordered[node] = None

    for node in sorted(nodes):
        if nodes[node]["resource_type"] in _BUILT_TYPES:
            visit(node)
    return [node for node in ordered if (SUPERVISION in nodes[node]["tags"]) == supervision]


def _plan(
    settings: Settings,
    state: WarehouseState,
    nodes: Iterable[str],
    full: bool,
    changed: ChangedPeriods,
    code: str,
    fingerprints: Fingerprints,
    as_of: str,
) -> BuildPlan:
    manifest = read_manifest()
    build = uuid.uuid4().hex[:12]
    versions = _source_versions(manifest, fingerprints, settings.handover) | state.built | {AS_OF: as_of}
    # Pending periods are rewritten even where the lake went back to what it was.
    differing = {key for key, source in manifest["sources"].items() if source["name"] in changed}
    inputs: dict[str, Versions] = {}
    for node in nodes:
        now = {parent: versions.get(parent, "") for parent in _parents(manifest, node)}
        as_before = node in state.built and state.inputs.get(node) == now
        if full or not as_before or not differing.isdisjoint(now):
            inputs[node] = now
            versions[node] = build
            differing.add(node)
    return BuildPlan(full, changed, tuple(inputs), code, fingerprints, inputs, build)


def begin_core(settings: Settings, plan: BuildPlan) -> None:
    """Note what is about to be rewritten, so that a build cut off midway is repaired by the next."""
    if plan.full:
        forget_state(settings)
        return
    state = read_state(settings)
    state.pending = plan.changed
    _begin(settings, state, plan)


def begin_supervision(settings: Settings, plan: BuildPlan) -> None:
    """Note which supervision marts are about to be rewritten."""
    _begin(settings, read_state(settings), plan)


def _begin(settings: Settings, state: WarehouseState, plan: BuildPlan) -> None:
    for node in plan.nodes:
        state.inputs.pop(node, None)
    write_state(settings, state)


def finish_core(settings: Settings, plan: BuildPlan) -> None:
    """Note that the core marts show what the plan saw in the lake."""
    state = read_state(settings)
    state.code, state.fingerprints, state.pending = plan.code, plan.fingerprints, {}
    state.last_full, state.last_changed = plan.full, plan.changed
    _finish(settings, state, plan)


def finish_supervision(settings: Settings, plan: BuildPlan) -> None:
    """Note that the supervision marts show what the plan saw."""
    _finish(settings, read_state(settings), plan)


def _finish(settings: Settings, state: WarehouseState, plan: BuildPlan) -> None:
    state.built |= dict.fromkeys(plan.nodes, plan.build)
    state.inputs |= plan.inputs
    write_state(settings, state)


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


def _source_versions(manifest: Mapping[str, Any], fingerprints: Fingerprints, handover: Path) -> Versions:
    versions: Versions = {}
    for identifier, source in manifest["sources"].items():
        name = source["name"]
        if source["source_name"] == "lake":
            versions[identifier] = content_hash(fingerprints.get(name, {}))
        else:
            path = handover / f"{name}.parquet"
            versions[identifier] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return versions


def _parents(manifest: Mapping[str, Any], node: str) -> list[str]:
    depends = manifest["nodes"][node]["depends_on"]
    parents = list(depends.get("nodes", []))
    if _AS_OF_MACRO in _macros_called(manifest, depends.get("macros", [])):
        parents.append(AS_OF)
    return parents


def _macros_called(manifest: Mapping[str, Any], macros: Iterable[str]) -> set[str]:
    called: set[str] = set()
    waiting = list(macros)
    while waiting:
        macro = waiting.pop()
        if macro not in called and macro in manifest["macros"]:
            called.add(macro)
            waiting += manifest["macros"][macro]["depends_on"]["macros"]
    return called
