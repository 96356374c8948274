"""Windows of findings end with the deadline that the published calendar gives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.rules import CALENDAR, in_force, surrender_due
from pipelines.core.rules import Rules
from tests.anomaly import obligations

ZONES = {"cn": "Asia/Shanghai", "eu": "Europe/Brussels"}
CALENDAR_YEARS = [
    (market, year)
    for market in ZONES
    for rule in Rules.load().spans(CALENDAR, market=market, sector="all", duty="surrender")
    for year in range(rule.valid_from.year, (rule.valid_to.year if rule.valid_to else 2026) + 1)
]


def due_by_seed(market: str, year: int) -> date:
    keys = {"market": market, "sector": "all", "duty": "surrender"}
    rule = Rules.load().in_force(CALENDAR, date(year, 1, 1), keys)
    return date.fromisoformat(f"{year + int(rule.number('years_after'))}-{rule.values['month_day']}")


@pytest.mark.parametrize(("market", "year"), CALENDAR_YEARS)
def test_the_window_of_a_late_report_ends_with_the_calendars_deadline(marts, run, market, year):
    late = obligations.annual("E", year, submitted_at=datetime(year + 1, 6, 1), days_late=62, state="late")
    obligations.frame([late]).write_parquet(marts / "fct_report_obligations.parquet")
    alert = run("late_report", id=market, timezone=ZONES[market]).row(0, named=True)
    zone = Market(market, ZONES[market])
    assert alert["window_start"].replace(tzinfo=None) == zone.midnight(date(year, 1, 1))
    last = due_by_seed(market, year) + timedelta(days=1)
    assert alert["window_end"].replace(tzinfo=None) == zone.midnight(last)


def test_the_european_deadline_moved_with_its_rule(marts):
    assert surrender_due(Marts(marts), "eu", 2022) == date(2023, 4, 30)
    assert surrender_due(Marts(marts), "eu", 2023) == date(2024, 9, 30)


def test_a_market_or_a_snapshot_without_rules_has_no_deadline(marts, tmp_path):
    assert surrender_due(Marts(marts), "elsewhere", 2024) is None
    assert surrender_due(Marts(tmp_path / "none"), "cn", 2024) is None
    assert in_force(Marts(marts), CALENDAR, "cn", date(2010, 1, 1), duty="surrender", sector="all").is_empty()


def test_no_late_report_is_claimed_without_a_due_date(marts, run):
    undated = obligations.annual("E", 2024, due_on=None, days_late=None, state="submitted")
    obligations.frame([undated]).write_parquet(marts / "fct_report_obligations.parquet")
    assert run("late_report", id="elsewhere").is_empty()
