"""Who exists at the start: groups, parks, emitters, units, account holders, offset projects, service bodies.

Belongs here: the head counts of a `Scale` turned into a `World` of arrays, with the lasting habits of
everybody in it. Positions are row numbers everywhere: entity `e`, unit `u`, account `a`; the first entities
are the key emitters, and key emitter `e` holds account `e`. Numbers in published ids are drawn at random.
Does not belong here: anything that happens in time (`emitters`, `registry`, `trading`) and wrong conduct
(`cases`).
"""

from pipelines.simulator.world.build import build_world
from pipelines.simulator.world.model import Accounts, Body, Consortium, Entities, Park, World
from pipelines.simulator.world.places import PROVINCES, Province

__all__ = [
    "PROVINCES",
    "Accounts",
    "Body",
    "Consortium",
    "Entities",
    "Park",
    "Province",
    "World",
    "build_world",
]
