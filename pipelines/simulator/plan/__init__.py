"""What is arranged beforehand: departures from routine in the market, at plants, in the registry.

Look-alikes and cases write into one `Plan`; emitters, registry and exchange read it and carry it out by
the code that carries out everything else. So a departure is settled, counted in the daily figures and
bound by holdings, price limits and physics like any other act. A clean market's plan holds look-alikes only.

Everything arranged may carry a `tag`, the number of the case that it belongs to (0 for none). Rows that
come of it are remembered under the tag and end in the labels; no published row shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.plan.projects import ProjectPlan
from pipelines.simulator.plan.registering import RegistryPlan
from pipelines.simulator.plan.trading import TradingPlan


@dataclass
class Plan:
    """All arrangements of one market."""

    trading: TradingPlan
    emitters: EmitterPlan
    registry: RegistryPlan
    projects: ProjectPlan

    @classmethod
    def empty(cls, months: int, units: int) -> Plan:
        """A plan in which everybody follows routine."""
        return cls(
            trading=TradingPlan(),
            emitters=EmitterPlan.empty(months, units),
            registry=RegistryPlan(),
            projects=ProjectPlan(),
        )


__all__ = ["EmitterPlan", "Plan", "ProjectPlan", "RegistryPlan", "TradingPlan"]
