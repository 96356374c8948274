"""The form of `sources.yml`: what is pulled from where, checked when it is loaded.

Secrets are named by environment variables; a value in their place is refused and never shown. Paths are
relative to the folder of `sources.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.contract.tables import TABLES
from pipelines.core.faults import invalid_entries, invalid_yaml, system_fault
from pipelines.core.fingerprint import content_hash
from pipelines.core.market import Market
from pipelines.core.settings import SettingsError

FILE_NAME = "sources.yml"

SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
TableName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]{0,62}$")]
_VARIABLE = r"^[A-Z][A-Z0-9_]*$"
_FORMS = {_VARIABLE: "the name of an environment variable, never a value"}
Variable = Annotated[
    str, Field(pattern=_VARIABLE, description="name of an environment variable, never its value")
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


class DatabaseTable(_Strict):
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
    def _one_form(self) -> DatabaseTable:
        if (self.relation is None) == (self.query is None):
            raise ValueError("expected one of `from`, `query`")
        if self.overlap and self.watermark is None:
            raise ValueError("overlap: expected a `watermark` that it belongs to")
        return self


class _Tables(_Source):
    """A source of several tables."""

    tables: dict[TableName, DatabaseTable] = Field(
        min_length=1, description="by table of the contract, or by file of the mapping's inputs"
    )

    @model_validator(mode="after")
    def _fit(self) -> _Tables:
        _check_tables(self.mapping, self.tables)
        if self.mapping and len({table.watermark is None for table in self.tables.values()}) > 1:
            raise ValueError("tables: expected a `watermark` in all tables of a mapping, or in none of them")
        return self


class Postgres(_Tables):
    """A PostgreSQL database, or another that speaks its protocol."""

    kind: Literal["postgres"]
    connection: Variable = Field(description="environment variable with the connection string of libpq")


class Database(_Tables):
    """Another database, for which a driver of SQLAlchemy is installed."""

    kind: Literal["database"]
    connection: Variable = Field(
        description="environment variable with the address, `engine+driver://user:password@server/database`"
    )

    @model_validator(mode="after")
    def _known(self) -> Database:
        if any(table.query and table.watermark for table in self.tables.values()):
            raise ValueError(
                "tables: expected `from` beside a `watermark`, whose type a query does not state"
            )
        return self


class Key(_Strict):
    """How requests state who asks: the value of an environment variable, in a header or a parameter."""

    variable: Variable
    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    parameter: str | None = None
    prefix: str = Field(default="", description="text before the value, such as `Bearer `")

    @model_validator(mode="after")
    def _one_place(self) -> Key:
        if (self.header is None) == (self.parameter is None):
            raise ValueError("expected one of `header`, `parameter`")
        return self


class Paging(_Strict):
    """How an API cuts its answer into pages.

    `page` and `offset` count in `parameter`; a page with fewer records than `size` is the last. `next`
    follows the link of the header `Link`, or the address in the field `next_field` of the document.
    """

    by: Literal["none", "page", "offset", "next"] = "none"
    parameter: str | None = None
    size_parameter: str | None = None
    size: int = Field(default=500, ge=1)
    first: int = Field(default=1, ge=0, description="number of the first page")
    next_field: str | None = Field(default=None, description="path of the field, such as `links.next`")

    @model_validator(mode="after")
    def _complete(self) -> Paging:
        if (self.by in ("page", "offset")) != (self.parameter is not None):
            raise ValueError("parameter: expected for `page` and `offset`, and for no other")
        return self


class Since(_Strict):
    """Asks an API for what is new alone: records from the highest value on that a field had so far.

    Rows of one pull are a further increment; they supersede rows of the same key in earlier ones.
    """

    parameter: str = Field(min_length=1, description="parameter of the request that takes the value")
    field: str = Field(min_length=1, description="field that grows with every new or changed record")
    type: Literal["time", "date", "integer"] = "time"
    first: str | None = Field(default=None, description="value of the first pull; without it, all records")
    overlap: int = Field(
        default=0,
        ge=0,
        description="how far below the highest value records are asked for again: seconds, days or units",
    )


class Http(_Source):
    """A JSON or CSV API over HTTP that answers in pages."""

    kind: Literal["http"]
    url: str = Field(pattern=r"^https?://[^\s?#]+$")
    file: TableName = Field(description="table of the contract, or file of the mapping's input")
    parameters: dict[str, str | int] = {}
    key: Key | None = None
    format: Literal["json", "csv"] = "json"
    records: str | None = Field(default=None, description="path of the list, such as `data.items`")
    paging: Paging = Paging()
    since: Since | None = None
    total_header: str | None = Field(default=None, description="header that states the number of all records")
    requests_a_minute: float = Field(default=60, gt=0)
    attempts: int = Field(default=5, ge=1, le=20, description="of one request, where a fault may pass")
    timeout_seconds: float = Field(default=60, gt=0)
    longest_wait_seconds: float = Field(
        default=300, ge=0, description="a server that asks for more is refused"
    )
    page_megabytes: float = Field(default=64, gt=0)
    most_pages: int = Field(default=10_000, ge=1)
    resume_hours: float = Field(
        default=1, ge=0, description="for how long pages of a pull that broke off may be taken up"
    )

    @model_validator(mode="after")
    def _known(self) -> Http:
        _check_tables(self.mapping, (self.file,))
        loopback = re.match(r"^http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)", self.url)
        if not self.url.startswith("https://") and not loopback:
            raise ValueError("url: expected https, so that nobody reads or changes what is transmitted")
        if self.format == "csv" and self.paging.by == "next" and self.paging.next_field:
            raise ValueError(
                "paging: expected the header `Link` for CSV, which has no fields beside its rows"
            )
        if self.format == "csv" and self.since:
            raise ValueError("since: expected JSON, whose records have fields")
        if self.format == "csv" and not self.mapping and self.paging.by != "none":
            raise ValueError("mapping: expected one for CSV in pages")
        return self


class Folder(_Source):
    """A folder into which files are put by others, or which is mounted. Each file is read by itself."""

    kind: Literal["folder"]
    path: str = Field(min_length=1)
    pattern: str = Field(default="*", description="names of the files that are taken, such as `*.csv`")
    table: TableName | None = Field(default=None, description="table of the contract, without a mapping")
    at_rest_seconds: float = Field(
        default=60, ge=0, description="how long a file must not have been written to before it is taken"
    )
    withdrawn: Literal["keep", "remove"] = Field(
        default="keep", description="what was delivered from a file that is no longer there"
    )

    @model_validator(mode="after")
    def _known(self) -> Folder:
        if (self.mapping is None) == (self.table is None):
            raise ValueError("expected one of `mapping`, `table`")
        if self.table:
            _check_tables(None, (self.table,))
        return self


class Telemetry(_Source):
    """What this home's receiver of stack monitors was sent: a pull closes the hours that are due."""

    kind: Literal["telemetry"]
    stations: str = Field(min_length=1, description="file of stations, as the receiver has it")

    @model_validator(mode="after")
    def _known(self) -> Telemetry:
        if self.mapping:
            raise ValueError("mapping: expected none, as closed hours have the form of the contract")
        return self


Source = Annotated[Postgres | Database | Http | Folder | Telemetry, Field(discriminator="kind")]


class Sources(_Strict):
    """A whole `sources.yml`."""

    market: Market = Field(description="the settings of `market.yml`; its id must be named")
    sources: dict[SourceName, Source] = Field(min_length=1)

    @field_validator("market", mode="before")
    @classmethod
    def _is_named(cls, given: object) -> object:
        """Nothing that is pulled is taken for another market's because nobody named its own."""
        if isinstance(given, dict) and "id" not in given:
            raise ValueError("expected the id of the market, such as cn, eu or us-ca; found none")
        return given


def _check_tables(mapping: str | None, names: Iterable[str]) -> None:
    if mapping is None and (strange := sorted(set(names) - set(TABLES))):
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
            f"{path}: expected the declaration of sources, found {system_fault(error)}. "
            "See docs/how-to/connect-a-source.md."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: expected UTF-8, found other bytes. Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: expected YAML, found {invalid_yaml(error)}. Correct it.") from None
    except ValidationError as error:
        # What was found is never shown: it may be a secret.
        found = invalid_entries(error, FILE_NAME, secret=True, forms=_FORMS)
        raise SettingsError(
            f"{path}: expected declared sources; {found}. See docs/how-to/connect-a-source.md."
        ) from None
