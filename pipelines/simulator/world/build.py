"""Puts a world together from the head counts of a scale."""

from __future__ import annotations

from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import directory, holders
from pipelines.simulator.world.entities import Bodies, entities
from pipelines.simulator.world.equipment import build_fleet
from pipelines.simulator.world.model import World
from pipelines.simulator.world.ownership import ownership
from pipelines.simulator.world.projects import build_projects


def build_world(scale: Scale, timeline: Timeline, streams: Streams) -> World:
    """Everybody of a market of that scale."""
    groups = directory.group_ids(scale, streams)
    parks = directory.parks(scale, streams)
    bodies = Bodies(
        laboratories=directory.laboratories(scale, streams),
        verifiers=directory.verifiers(scale, timeline, streams),
        consultants=directory.consultants(scale, streams),
    )
    emitters = entities(scale, timeline, parks, bodies, streams)
    accounts = holders.accounts(scale, timeline, emitters, groups, streams)
    return World(
        scale=scale,
        timeline=timeline,
        entities=emitters,
        fleet=build_fleet(emitters, streams),
        accounts=accounts,
        ownership=ownership(timeline, emitters, accounts, groups, streams),
        group_ids=groups,
        parks=parks,
        laboratories=bodies.laboratories,
        verifiers=bodies.verifiers,
        consultants=bodies.consultants,
        consortia=holders.consortia(emitters, accounts, streams),
        projects=build_projects(scale, timeline, accounts, bodies.verifiers, streams),
    )
