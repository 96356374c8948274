"""The shape of a world: arrays and small records by position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from pipelines.simulator.fleet import Fleet
from pipelines.simulator.scales import Scale
from pipelines.simulator.timeline import Timeline

NONE = -1
OFFICIAL_ROLES = ("government", "auction", "retirement", "reserve")


class Body(NamedTuple):
    """A verifier, laboratory or consultant with its habits.

    `days` is how long it usually takes (a verification from the report, a laboratory from receipt),
    `strictness` how likely a verifier finds an error that is there.
    """

    id: str
    name: str
    accredited_on: date
    revoked_on: date | None
    province: int
    days: float
    strictness: float


class Park(NamedTuple):
    """An industrial park; `province` is a position."""

    id: str
    name: str
    province: int


class Consortium(NamedTuple):
    """Small emitters that take part together: published id, account, and members with their shares."""

    consortium_id: str
    account: int
    members: list[tuple[int, float]]


@dataclass(frozen=True)
class Entities:
    """Emitters, one position an entity: first the key emitters, then the small ones.

    `group`, `park` and `consultant` are -1 for none; `size` is the yearly emission (t) that an entity's
    equipment is meant for, 0 where the equipment itself decides. `stopped_on` is the day from which a
    suspended or exited one stands still.
    """

    id: list[str]
    name: list[str]
    sector: np.ndarray
    province: np.ndarray
    city: list[str]
    park: np.ndarray
    group: np.ndarray
    status: np.ndarray
    listed_on: list[date | None]
    exited_on: list[date | None]
    stopped_on: list[date | None]
    is_small: np.ndarray
    size: np.ndarray
    verifier: np.ndarray
    consultant: np.ndarray
    laboratory: np.ndarray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True)
class Accounts:
    """Account holders, one position an account; the first ones are the key emitters'."""

    id: list[str]
    holder_id: list[str]
    holder_name: list[str]
    role: np.ndarray
    controller: list[str | None]
    opened_on: list[date]
    closed_on: list[date | None]

    def __len__(self) -> int:
        return len(self.id)

    def with_role(self, *roles: str) -> np.ndarray:
        """Positions of the accounts that play one of these roles."""
        return np.flatnonzero(np.isin(self.role, roles))


class Issuance(NamedTuple):
    """Credits issued for one monitoring period; `verifier` is a position, `quantity` the honest one in t."""

    id: str
    period_start: date
    period_end: date
    issued_on: date
    verifier: int
    quantity: int


@dataclass(frozen=True)
class Projects:
    """Projects, one position a project, as they honestly are.

    `owner` is an account, `validator` a verifier by position; it never verifies the same project. `area_ha`
    is NaN where a methodology knows no area. `expected_annual` is t a year. `issuances` are in order of time.
    """

    id: list[str]
    name: list[str]
    methodology: list[str]
    owner: np.ndarray
    province_code: list[str]
    latitude: np.ndarray
    longitude: np.ndarray
    area_ha: np.ndarray
    expected_annual: np.ndarray
    status: list[str]
    registered_on: list[date | None]
    crediting_start: list[date | None]
    crediting_end: list[date | None]
    validator: np.ndarray
    issuances: list[list[Issuance]]

    def __len__(self) -> int:
        return len(self.id)


class FormerGroup(NamedTuple):
    """The group that an entity belonged to before `day`, the first day in its present one."""

    group: int
    day: date


@dataclass(frozen=True)
class Ownership:
    """The owning group's share of each entity, since when, and who had another group before."""

    share: np.ndarray
    since: list[date]
    former: dict[int, FormerGroup]


@dataclass(frozen=True)
class World:
    """Everybody, before anything happens."""

    scale: Scale
    timeline: Timeline
    entities: Entities
    fleet: Fleet
    accounts: Accounts
    ownership: Ownership
    group_ids: list[str]
    parks: list[Park]
    laboratories: list[Body]
    verifiers: list[Body]
    consultants: list[Body]
    consortia: list[Consortium]
    projects: Projects

    @property
    def key_emitters(self) -> int:
        """How many key emitters there are: the first so many entities and accounts."""
        return int((~self.entities.is_small).sum())

    def official(self, role: str) -> int:
        """Position of the official account of that role (one of `OFFICIAL_ROLES`).

        Raises:
            ValueError: there is no such official role.
        """
        if role not in OFFICIAL_ROLES:
            raise ValueError(f"role is {role!r}, expected one of {', '.join(OFFICIAL_ROLES)}")
        return int(self.accounts.with_role(role)[0])

    def group_id(self, group: int) -> str | None:
        """Published id of a group; None for -1."""
        return self.group_ids[group] if group >= 0 else None

    def has_present_group(self, account: int, day: date) -> bool:
        """Whether the account's emitter, if it has one, belonged to its present group by that day."""
        former = self.ownership.former.get(account) if account < self.key_emitters else None
        return former is None or former.day <= day

    def sisters(self) -> list[np.ndarray]:
        """For each group with at least two power companies among the key emitters, those companies."""
        entities = self.entities
        found = []
        for group in np.unique(entities.group[entities.group >= 0]):
            inside = (entities.group == group) & (entities.sector == "power") & ~entities.is_small
            if inside.sum() >= 2:
                found.append(np.flatnonzero(inside))
        return found
