"""One build of the warehouse: the variables it is given, and how each seed, model and test ended.

Belongs here: `dbt build`. Does not belong here: which nodes to build (`plan.py`), the call (`invocation.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.core.market import Market
from pipelines.core.settings import Settings
from pipelines.warehouse.invocation import DbtError, invoke
from pipelines.warehouse.project import PROJECT, parsed_manifest

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


_CHOSEN = "chosen"
"""Tag of what a build covers: one selector, since dbt compares each selector with every node."""


@dataclass(frozen=True)
class NodeResult:
    """How one seed, model or test of a build ended; `failures` counts the rows a test found."""

    unique_id: str
    status: str
    seconds: float
    message: str | None
    failures: int | None

    @property
    def built(self) -> bool:
        """A seed or model that is in the warehouse now."""
        return self.status == "success" and not self.unique_id.startswith("operation.")

    @property
    def failed_test(self) -> bool:
        """A test that found rows it must not find, at a severity that fails the build."""
        return self.status == "fail"

    @property
    def broken(self) -> bool:
        """The SQL could not be run, so there is neither a table nor a test result."""
        return self.status in {"error", "runtime error"}


@dataclass(frozen=True)
class BuildResult:
    """One invocation of `dbt build`: results in the order in which the nodes ended."""

    success: bool
    nodes: list[NodeResult] = field(default_factory=list)


def variables(settings: Settings, market: Market, **values: Any) -> dict[str, Any]:
    """Variables of the project and of its profile for one build in a home."""
    return {
        "market_id": market.id,
        "currency": market.currency,
        "timezone": market.timezone,
        "warehouse": str(settings.warehouse),
        "memory_limit": settings.memory_limit,
        "duckdb_threads": settings.threads,
        "lake_path": str(settings.lake),
        **values,
    }


def build(
    settings: Settings, given: dict[str, Any], *, select: Iterable[str], exclude: str = "", full: bool
) -> BuildResult:
    """Build the selected nodes with their tests; the warehouse file is closed afterwards.

    Args:
        settings: the home.
        given: what `variables` returns.
        select: dbt ids of the seeds and models to build, and of the sources whose tests run.
        exclude: nodes to leave out, as a dbt selector.
        full: drop and rebuild incremental models.

    Raises:
        DbtError: dbt ended without results.
    """
    arguments = [
        "build",
        "--vars",
        json.dumps(given),
        "--exclude-resource-type",
        "unit_test",
        "--no-write-json",
    ]
    arguments += ["--select", f"tag:{_CHOSEN}"]
    arguments += ["--exclude", exclude] if exclude else []
    arguments += ["--full-refresh"] if full else []
    target = settings.scratch / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    outcome = invoke(arguments, PROJECT, target, _tagged(select))
    if outcome.result is None:
        raise DbtError(f"dbt could not build the warehouse: {outcome.exception}; see {target / 'dbt.log'}")
    nodes = [
        NodeResult(
            unique_id=result.node.unique_id,
            status=str(result.status),
            seconds=result.execution_time,
            message=result.message,
            failures=result.failures,
        )
        for result in outcome.result.results
    ]
    return BuildResult(outcome.success, nodes)


def _tagged(chosen: Iterable[str]) -> Manifest:
    """The project's manifest, with the tag on what is to be built."""
    manifest = parsed_manifest()
    for identifier in chosen:
        (manifest.nodes.get(identifier) or manifest.sources[identifier]).tags.append(_CHOSEN)
    return manifest
