"""Where files are and how the program is set up, from arguments and the environment.

Belongs here: paths and settings. Does not belong here: Dagster, I/O, rules of law.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.core.faults import invalid_entries

ROOT = Path(__file__).resolve().parents[2]
_EXAMPLES = {"CARBONWARDEN_MEMORY_LIMIT": "2GB, 512MB or 1.5GiB"}
"""Values of settings whose form is easier shown than described."""


class SettingsError(Exception):
    """A setting is not valid."""


class Settings(BaseSettings):
    """Paths under `home` and the limits of a run; every field may be set as CARBONWARDEN_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARBONWARDEN_", extra="ignore")

    home: Path = Field(default=Path("data"), description="everything that is kept lives under this folder")
    source: Path | None = Field(default=None, description="source directory that Dagster's runs read")
    as_of: date | None = Field(default=None, description="as-of date; none: today")
    memory_limit: str = Field(
        default="2GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$", description="DuckDB's memory limit, per process"
    )
    threads: int = Field(default=2, ge=1, description="DuckDB's threads, per process")
    keep_snapshots: int = Field(default=5, ge=2, description="published snapshots to keep")

    @classmethod
    def load(cls, home: Path | None = None) -> Settings:
        """Settings from the environment, with `home` taking precedence; its path is made absolute.

        Raises:
            SettingsError: a variable is not valid, or the home's path has a character that some
                reader of its files would take for a wildcard or an escape.
        """
        try:
            settings = cls() if home is None else cls(home=home)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"CARBONWARDEN_{str(first['loc'][0]).upper()}"
            said = invalid_entries(error, name, most=1).partition(": ")[2]
            if name in _EXAMPLES:
                said = f"expected a value such as {_EXAMPLES[name]}; found {first['input']!r}"
            raise SettingsError(f"{name}: {said}. Correct the variable, or unset it.") from error
        folder = settings.home.expanduser().absolute()
        unfit = sorted(set(str(folder)) & set("*?[]%#\n"))
        if unfit:
            raise SettingsError(
                f"{folder}: expected a home without {' '.join(unfit)} in its path. Name another."
            )
        file = next((path for path in (folder, *folder.parents) if path.exists()), folder)
        if file.is_file():
            raise SettingsError(
                f"{folder}: expected a folder, or a path where one can be made; found the file {file}. "
                "Name another home."
            )
        return settings.model_copy(update={"home": folder})

    @property
    def duckdb_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """Limits of a DuckDB connection."""
        return {"memory_limit": self.memory_limit, "threads": self.threads}

    @property
    def lake(self) -> Path:
        """Received, kept and quarantined rows, and what Python hands to dbt."""
        return self.home / "lake"

    @property
    def deliveries(self) -> Path:
        """What declared sources delivered: states, and the link `current` to the present one."""
        return self.home / "deliveries"

    @property
    def default_source(self) -> Path | None:
        """The source directory that a run reads unless it names one: the configured one, else deliveries.

        A state of the deliveries has a path of its own, so a pull during the run changes nothing for it.
        """
        if self.source:
            return self.source.expanduser().absolute()
        current = self.deliveries / "current"
        return current.resolve() if current.is_dir() else None

    @property
    def handover(self) -> Path:
        """Frames that Python computed for dbt to read."""
        return self.lake / "handover"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt alone writes."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Immutable snapshots, one folder each."""
        return self.home / "published"

    @property
    def current(self) -> Path:
        """Symbolic link to the snapshot that readers open."""
        return self.published / "current"

    @property
    def refusal(self) -> Path:
        """What the last refused run found; absent after a success."""
        return self.home / "refusal.json"

    @property
    def scratch(self) -> Path:
        """Work files of the run in progress; may be deleted when none is."""
        return self.home / "scratch"
