"""Arrangements at offset projects: credits beyond what a project yields, or counted twice."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ExtraIssuance:
    """A second issuance for (a part of) a period that was issued before: `overlap` is the part."""

    project: int
    issuance: int
    overlap: float
    tag: int = 0


@dataclass
class ProjectPlan:
    """What is arranged at the projects, by project number.

    `yield_factor` multiplies every issuance; `doubles` maps a project to another of which it is a second
    registration under another name at nearly the same place; `early_days` lets a first monitoring period
    begin that many days before crediting does. `tags` maps a project to the case that all its published
    issuances belong to.
    """

    yield_factor: dict[int, float] = field(default_factory=dict)
    extra: list[ExtraIssuance] = field(default_factory=list)
    doubles: dict[int, int] = field(default_factory=dict)
    early_days: dict[int, int] = field(default_factory=dict)
    tags: dict[int, int] = field(default_factory=dict)
