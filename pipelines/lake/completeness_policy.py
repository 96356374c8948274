"""The typed form of `completeness.yml`; an unknown check, setting or table stops the run when it is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipelines.contract.tables import TABLES


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Strict):
    """Why a check exists and where its value comes from, in both languages, as officials read it."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Rule(_Strict):
    """What one check compares with.

    `periods` is how many other periods, `rows` how many rows and `subjects` how many units or entities a
    comparison needs.
    """

    severity: Literal["critical", "warning", "info"]
    value: float
    unit: str
    why: Reason
    source: str
    verified: str
    periods: int = 0
    rows: int = 0
    scaled_mad: float = 0
    subjects: int = 0


class Beside(_Strict):
    """Where `table` has rows, `implied` should have some: by month, year or day."""

    table: str
    implied: str
    grain: Literal["month", "year", "day"]


class Calendar(_Strict):
    """A table whose instruments record every day or every hour."""

    table: str
    rows_a_day: int | None


class Rules(_Strict):
    """A rule for every check."""

    table_withdrawn: Rule
    table_absent: Rule
    rows_lost: Rule
    rows_fewer: Rule
    column_lost: Rule
    period_missing: Rule
    period_missing_beside: Rule
    province_missing: Rule
    province_missing_beside: Rule
    subjects_few: Rule
    rows_few: Rule
    days_few: Rule
    calendar_incomplete: Rule
    days_missing_beside: Rule
    column_empty_in_period: Rule
    column_empty: Rule
    period_unexpected: Rule
    province_unexpected: Rule


CHECKS = tuple(Rules.model_fields)
"""Names of the checks, in the order of the policy."""


class Policy(_Strict):
    """The whole file."""

    checks: Rules
    accepted_provinces: tuple[str, ...]
    beside: tuple[Beside, ...]
    registered: tuple[str, ...]
    calendar: tuple[Calendar, ...]
    trading_days: tuple[str, ...]

    @field_validator("registered", "trading_days")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - TABLES.keys())
        if unknown:
            raise ValueError(f"expected tables of the contract, found {', '.join(unknown)}")
        return names

    @field_validator("beside", "calendar")
    @classmethod
    def _known_tables(cls, entries: tuple[_Strict, ...]) -> tuple[_Strict, ...]:
        for entry in entries:
            cls._known(tuple(str(v) for k, v in entry.model_dump().items() if k in {"table", "implied"}))
        return entries


@cache
def load_policy() -> Policy:
    """The policy beside this module."""
    text = Path(__file__).with_name("completeness.yml").read_text(encoding="utf-8")
    return Policy.model_validate(yaml.safe_load(text))
