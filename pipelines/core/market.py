"""The market's own settings, from `market.yml` in a source directory.

Belongs here: identity, currency, time zone and as-of date. Does not belong here: windows in UTC for detectors
(`anomaly.core.market`), rules of law (seeds).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_entries, invalid_yaml
from pipelines.core.settings import Settings


class Feed(BaseModel):
    """First and last month ('YYYY-MM') for which a source delivers a table; none where the span is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")
    last: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")


class Market(BaseModel):
    """Identity, currency and time zone of a market; which rules hold is looked up by `id`.

    Defaults are those of the Chinese national market.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str = Field(default="cn", pattern=r"^[a-z]{2}(-[a-z0-9]{1,8})?$")
    name_zh: str = "全国碳排放权交易市场"
    name_en: str = "China national emissions trading market"
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    timezone: str = "Asia/Shanghai"
    as_of: date | None = Field(
        default=None, description="as-of date unless a run names one; for markets of the past"
    )
    feeds: dict[str, Feed] = Field(
        default_factory=dict,
        description="source tables that the market expects, and when; coverage reads their absence as a gap",
    )

    @property
    def family(self) -> str:
        """The first part of the id, which the markets of one country or union share: `cn` of `cn-hubei`."""
        return self.id.partition("-")[0]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"expected an IANA time zone such as Asia/Shanghai, found {value!r}") from error
        return value


def read_market(source: Path) -> Market:
    """Settings in `source/market.yml`, or those of the Chinese national market without that file.

    Raises:
        SourceError: the file is no YAML mapping or a setting is not valid.
    """
    path = source / "market.yml"
    if not path.is_file():
        return Market()
    try:
        return Market.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        found = invalid_entries(error, "market.yml")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        found = f"expected YAML in UTF-8, found {invalid_yaml(error)}"
    raise SourceError(
        f"{path}: {found}. Correct the file, or remove it to use the Chinese national market's settings."
    )


def as_of_date(settings: Settings, market: Market) -> date:
    """The day that the settings name, else the market's own, else today in the market's time zone."""
    return settings.as_of or market.as_of or datetime.now(ZoneInfo(market.timezone)).date()
