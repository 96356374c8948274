"""Offset projects and the credits that they are issued (CCER).

Projects stand where their methodology can be: offshore wind and mangroves on the coast, solar-thermal power
in the north-west. What they yield goes by area where there is one (t a hectare and year) and by their size
where there is none; all credits together come to what was issued by the end of 2025, scaled to the market.
Does not belong here: who trades or surrenders credits (`trading`, `registry`).
"""

from pipelines.simulator.projects.build import (
    EARLIEST_REDUCTION,
    ISSUED_NATIONALLY,
    MARKET_LAUNCH,
    build_projects,
)
from pipelines.simulator.projects.issue import issue_credits
from pipelines.simulator.projects.methodologies import METHODOLOGIES
from pipelines.simulator.projects.model import CreditIssue, Issuance, Projects

__all__ = [
    "EARLIEST_REDUCTION",
    "ISSUED_NATIONALLY",
    "MARKET_LAUNCH",
    "METHODOLOGIES",
    "CreditIssue",
    "Issuance",
    "Projects",
    "build_projects",
    "issue_credits",
]
