"""The plan's departures at stack monitors: edits across months, downtimes, whole months, invented digits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from datetime import date as day_of

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.plan import EmitterPlan
from pipelines.simulator.plan.emitting import Downtime, InventedDigits, LoadCourse, MonitorEdit
from tests.plants import Plants, changed, coal_unit, honest, run, tiny_world

_FLEET = tiny_world().fleet
UNIT = coal_unit(tiny_world())
FIRST = day_of(2024, 12, 27)  # the published months are 2024-12 and 2025-01
MONTH = 23


def _running(plan: EmitterPlan) -> None:
    plan.load_courses.append(LoadCourse(UNIT, day_of(2024, 12, 1), day_of(2025, 1, 31)))


def _base() -> Plants:
    return run(_running)


def _series(plants: Plants, column: str, hours: int, first_hour: int = 6) -> np.ndarray:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(hours=first_hour - 8)
    rows = plants["cems_hourly"].filter(
        pl.col("unit_id") == _FLEET.id[UNIT],
        pl.col("ts").is_between(start, start + timedelta(hours=hours), closed="left"),
    )
    return rows.sort("ts")[column].to_numpy()


def _edited(action: str, value: float, hours: int = 200) -> Plants:
    def arrange(plan: EmitterPlan) -> None:
        _running(plan)
        plan.monitor_edits.append(MonitorEdit(UNIT, FIRST, 6, hours, action, value, tag=3))

    return run(arrange)


def _only_these_hours(base: Plants, plants: Plants, most: int) -> None:
    keys = changed(base, plants, "cems_hourly")
    assert set(keys["unit_id"].to_list()) == {_FLEET.id[UNIT]}
    assert 0 < keys.height <= most
    tagged = plants.shelf.affected[3]["cems_hourly"]
    assert len(tagged) == most
    for table in ("activity_reports", "meters_daily", "lab_tests", "unit_years"):
        assert changed(base, plants, table).is_empty()


@pytest.fixture(scope="module")
def base() -> Plants:
    return _base()


def test_a_scaled_monitor_sees_less_flow_and_mass_across_the_turn_of_the_year(base: Plants) -> None:
    plants = _edited("scale", 0.6)
    for column in ("co2_mass", "flow"):
        ratio = _series(plants, column, 200) / _series(base, column, 200)
        assert np.nanmax(np.abs(ratio - 0.6)) < 2e-3
    assert np.array_equal(_series(plants, "o2", 200), _series(base, "o2", 200), equal_nan=True)
    _only_these_hours(base, plants, 200)


def test_a_held_monitor_stays_at_its_first_level(base: Plants) -> None:
    plants = _edited("hold", 0.001)
    for column in ("co2_mass", "co2_concentration", "flow"):
        held = _series(plants, column, 200)
        assert np.nanstd(held) / np.nanmean(held) < 0.0015
        first = _series(base, column, 200)
        assert np.nanmean(held) == pytest.approx(first[~np.isnan(first)][0], rel=0.001)
    assert np.array_equal(
        _series(plants, "gross_load", 200), _series(base, "gross_load", 200), equal_nan=True
    )
    _only_these_hours(base, plants, 200)


def test_pasted_hours_come_again_and_again(base: Plants) -> None:
    plants = _edited("repeat", 24)
    source = _series(base, "co2_mass", 24, first_hour=6 - 24)
    pasted = _series(plants, "co2_mass", 200)
    assert np.array_equal(pasted, np.resize(source, 200), equal_nan=True)
    _only_these_hours(base, plants, 200)


def test_hours_before_an_edit_may_lie_in_the_month_before() -> None:
    first = day_of(2025, 1, 1)

    def arrange(plan: EmitterPlan) -> None:
        _running(plan)
        plan.monitor_edits.append(MonitorEdit(UNIT, first, 10, 72, "repeat", 36, tag=3))

    base, plants = _base(), run(arrange)
    offset = 5 * 24 + 10  # hours from FIRST to the edit
    source = _series(base, "flow", 36, first_hour=offset - 36)
    assert np.array_equal(
        _series(plants, "flow", 72, first_hour=offset), np.resize(source, 72), equal_nan=True
    )


def test_a_capped_monitor_never_passes_its_cap(base: Plants) -> None:
    cap = float(np.nanmedian(_series(base, "co2_mass", 200)))
    plants = _edited("cap", cap)
    before, after = _series(base, "co2_mass", 200), _series(plants, "co2_mass", 200)
    assert np.nanmax(after) <= cap + 1e-3
    below = before <= cap
    assert np.array_equal(after[below], before[below])


@pytest.mark.parametrize(
    ("quality", "at_random"), [("substituted", False), ("fault", False), ("fault", True)]
)
def test_downtime_hits_the_hours_of_highest_load_unless_at_random(
    base: Plants, quality: str, at_random: bool
) -> None:
    def arrange(plan: EmitterPlan) -> None:
        _running(plan)
        plan.downtimes.append(Downtime(UNIT, MONTH, 0.1, quality, 0.7, at_random, tag=3))

    plants = run(arrange)
    of_month = pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.month() == 12
    rows = plants["cems_hourly"].filter(pl.col("unit_id") == _FLEET.id[UNIT], of_month)
    tagged = {key[1] for key in plants.shelf.affected[3]["cems_hourly"]}
    hit = rows.filter(pl.Series([ts.isoformat() in tagged for ts in rows["ts"].to_list()]))
    load = rows["gross_load"].drop_nulls()
    assert len(tagged) == round(0.1 * (load > 0).sum())
    assert set(hit["quality"].to_list()) == {quality}
    if quality == "fault":
        assert hit["co2_mass"].is_null().all()
    else:
        assert hit["co2_mass"].n_unique() == 1
        assert hit["co2_mass"][0] == pytest.approx(0.7 * rows["co2_mass"].mean(), rel=0.1)
    lowest = hit["gross_load"].min()
    assert (lowest >= load.quantile(0.88)) != at_random


def test_a_whole_month_can_be_tuned() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.monitor[MONTH, UNIT] = 0.85

    plants = run(arrange)
    keys = changed(honest(), plants, "cems_hourly")
    assert set(keys["unit_id"].to_list()) == {_FLEET.id[UNIT]}
    assert keys["ts"].dt.convert_time_zone("Asia/Shanghai").dt.month().unique().to_list() == [12]
    sums = [
        one["cems_hourly"].filter(
            pl.col("unit_id") == _FLEET.id[UNIT], pl.col("ts") < datetime(2024, 12, 31, 16, tzinfo=UTC)
        )
        for one in (plants, honest())
    ]
    assert sums[0]["co2_mass"].sum() / sums[1]["co2_mass"].sum() == pytest.approx(0.85, rel=1e-3)


def test_invented_monitor_digits_change_valid_hours_only(base: Plants) -> None:
    def arrange(plan: EmitterPlan) -> None:
        _running(plan)
        plan.invented_digits.append(
            InventedDigits(UNIT, MONTH, MONTH, "cems_hourly", "co2_mass", "human", 0.5, tag=3)
        )

    plants = run(arrange)
    keys = changed(base, plants, "cems_hourly")
    tagged = len(plants.shelf.affected[3]["cems_hourly"])
    assert 0.4 * 744 < tagged < 0.55 * 744
    assert 0.9 * tagged < keys.height <= tagged


def test_base_load_has_little_spread_from_hour_to_hour() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.load_courses.append(LoadCourse(UNIT, day_of(2024, 12, 1), day_of(2025, 1, 31), 0.9, 0.006))

    load = _series(run(arrange), "gross_load", 300)
    assert np.nanstd(load) / np.nanmean(load) < 0.012
    usual = _series(_base(), "gross_load", 300)
    assert np.nanstd(usual) / np.nanmean(usual) > 0.04
