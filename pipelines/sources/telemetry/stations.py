"""The operator's file of stations: who sends, for which unit, in which codes and units, and the limits.

Belongs here: the form of `stations.yml`, checked when it is loaded. Passwords are never in it, only the name
of the environment variable that holds one. Does not belong here: what a standard fixes (`standard.yml`).
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_entries, read_yaml
from pipelines.sources.telemetry.standard import Column, standard


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Strict):
    """Where a column of `cems_hourly` comes from.

    `total` says that minute and hour records carry a total of their period (`Cou`) rather than a mean
    (`Avg`). `low` and `high` are the range of the instrument, in the station's unit: a reading outside of it
    counts as a fault of the instrument.
    """

    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,16}$")]
    unit: str
    total: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def period_field(self) -> str:
        """Field of the code in minute and hour records."""
        return "cou" if self.total else "avg"


class Station(_Strict):
    """One sender. A unit with several stacks has several stations, and its figures are combined.

    `minutes` is how many minutes a minute record covers; `data_time` whether DataTime is the start of the
    period, as in the standard, or its end.
    """

    unit: Annotated[str, Field(min_length=1, max_length=200)]
    stack: str = ""
    columns: dict[Column, Measured] = {}
    profile: str | None = None
    minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30] = 1
    data_time: Literal["start", "end"] = "start"
    since: datetime | None = None
    until: datetime | None = None
    password_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None

    @field_validator("since", "until")
    @classmethod
    def _with_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("expected a time with its offset, such as 2026-03-01T00:00:00+08:00")
        return None if value is None else value.astimezone(UTC)


class Limits(_Strict):
    """Bounds of what a receiver does for others."""

    connections: int = Field(default=6000, ge=1)
    idle_seconds: float = Field(default=900, gt=0)
    data_bytes: int = Field(default_factory=lambda: standard().limits["data_bytes"].value, ge=64, le=9999)
    damages: int = Field(default=100, ge=1, description="damages without a frame after which it is cut off")
    commit_ms: float = Field(default=20, ge=0, le=1000)
    shutdown_seconds: float = Field(default=10, gt=0)


class Closing(_Strict):
    """When an hour is closed, and which times are accepted.

    `station_difference` is the relative difference between the station's own hour and the computed one above
    which the hour is reported.
    """

    after_minutes: int = Field(default=10, ge=0, le=24 * 60)
    accepted_days: int = Field(default=400, ge=1)
    ahead_minutes: int = Field(default=10, ge=0, description="how far a station's clock may run ahead")
    packets_hours: int = Field(default=24, ge=1, description="how long to wait for packets of one record")
    station_difference: float = Field(default=0.01, ge=0)


class Stations(_Strict):
    """The whole file. `profiles` are columns that stations share by name; `password_env` is their default."""

    profiles: dict[str, dict[Column, Measured]] = {}
    stations: dict[str, Station] = Field(min_length=1)
    password_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None
    limits: Limits = Field(default_factory=Limits)
    closing: Closing = Field(default_factory=Closing)

    @model_validator(mode="after")
    def _known(self) -> Stations:
        for name, station in self.stations.items():
            if station.profile is not None and station.profile not in self.profiles:
                listed = ", ".join(self.profiles) or "none"
                raise ValueError(
                    f"stations.{name}.profile: expected one of {listed}; found {station.profile!r}"
                )
            if not self.columns(name):
                raise ValueError(f"stations.{name}: expected columns or a profile, found neither")
            for column, measured in self.columns(name).items():
                units = standard().units[column]
                if measured.unit not in units:
                    raise ValueError(
                        f"stations.{name}: unit of {column}: expected one of {', '.join(units)}; "
                        f"found {measured.unit!r}"
                    )
        return self

    def columns(self, station: str) -> dict[Column, Measured]:
        """Columns of a station: those of its profile, replaced by its own."""
        entry = self.stations[station]
        return {**(self.profiles[entry.profile] if entry.profile else {}), **entry.columns}

    def digest(self, station: str) -> str:
        """Content hash of everything that decides how a station's records are read."""
        entry = self.stations[station].model_dump_json(exclude={"password_env", "profile", "columns"})
        columns = {name: c.model_dump_json() for name, c in sorted(self.columns(station).items())}
        return hashlib.sha256(f"{entry}{columns}".encode()).hexdigest()[:16]

    def passwords(self) -> dict[str, str]:
        """Station -> password, where one is configured; read from the environment.

        Raises:
            SourceError: a variable that the file names is not set.
        """
        found = {}
        for name, station in self.stations.items():
            variable = station.password_env or self.password_env
            if variable is None:
                continue
            if not os.environ.get(variable):
                raise SourceError(
                    f"stations.{name}: expected a password in the environment variable {variable}, "
                    "found none. Set it, or remove password_env."
                )
            found[name] = os.environ[variable]
        return found


def load(path: Path) -> Stations:
    """The stations of a file.

    Raises:
        SourceError: no such file, no YAML, or not of the form; the message names the entry.
    """
    content = read_yaml(path, "a file of stations")
    try:
        return Stations.model_validate(content)
    except ValidationError as error:
        found = invalid_entries(error, "stations", secret=True)
        raise SourceError(
            f"{path}: expected a file of stations; {found}. See docs/how-to/receive-telemetry.md."
        ) from error
