"""Evidence names columns of the source contract and can be looked up again."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from anomaly.core.alerts import Evidence, Finding, alert_frame, evidence_frame
from anomaly.core.policy import load_policy


def finding(*evidence):
    return Finding(
        kind="late_report", subject_type="unit", subject_ids=("U-1",), window_start=datetime(2024, 1, 1),
        window_end=datetime(2024, 2, 1), score=0.5, measures={}, evidence=evidence, variant="monthly",
        title_values={"entity": "E", "unit": "U-1", "month": date(2024, 1, 1), "days_late": 1},
    )  # fmt: skip


def frame(*evidence):
    return alert_frame([(finding(*evidence), "1.0.0")], load_policy(), "cn", "s")


def test_a_range_is_written_with_the_alert_and_its_rows():
    hours = Evidence("cems_hourly", ("unit_id",), (("U-1",),), datetime(2024, 3, 1), datetime(2024, 4, 1))
    days = Evidence(
        "meters_daily", ("unit_id", "meter"), (("U-1", "coal_feed"),), date(2024, 3, 1), date(2024, 4, 1)
    )
    alerts = frame(days, hours)
    assert json.loads(alerts["evidence"][0]) == [
        {"table": "cems_hourly", "key": ["unit_id"], "rows": [["U-1"]],
         "from": "2024-03-01T00:00:00Z", "to": "2024-04-01T00:00:00Z"},
        {"table": "meters_daily", "key": ["unit_id", "meter"], "rows": [["U-1", "coal_feed"]],
         "from": "2024-03-01", "to": "2024-04-01"},
    ]  # fmt: skip
    keys = [json.loads(key) for key in evidence_frame(alerts)["record_key"]]
    assert keys == [
        {"unit_id": "U-1", "from": "2024-03-01T00:00:00Z", "to": "2024-04-01T00:00:00Z"},
        {"unit_id": "U-1", "meter": "coal_feed", "from": "2024-03-01", "to": "2024-04-01"},
    ]


def test_parts_of_one_table_and_range_become_one_and_ranges_stay_apart():
    march = (datetime(2024, 3, 1), datetime(2024, 4, 1))
    may = (datetime(2024, 5, 1), datetime(2024, 6, 1))
    parts = [
        Evidence("cems_hourly", ("unit_id",), ((unit,),), *between)
        for unit, between in (("U-2", march), ("U-1", march), ("U-1", march), ("U-1", may))
    ]
    entries = json.loads(frame(*parts)["evidence"][0])
    assert [entry["rows"] for entry in entries] == [[["U-1"], ["U-2"]], [["U-1"]]]
    assert frame(*parts).equals(frame(*reversed(parts)))


def test_half_a_range_is_refused():
    with pytest.raises(ValueError, match=r"cems_hourly.*start and end"):
        Evidence("cems_hourly", ("unit_id",), (("U-1",),), datetime(2024, 3, 1))
