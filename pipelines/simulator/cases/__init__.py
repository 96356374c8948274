"""Known cases and lawful conduct that looks like them (look-alikes), one module a kind, one folder a family.

Belongs here: for every kind a module with a `KIND`: `arrange(planner, rng)` writes departures into the plan
and opens its cases in graded severity; `resemble(planner, rng)` writes lawful conduct that looks alike. A
case changes the world, never a published row, so everything that follows from it (settlement, daily figures,
balances) is consistent like for any other act.
Does not belong here: any knowledge of how cases are found.
"""

from __future__ import annotations

from pipelines.simulator.cases import compliance, falsification, manipulation, market_risk
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.seeds import Streams

KINDS: tuple[Kind, ...] = (
    *manipulation.KINDS,
    *falsification.KINDS,
    *compliance.KINDS,
    *market_risk.KINDS,
)


def arrange_all(planner: CasePlanner, streams: Streams, clean: bool) -> None:
    """Set every look-alike, then (unless the market is to be clean) every case."""
    for kind in KINDS:
        kind.resemble(planner, streams.of("lookalikes", kind.name))
    if not clean:
        for kind in KINDS:
            kind.arrange(planner, streams.of("cases", kind.name))
