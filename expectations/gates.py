"""Which suites a gate has, in the order they are reported.

Does not belong here: on which tables of a run a gate is called and what a refusal leaves behind
(`pipelines.publication.gates`), how results appear in Dagster (`pipelines.orchestration.checks`).
"""

from __future__ import annotations

from expectations.ingestion import delivery, monitoring, registry, reports, trading
from expectations.publication import findings, marts
from expectations.suite import Frame, Suite, SuiteBuilder

GATES: dict[str, tuple[SuiteBuilder, ...]] = {
    "ingestion": (*delivery.SUITES, *registry.SUITES, *trading.SUITES, *reports.SUITES, *monitoring.SUITES),
    "publication": (*marts.SUITES, *findings.SUITES),
}


def suites_of(frame: Frame) -> list[Suite]:
    """The suites of the frame's gate with the bounds of its market.

    Raises:
        ValueError: there is no such gate.
    """
    if frame.gate not in GATES:
        raise ValueError(f"gate is {frame.gate!r}, expected one of {', '.join(GATES)}")
    return [build(frame) for build in GATES[frame.gate]]
