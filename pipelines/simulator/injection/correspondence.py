"""How the simulated market's time and instruments stand for those of a given source.

Cases are arranged in the simulator's years and instruments; a source of other years is met by a shift of
whole years, its instruments in the order of their volume.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import yaml

from pipelines.simulator import calendar
from pipelines.simulator.injection.copy import SourceCopy
from pipelines.simulator.timeline import LAST_YEAR, Timeline

_PLAIN = ("other", "trade_settlement", "gift")
_ALLOWANCES = ("CEA", "EUA", "OTHER")
_SNAP_DAYS = 20


@dataclass(frozen=True)
class SourceAsset:
    """What the ledger's column stands for in the source; `instrument_id` is None where it is not traded."""

    unit_type: str
    vintage: int | None
    instrument_id: str | None


@dataclass(frozen=True)
class Correspondence:
    """Years, days, moments and assets of the simulated timeline as those of the source."""

    timeline: Timeline
    shift: int
    zone: ZoneInfo
    trading_days: list[date]
    assets: dict[int, SourceAsset]

    def year(self, year: int) -> int:
        """A year of the simulated timeline in the source."""
        return year + self.shift

    def day(self, day: date) -> date:
        """The same day of the source's year."""
        leap = (day.month, day.day) == (2, 29)
        return date(day.year + self.shift, day.month, 28 if leap and self.shift else day.day)

    def back(self, day: date) -> date:
        """The simulated day for one of the source."""
        return replace(self, shift=-self.shift).day(day)

    def trading_day(self, day: date) -> date | None:
        """That day, or the next on which the source's exchange was open; None without one soon after."""
        wanted = self.day(day)
        place = bisect_left(self.trading_days, wanted)
        if place == len(self.trading_days) or (self.trading_days[place] - wanted).days > _SNAP_DAYS:
            return None
        return self.trading_days[place]

    def moment(self, day: date, second: float) -> datetime:
        """UTC of a local time on a day of the source, at the source's own place."""
        local = datetime.combine(day, time()) + timedelta(seconds=second)
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def window(self, window: tuple[int, int]) -> tuple[int, int]:
        """A window of the simulated timeline (UTC microseconds) moved by whole years."""
        start, end = (self._shifted(moment) for moment in window)
        return start, end

    def _shifted(self, moment: int) -> int:
        day, rest = divmod(moment, calendar.DAY)
        moved = self.day(date(1970, 1, 1) + timedelta(days=day))
        return calendar.utc_midnight(moved) + rest


def settings_of(source: Path) -> dict[str, Any]:
    """The source's own `market.yml`; empty without one."""
    path = source / "market.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def correspond(copy: SourceCopy) -> Correspondence:
    """Find the years of the source for the simulated ones: the two busiest in a row, or its last one.

    Raises:
        ValueError: nothing in the source has a date.
    """
    last, count = _years(copy)
    timeline = Timeline.ending(count)
    zone = ZoneInfo(str(settings_of(copy.source).get("timezone", "Asia/Shanghai")))
    return Correspondence(
        timeline=timeline,
        shift=last - LAST_YEAR,
        zone=zone,
        trading_days=_trading_days(copy, zone),
        assets=_assets(copy, timeline),
    )


def _years(copy: SourceCopy) -> tuple[int, int]:
    """Last trading year and how many there are."""
    for name, column in (("trades", "ts"), ("transfers", "ts")):
        if not copy.has(name):
            continue
        rows = copy.rows(name)
        if name == "transfers":
            rows = rows.filter(pl.col("kind").is_in(_PLAIN))
        by_year = dict(rows.group_by(pl.col(column).dt.year()).len().iter_rows())
        if by_year:
            return _busiest({int(year): int(count) for year, count in by_year.items()})
    for name in ("unit_years", "emission_reports", "compliance"):
        if copy.has(name):
            years = copy.rows(name)["year"].unique().sort().to_list()
            # A compliance year is surrendered, and looked at, in the year after.
            return years[-1] + 1, min(len(years), 2)
    if copy.has("activity_reports"):
        months = copy.rows("activity_reports")["month"]
        return months.max().year, 1  # type: ignore[union-attr]
    raise ValueError(f"{copy.source}: expected trades, transfers or yearly figures, found none with a date")


def _busiest(counts: dict[int, int]) -> tuple[int, int]:
    pairs = {year: counts[year] + counts.get(year - 1, 0) for year in counts if year - 1 in counts}
    if not pairs:
        return max(counts), 1
    last = max(pairs, key=lambda year: (pairs[year], year))
    return last, 2


def _trading_days(copy: SourceCopy, zone: ZoneInfo) -> list[date]:
    if copy.has("market_days"):
        return copy.rows("market_days")["date"].unique().sort().to_list()
    if copy.has("trades"):
        local = copy.rows("trades")["ts"].dt.convert_time_zone(zone.key)
        return local.dt.date().unique().sort().to_list()
    return []


def _assets(copy: SourceCopy, timeline: Timeline) -> dict[int, SourceAsset]:
    """The source's instruments for the ledger's columns: the same where it has them, else its busiest."""
    if copy.has("instruments"):
        known = copy.rows("instruments").select("unit_type", "vintage", "instrument_id").unique()
    elif copy.has("trades"):
        ids = copy.rows("trades")["instrument_id"].unique()
        known = pl.DataFrame(
            {"unit_type": ["OTHER"] * len(ids), "vintage": [None] * len(ids), "instrument_id": ids},
            schema_overrides={"vintage": pl.Int64},
        )
    else:
        known = pl.DataFrame(schema={"unit_type": pl.String, "vintage": pl.Int64, "instrument_id": pl.String})
    moved = copy.rows("transfers").group_by("unit_type", "vintage").len()
    known = moved.join(known, on=["unit_type", "vintage"], how="full", nulls_equal=True, coalesce=True)
    known = known.sort("len", "unit_type", "vintage", descending=[True, False, True], nulls_last=True)
    rows = [SourceAsset(*row) for row in known.select("unit_type", "vintage", "instrument_id").rows()]
    allowances = [asset for asset in rows if asset.unit_type in _ALLOWANCES]
    credits = [asset for asset in rows if asset.unit_type not in _ALLOWANCES]
    is_domestic = any(asset.unit_type == "CEA" for asset in rows)
    found: dict[int, SourceAsset] = {}
    for column, asset in enumerate(timeline.assets):
        same = [one for one in rows if (one.unit_type, one.vintage) == (asset.unit_type, asset.vintage)]
        others = [] if is_domestic else allowances if asset.is_allowance else credits
        if same or others:
            found[column] = (same or others)[0]
    return found
