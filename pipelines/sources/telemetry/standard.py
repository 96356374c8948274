"""`standard.yml`, typed: limits, commands, marks and units, with sources and how far they were verified."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).with_name("standard.yml")

Verified = Literal["worked_frame", "secondary", "unverified"]
Column = Literal["co2_mass", "co2_concentration", "flow", "o2", "heat_input", "gross_load", "operating"]
"""Measured columns of `cems_hourly`."""

CO2_KG_PER_M3 = 44.0095 / 22.414
"""Density of carbon dioxide at 273.15 K and 101.325 kPa: molar mass by molar volume."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    verified: Verified


class Number(_Entry):
    """A figure of a standard."""

    value: int
    source: str


class Text(_Entry):
    """A choice of a standard."""

    value: str
    source: str


class Named(_Entry):
    """A code and its name; `unit` where it measures something."""

    name: str
    unit: str | None = None


class Answer(_Entry):
    """The system and command code of an answer."""

    system: int
    command: int
    source: str


class Marks(_Entry):
    """Mark of a reading -> quality of the contract."""

    source: str
    quality: dict[str, str]


class Formula(_Entry):
    """Where a formula is from."""

    source: str


class ValidHour(BaseModel):
    """When an hour may be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    minutes: Number


class Standard(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    limits: dict[str, Number]
    utc_offset_hours: Number
    data_time: Text
    versions: dict[int, Named]
    flag_bits: dict[str, Number]
    answers: dict[str, Answer]
    commands: dict[int, Named]
    marks: Marks
    precedence: tuple[str, ...]
    valid_hour: ValidHour
    emission_rate: Formula
    factors: dict[str, Named]
    units: dict[Column, dict[str, float]]

    def command(self, name: str) -> int:
        """Code of a command, by its name in the file."""
        return next(code for code, entry in self.commands.items() if entry.name == name)


@cache
def standard() -> Standard:
    """The file, read once in a process."""
    return Standard.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
