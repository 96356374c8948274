"""What a build rewrites follows from what the warehouse was last built from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.market import Market
from pipelines.core.settings import Settings
from pipelines.lake.state import LakeState, PeriodState
from pipelines.warehouse.build import begin_build, finish_build, plan_build, run_values


def _lake(**tables: dict[str, str]) -> LakeState:
    state = LakeState()
    for table, periods in tables.items():
        state.tables[table] = {
            period: PeriodState(fingerprint=fingerprint_, rows_in=1, kept=1, superseded=0, quarantined=0)
            for period, fingerprint_ in periods.items()
        }
    return state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(tmp_path)
    settings.warehouse.touch()
    return settings


def _built(settings: Settings, lake: LakeState, market: Market | None = None) -> None:
    plan = plan_build(settings, lake, market or Market())
    begin_build(settings, plan)
    finish_build(settings, plan)


def test_the_first_build_is_full(settings):
    plan = plan_build(settings, _lake(trades={"2025-01": "a"}), Market())
    assert plan.full
    assert run_values(settings, "2025-02-01", plan)["changed"] == "all"


def test_only_changed_new_and_vanished_periods_are_rewritten(settings):
    _built(settings, _lake(trades={"2025-01": "a", "2025-02": "b", "2025-03": "c"}))
    plan = plan_build(settings, _lake(trades={"2025-01": "a", "2025-02": "x", "2025-04": "d"}), Market())
    assert not plan.full
    assert plan.changed == {"trades": ["2025-02", "2025-03", "2025-04"]}


def test_a_build_that_was_cut_off_is_repaired_even_if_the_lake_went_back(settings):
    lake = _lake(trades={"2025-01": "a"})
    _built(settings, lake)
    begin_build(settings, plan_build(settings, _lake(trades={"2025-01": "spoilt"}), Market()))
    assert plan_build(settings, lake, Market()).changed == {"trades": ["2025-01"]}


def test_a_full_build_that_was_cut_off_is_done_again(settings):
    lake = _lake(trades={"2025-01": "a"})
    begin_build(settings, plan_build(settings, lake, Market()))
    assert plan_build(settings, lake, Market()).full


@pytest.mark.parametrize("spoil", ["market", "memory", "warehouse"])
def test_whatever_makes_the_old_build_doubtful_means_a_full_one(settings, spoil):
    lake = _lake(trades={"2025-01": "a"})
    _built(settings, lake)
    market = Market(timezone="Europe/Brussels") if spoil == "market" else Market()
    if spoil == "memory":
        (settings.home / "warehouse.json").write_text("{")
    if spoil == "warehouse":
        settings.warehouse.unlink()
    assert plan_build(settings, lake, market).full
