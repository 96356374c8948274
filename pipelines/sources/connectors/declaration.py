"""The form of `sources.yml`: what is pulled from where, checked when it is loaded.

Secrets are named by environment variables; a value in their place is refused and never shown. Paths are
relative to the folder of `sources.yml`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.contract.tables import TABLES
from pipelines.core.fingerprint import content_hash
from pipelines.core.market import Market
from pipelines.core.settings import SettingsError

FILE_NAME = "sources.yml"

SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
TableName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]{0,62}$")]
Variable = Annotated[
    str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="name of an environment variable, never its value")
]
Relation = Annotated[str, Field(pattern=r'^[^".\x00-\x1f]+(\.[^".\x00-\x1f]+)?$')]
Cron = Annotated[str, Field(pattern=r"^\S+( \S+){4}$")]


class _Strict(BaseModel):
    # Errors would repeat what stands in the place of a variable's name, perhaps a password.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class _Source(_Strict):
    """What every source may say."""

    mapping: str | None = Field(
        default=None, description="mapping file; without one, what is pulled has the form of the contract"
    )
    schedule: Cron | None = Field(default=None, description="cron expression, in the market's time zone")
    fresh_within_hours: float = Field(default=36, gt=0, description="a later pull counts as overdue")
    retries: int = Field(default=2, ge=0, le=10, description="further attempts of a pull that Dagster starts")

    @property
    def fingerprint(self) -> str:
        """Hash of what decides which rows are pulled; the schedule and its like do not count."""
        scheduling = {"schedule", "fresh_within_hours", "retries"}
        return content_hash([self.model_dump_json(exclude=scheduling)])


class PostgresTable(_Strict):
    """Rows of one table, or of one query. With a watermark, a pull takes new and changed rows only.

    `watermark` is a column that grows with every insert and update: a time, a date or an integer.
    """

    relation: Relation | None = Field(
        default=None, alias="from", description="table or view as `schema.name`, spelled as in the catalogue"
    )
    query: str | None = Field(default=None, description="a `select`, in place of `from`")
    watermark: str | None = Field(
        default=None, description="column that grows with every change; without one, all rows are compared"
    )
    overlap: int = Field(
        default=0,
        ge=0,
        description="how far below the watermark rows are read again, for transactions that commit late: "
        "seconds of a time, days of a date, units of an integer",
    )
    zone: str | None = Field(
        default=None, description="time zone of columns without one, where no mapping states it"
    )

    @model_validator(mode="after")
    def _one_form(self) -> PostgresTable:
        if (self.relation is None) == (self.query is None):
            raise ValueError("expected one of `from`, `query`")
        if self.overlap and self.watermark is None:
            raise ValueError("overlap: expected a `watermark` that it belongs to")
        return self


class Postgres(_Source):
    """A PostgreSQL database, or another that speaks its protocol."""

    kind: Literal["postgres"]
    connection: Variable = Field(description="environment variable with the connection string of libpq")
    tables: dict[TableName, PostgresTable] = Field(
        min_length=1, description="by table of the contract, or by file of the mapping's inputs"
    )

    @model_validator(mode="after")
    def _known(self) -> Postgres:
        _check_tables(self.mapping, self.tables)
        if self.mapping and len({table.watermark is None for table in self.tables.values()}) > 1:
            raise ValueError("tables: expected a `watermark` in all tables of a mapping, or in none of them")
        return self


Source = Annotated[Postgres, Field(discriminator="kind")]


class Sources(_Strict):
    """A whole `sources.yml`."""

    market: Market = Field(default_factory=Market, description="the settings of `market.yml`")
    sources: dict[SourceName, Source] = Field(min_length=1)


def _check_tables(mapping: str | None, names: object) -> None:
    if mapping is None and (strange := sorted(set(names) - set(TABLES))):  # type: ignore[call-overload]
        raise ValueError(f"tables: expected tables of the contract without a mapping, found {strange[0]}")


def load(home: Path) -> Sources:
    """The declared sources of a home.

    Raises:
        SettingsError: no such file, no YAML, or not of the form; the message names the entry, not its value.
    """
    path = home / FILE_NAME
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Sources.model_validate(content)
    except OSError as error:
        raise SettingsError(
            f"{path}: expected the declaration of sources, found {error.strerror}. "
            "See docs/how-to/connect-a-source.md."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: expected UTF-8, found other bytes. Save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(
            f"{path}: expected YAML, found a fault in line {line} ({error.problem}). Correct it."
        ) from None
    except (yaml.YAMLError, ValidationError) as error:
        raise SettingsError(
            f"{path}: expected declared sources; {_faults(error)}. See docs/how-to/connect-a-source.md."
        ) from None


def _faults(error: Exception) -> str:
    """Entries and what was expected of them; never what was found there, which may be a secret."""
    if not isinstance(error, ValidationError):
        return "found no YAML"
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'sources.yml'}: {_plain(fault['msg'])}"
        for fault in error.errors(include_input=False, include_url=False, include_context=False)[:5]
    )


def _plain(message: str) -> str:
    if message.startswith("String should match pattern '^[A-Z]"):
        return "expected the name of an environment variable, never a value"
    return re.sub(r"^Value error, ", "", message)
