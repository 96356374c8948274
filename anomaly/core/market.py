"""The market that a run supervises, and its calendar in UTC.

Belongs here: what turns a local date or month into a half-open window in UTC. Settings come from the manifest
of the snapshot; they are read from the source by `pipelines.core.market`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl


@dataclass(frozen=True)
class Market:
    """A market's id, time zone and currency, the as-of date of the run, and the source tables it declares.

    `feeds` gives the first and last month ('YYYY-MM', '' where open) of each declared table.
    """

    id: str = "cn"
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    as_of: date | None = None
    feeds: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Market:
        """From a mapping such as the `market` part of a manifest; keys that are not known here are left."""
        as_of = settings.get("as_of")
        return cls(
            id=str(settings.get("id", cls.id)),
            timezone=str(settings.get("timezone", cls.timezone)),
            currency=str(settings.get("currency", cls.currency)),
            as_of=date.fromisoformat(as_of) if isinstance(as_of, str) else as_of,
            feeds={
                table: (span.get("first") or "", span.get("last") or "")
                for table, span in (settings.get("feeds") or {}).items()
            },
        )

    def midnight(self, day: date) -> datetime:
        """The start of a local day as naive UTC, the form in which marts keep time."""
        local = datetime.combine(day, time(), tzinfo=ZoneInfo(self.timezone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def midnights(self, days: pl.Expr) -> pl.Expr:
        """`midnight` of a column of local days."""
        local = days.cast(pl.Datetime("us")).dt.replace_time_zone(
            self.timezone, ambiguous="earliest", non_existent="null"
        )
        return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)

    def last_day(self, ends: pl.Expr) -> pl.Expr:
        """The last local day of windows, given a column of their ends (exclusive, naive UTC)."""
        last = (ends - pl.duration(microseconds=1)).dt.replace_time_zone("UTC")
        return last.dt.convert_time_zone(self.timezone).dt.date()

    def days(self, first: date, last: date) -> tuple[datetime, datetime]:
        """The half-open window from the first local day to the end of the last."""
        return self.midnight(first), self.midnight(last + timedelta(days=1))

    def months(self, first: date, last: date) -> tuple[datetime, datetime]:
        """The half-open window from one month to the end of another, given their first days."""
        return self.midnight(first.replace(day=1)), self.midnight(following(last))


def following(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def span(first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """The half-open window that holds both moments."""
    return first, last + timedelta(microseconds=1)
