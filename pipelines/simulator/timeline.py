"""Which years a simulation covers, and what follows from them: days, months, compliance years, assets.

Trading years end with 2025. The compliance year before each trading year is surrendered at that year's
end, so monitoring and reports begin a year before trading does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from pipelines.simulator import calendar
from pipelines.simulator.instruments import Asset, assets_of
from pipelines.simulator.scales import Scale

LAST_YEAR = 2025
MOST_YEARS = 2
_OPENING_DAYS = 5
_AFTER_YEAR_END = 15


@dataclass(frozen=True)
class Timeline:
    """The calendar years in which the simulated exchange trades, oldest first."""

    years: tuple[int, ...]

    @classmethod
    def ending(cls, years: int) -> Timeline:
        """The last so many trading years.

        Raises:
            ValueError: the allocation method is not known for so many years.
        """
        if not 1 <= years <= MOST_YEARS:
            raise ValueError(
                f"years is {years}, expected 1 to {MOST_YEARS}: the verified allocation methods cover "
                f"{MOST_YEARS} compliance years"
            )
        return cls(tuple(range(LAST_YEAR - years + 1, LAST_YEAR + 1)))

    @property
    def compliance_years(self) -> tuple[int, ...]:
        """Years whose emissions are surrendered within the span."""
        return tuple(year - 1 for year in self.years)

    @property
    def first_day(self) -> date:
        """First day of the trading years."""
        return date(self.years[0], 1, 1)

    @property
    def last_day(self) -> date:
        """Last day of trading, monitoring and reporting."""
        return date(self.years[-1], 12, 31)

    @property
    def opening_day(self) -> date:
        """When the record of holdings opens with what everybody holds from before."""
        return self.first_day - timedelta(days=_OPENING_DAYS)

    @property
    def as_of(self) -> date:
        """The day from which a run looks at the market, after the last surrender deadline."""
        return self.last_day + timedelta(days=_AFTER_YEAR_END)

    @cached_property
    def trading_days(self) -> list[date]:
        """Open days of the exchange."""
        return calendar.trading_days(self.first_day, self.last_day)

    @cached_property
    def report_days(self) -> list[date]:
        """Every day of monitoring, from the first compliance year on."""
        return calendar.days_between(date(self.compliance_years[0], 1, 1), self.last_day)

    @cached_property
    def months(self) -> list[date]:
        """First day of every month of `report_days`."""
        return calendar.months(self.report_days[0], self.last_day)

    def hourly_months(self, scale: Scale) -> list[date]:
        """The months in which stack monitors are published, as consecutive month firsts.

        All months of the trading years, or as many as the scale says: then they lie around the last turn of
        the year, so that what happens at a stack can cross a month's and a year's end and meets monthly
        reports and a verified year on both sides.
        """
        trading = [month for month in self.months if month.year in self.years]
        if scale.hourly_months == 0:
            return trading
        turn = self.months.index(date(self.years[-1], 1, 1))
        first = max(0, min(turn - scale.hourly_months // 2, len(self.months) - scale.hourly_months))
        return self.months[first : first + scale.hourly_months]

    def metered_since(self, scale: Scale) -> date:
        """The first day of which energy meters are published: of all monitoring, or of the trading years.

        The largest scale (that publishes all hours of stack monitors) leaves out the year before trading.
        """
        return self.first_day if scale.hourly_months == 0 else self.report_days[0]

    @property
    def last_filed_month(self) -> date:
        """The last month whose report is due by `as_of`."""
        return date(self.years[-1], 11, 1)

    @cached_property
    def assets(self) -> tuple[Asset, ...]:
        """What can be held, in the order of the ledger's columns."""
        return assets_of(self.compliance_years, self.first_day)
