"""What a kind of case consists of: how it is set, and what lawful conduct resembles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipelines.simulator.cases.planner import CasePlanner

Arrange = Callable[[CasePlanner, np.random.Generator], None]


class Kind(NamedTuple):
    """One kind of the contract's alerts.

    `arrange` writes wrong conduct into the plan and opens its cases; `resemble` writes the honest
    look-alike, which is part of every market. `lookalike` says in one line what that is.
    """

    name: str
    arrange: Arrange
    resemble: Arrange
    lookalike: str
