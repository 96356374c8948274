"""What a build does follows from what each node was last built from."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.market import Market
from pipelines.core.settings import Settings
from pipelines.lake.state import LakeState, PeriodState
from pipelines.warehouse.plan import (
    BuildPlan,
    begin_core,
    begin_supervision,
    finish_core,
    finish_supervision,
    plan_core,
    plan_supervision,
)
from pipelines.warehouse.project import PROJECT, read_manifest
from pipelines.warehouse.state import read_state

DAY = "2025-12-31"


def _lake(**tables: dict[str, str]) -> LakeState:
    state = LakeState()
    for table, periods in tables.items():
        state.tables[table] = {
            period: PeriodState(fingerprint=fingerprint_, rows_in=1, kept=1, superseded=0, quarantined=0)
            for period, fingerprint_ in periods.items()
        }
    return state


TRADES = _lake(trades={"2025-01": "a", "2025-02": "b"}, entities={"all": "e"})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(tmp_path)
    settings.warehouse.touch()
    settings.handover.mkdir(parents=True)
    return settings


def _plan(settings: Settings, lake: LakeState, market: Market | None = None, day: str = DAY) -> BuildPlan:
    return plan_core(settings, lake, market or Market(), day)


def _build(settings: Settings, lake: LakeState, day: str = DAY) -> BuildPlan:
    plan = _plan(settings, lake, day=day)
    begin_core(settings, plan)
    finish_core(settings, plan)
    return plan


def _build_supervision(settings: Settings, day: str = DAY) -> BuildPlan:
    plan = plan_supervision(settings, day)
    begin_supervision(settings, plan)
    finish_supervision(settings, plan)
    return plan


def _names(plan: BuildPlan) -> set[str]:
    return {node.split(".")[-1] for node in plan.nodes}


def test_the_first_build_is_full(settings):
    plan = _plan(settings, TRADES)
    assert plan.full
    models = [n for n in read_manifest()["nodes"].values() if n["resource_type"] in {"model", "seed"}]
    assert _names(plan) == {n["name"] for n in models if "supervision" not in n["tags"]}


def test_nothing_new_builds_nothing(settings):
    _build(settings, TRADES)
    plan = _plan(settings, TRADES)
    assert (plan.full, plan.changed, plan.nodes) == (False, {}, ())


def test_only_changed_new_and_vanished_periods_are_rewritten(settings):
    _build(settings, _lake(trades={"2025-01": "a", "2025-02": "b", "2025-03": "c"}))
    plan = _plan(settings, _lake(trades={"2025-01": "a", "2025-02": "x", "2025-04": "d"}))
    assert not plan.full
    assert plan.changed == {"trades": ["2025-02", "2025-03", "2025-04"]}


def test_a_change_builds_what_is_downstream_of_it_and_nothing_else(settings):
    _build(settings, TRADES)
    plan = _plan(settings, _lake(trades={"2025-01": "a", "2025-02": "x"}, entities={"all": "e"}))
    assert {"stg_trades", "fct_trades"} <= _names(plan)
    manifest = read_manifest()
    reached = {"source.carbonwarden.lake.trades", *plan.nodes}
    for node in plan.nodes:
        assert reached.intersection(manifest["nodes"][node]["depends_on"]["nodes"]), node
    assert not _names(plan) & {"dim_entities", "fct_lab_tests", "stg_orders", "rule_articles"}
    assert "source.carbonwarden.lake.trades" in plan.selected(manifest)


def test_another_as_of_date_builds_what_asks_for_it(settings):
    _build(settings, TRADES)
    plan = _plan(settings, TRADES, day="2026-01-01")
    assert not plan.full and not plan.changed
    assert {"int_compliance_years_measured", "fct_compliance_years"} <= _names(plan)
    assert "fct_trades" not in _names(plan)


def test_no_model_reads_the_as_of_date_past_its_macro():
    direct = [
        path.name
        for path in (PROJECT / "models").rglob("*.sql")
        if "run_started_at" in (text := path.read_text(encoding="utf-8")) or 'var("as_of")' in text
    ]
    assert not direct


def test_a_build_that_was_cut_off_is_repaired_even_if_the_lake_went_back(settings):
    _build(settings, TRADES)
    spoilt = _lake(trades={"2025-01": "spoilt", "2025-02": "b"}, entities={"all": "e"})
    begin_core(settings, _plan(settings, spoilt))
    plan = _plan(settings, TRADES)
    assert plan.changed == {"trades": ["2025-01"]}
    assert {"stg_trades", "fct_trades"} <= _names(plan)


def test_a_build_for_another_day_that_was_cut_off_is_repaired(settings):
    _build(settings, TRADES)
    begin_core(settings, _plan(settings, TRADES, day="2026-01-01"))
    assert "fct_compliance_years" in _names(_plan(settings, TRADES))


def test_a_full_build_that_was_cut_off_is_done_again(settings):
    begin_core(settings, _plan(settings, TRADES))
    assert _plan(settings, TRADES).full


@pytest.mark.parametrize("spoil", ["market", "memory", "warehouse"])
def test_whatever_makes_the_old_build_doubtful_means_a_full_one(settings, spoil):
    _build(settings, TRADES)
    market = Market(timezone="Europe/Brussels") if spoil == "market" else Market()
    if spoil == "memory":
        (settings.home / "warehouse.json").write_text("{")
    if spoil == "warehouse":
        settings.warehouse.unlink()
    assert _plan(settings, TRADES, market).full


def test_supervision_marts_follow_what_was_handed_over_and_the_core_marts(settings):
    _build(settings, TRADES)
    assert _build_supervision(settings).full
    assert not plan_supervision(settings, DAY).nodes
    pl.DataFrame({"alert_id": ["a"]}).write_parquet(settings.handover / "alerts.parquet")
    assert {"stg_alerts", "fct_alerts"} <= _names(_build_supervision(settings))
    changed = _lake(trades={"2025-01": "a", "2025-02": "b"}, entities={"all": "f"})
    # A gate may refuse the run here; the next run's second build still knows what the first one changed.
    _build(settings, changed)
    _build(settings, changed)
    plan = plan_supervision(settings, DAY)
    assert plan.nodes and not plan.full
    assert "fct_row_accounting" not in _names(plan)


def test_the_state_can_be_read_by_a_person(settings):
    _build(settings, TRADES)
    content = json.loads((settings.home / "warehouse.json").read_text())
    assert content["fingerprints"]["trades"] == {"2025-01": "a", "2025-02": "b"}
    assert read_state(settings).last_full
