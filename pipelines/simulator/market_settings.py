"""The simulated market's own settings, written as `market.yml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipelines.simulator import law
from pipelines.simulator.timeline import Timeline

# The national market has no numeric corridor (rules H-01, B-12): this one is the simulated regulator's own,
# in the shape of Beijing's (B-23): outside for so many days in a row calls for an intervention.
PRICE_CORRIDOR = {"low": 35.0, "high": 140.0, "days": 5}


def settings(timeline: Timeline, hourly_months: list[date]) -> dict[str, Any]:
    """All settings of the simulated market; stack monitors are declared for the months that they publish."""
    latest = timeline.compliance_years[-1]
    hourly = [f"{month:%Y-%m}" for month in hourly_months]
    return {
        "id": "cn",
        "name_zh": "模拟全国碳市场",
        "name_en": "Simulated national carbon market",
        "origin": "simulated",
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "as_of": timeline.as_of.isoformat(),
        "rule_set": "cn",
        "trading_hours": {
            "listed": [["09:30", "11:30"], ["13:00", "15:00"]],
            "block": [["13:00", "15:00"]],
        },
        "price_limits_pct": {"listed": 10, "block": 30},
        "price_corridor_cny": PRICE_CORRIDOR,
        "compliance": {
            "years": list(timeline.compliance_years),
            "report_due": f"{law.due_on('annual_report', latest):%m-%d}",
            "surrender_due": f"{law.due_on('surrender', latest):%m-%d}",
            "monthly_filing_days": law.filing_days(),
        },
        "feeds": {"cems_hourly": {"first": hourly[0], "last": hourly[-1]}} if hourly else {},
    }


def write_market(out: Path, timeline: Timeline, hourly_months: list[date]) -> None:
    """Write `market.yml` into a source directory."""
    text = yaml.safe_dump(settings(timeline, hourly_months), allow_unicode=True, sort_keys=False)
    (out / "market.yml").write_text(text, encoding="utf-8")
