"""The shape of projects and of the credits that they are issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np


class Issuance(NamedTuple):
    """Credits issued for one monitoring period; `verifier` is a position, `quantity` the honest one in t."""

    id: str
    period_start: date
    period_end: date
    issued_on: date
    verifier: int
    quantity: int


class CreditIssue(NamedTuple):
    """Credits that the registration system books to an account on a day; they carry a case's tag, or 0."""

    account: int
    quantity: int
    day: date
    tag: int = 0


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
