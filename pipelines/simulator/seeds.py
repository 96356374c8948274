"""Random streams: one independent generator for every named component of the simulation.

A stream depends on the seed and its own name only, so a new component draws nothing from the others
and leaves their numbers as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np


@dataclass(frozen=True)
class Streams:
    """The generators of one run, by name."""

    seed: int

    def of(self, *name: str | int) -> np.random.Generator:
        """The generator of the component `name`; the same name gives the same numbers again."""
        digest = blake2b("/".join(map(str, name)).encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *words])))
