"""What the authority has decided and what the public has reported to it: the tables `penalties` and `tips`.

Penalties: earlier conduct that has nothing to do with the span, shortfalls after a deadline, and a small
part of the known cases that came out long ago. Tips: a minority about known cases, most about somebody
innocent or nobody in particular; how many there are, and how they are worded, does not depend on the cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.oversight.penalties import penalties
from pipelines.simulator.oversight.people import People
from pipelines.simulator.oversight.tips import tips
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink

if TYPE_CHECKING:
    from pipelines.simulator.registry import Registry


def write_oversight(planner: CasePlanner, registry: Registry, streams: Streams, sink: Sink) -> None:
    """Write `penalties` and `tips`."""
    people = People(planner)
    sink.write("penalties", penalties(planner, registry, people, streams.of("oversight", "penalties"), sink))
    sink.write("tips", tips(planner, people, streams.of("oversight", "tips"), sink))
