"""The project builds on an empty lake and on a full one, and a run of changed periods equals a rebuild."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contract.tables import TABLES
from tests.dbt.conftest import with_period

BUILD = ("build", "--exclude-resource-type", "unit_test", "test")
# What the supervision marts and the assertions below read; data tests pass in every run of a market.
CORE = ("+fct_trades", "+fct_market_days", "+fct_compliance_years", "+tag:supervision")
GROWING = (
    "fct_transfers",
    "fct_holdings",
    "fct_trades",
    "fct_lab_tests",
    "int_cems_impossible_readings",
    "int_cems_months_summed",
    "int_meter_months_summed",
)


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple]:
    return frame.select(columns).rows()


def test_seeds_hold_no_apostrophe():
    """The Spark session connection of dbt puts seed texts between quotes without escaping them."""
    seeds = sorted((Path(__file__).resolve().parents[2] / "dbt_project" / "seeds").glob("*.csv"))
    assert [path.name for path in seeds if "'" in path.read_text(encoding="utf-8")] == []
    assert seeds


def test_an_empty_lake_builds_to_empty_typed_marts(new_lake, new_dbt):
    dbt = new_dbt(new_lake())
    dbt("build")
    for name in dbt.models("marts"):
        assert dbt.table(name).height == 0, name
    assert dbt.table("fct_trades").schema["price"] == pl.Decimal(12, 2)
    assert dbt.table("fct_trades").schema["traded_at"] == pl.Datetime("us")
    assert dbt.table("fct_compliance_years").schema["shortfall_tco2e"] == pl.Int64()


@pytest.fixture
def small_lake(new_lake):
    return new_lake(
        entities=[
            {
                "entity_id": "E1",
                "entity_name": "One",
                "sector": "power",
                "province_code": "110000",
                "group_id": "G",
                "status": "listed",
            },
            {
                "entity_id": "E2",
                "entity_name": "Two",
                "sector": "steel",
                "province_code": "310000",
                "status": "listed",
            },
        ],
        accounts=[
            {"account_id": "A1", "holder_id": "E1", "holder_type": "compliance"},
            {"account_id": "A2", "holder_id": "E2", "holder_type": "compliance", "controller_id": "G"},
        ],
        instruments=[
            {"instrument_id": "CEA24", "unit_type": "CEA", "vintage": 2024, "tick": Decimal("0.01"), "lot": 1}
        ],
        market_days=[
            {
                "date": datetime(2025, 3, 3).date(),
                "instrument_id": "CEA24",
                "previous_close": Decimal("90.00"),
                "close": Decimal("99.00"),
            }
        ],
        trades=[
            {
                "trade_id": "T1",
                "ts": datetime(2025, 3, 3, 2),
                "instrument_id": "CEA24",
                "mode": "listed",
                "price": Decimal("95.50"),
                "quantity": 100,
                "buy_account_id": "A1",
                "sell_account_id": "A2",
            }
        ],
        compliance=[
            {
                "entity_id": "E1",
                "year": 2023,
                "verified_emissions": 100.0,
                "obligation": 100,
                "surrendered": 95,
                "offsets_surrendered": 5,
            },
            {
                "entity_id": "E2",
                "year": 2023,
                "verified_emissions": 200.0,
                "obligation": 200,
                "surrendered": 150,
                "registry_status": "not_compliant",
            },
            {
                "entity_id": "E1",
                "year": 2024,
                "verified_emissions": 100.0,
                "obligation": 100,
                "surrendered": 0,
            },
        ],
    )


def test_supervision_marts_are_built_after_the_core(small_lake, findings, new_dbt):
    dbt = new_dbt(small_lake)
    dbt(*BUILD, "--select", *CORE, "--exclude", "tag:supervision")
    trade = dbt.table("fct_trades").row(0, named=True)
    assert (trade["buy_party_id"], trade["sell_party_id"], trade["is_same_party"]) == ("G", "G", True)
    assert (str(trade["value"]), str(trade["previous_close"])) == ("9550.00", "90.00")
    day = dbt.table("fct_market_days").row(0, named=True)
    assert (str(day["limit_up"]), day["limit_basis"], day["limit_rule_id"]) == ("99.00", "rule", "B-04")
    assert day["is_limit_up"]
    verdicts = dbt.table("fct_compliance_years")
    assert rows(verdicts, "entity_id", "year", "shortfall_tco2e", "verdict", "agrees_with_registry") == [
        ("E1", 2023, 0, "compliant", None),
        ("E1", 2024, 100, "not_due", None),
        ("E2", 2023, 50, "not_compliant", True),
    ]

    for name, frame in findings.items():
        small_lake.hand_over(name, frame)
    dbt(*BUILD, "--select", "tag:supervision")
    alert = dbt.table("fct_alerts").row(0, named=True)
    assert alert["subject_ids_json"] == '["accounts-00001","accounts-00000"]'
    assert alert["period"] == "2025-03"
    assert rows(dbt.table("fct_alert_rules"), "rule_id", "article") == [
        ("A-05", "Art 15(2)"),
        ("A-15", "Art 25(1)"),
    ]


def corrected(sample: dict[str, pl.DataFrame], table: str, value: str, period: str) -> pl.DataFrame:
    """The table with other values in one period, one of its rows gone."""
    frame = with_period(TABLES[table], sample[table])
    inside = pl.col("period") == period
    kept = frame.with_row_index().filter(~inside | (pl.col("index") != pl.col("index").filter(inside).min()))
    changed = pl.when(inside).then((pl.col(value) * 2).cast(frame.schema[value])).otherwise(pl.col(value))
    return kept.with_columns(changed.alias(value)).drop("index", "period")


def close_enough(one: pl.DataFrame, two: pl.DataFrame) -> None:
    assert_frame_equal(one, two, rel_tol=1e-12, abs_tol=1e-9)


def test_a_run_of_changed_periods_equals_a_rebuild(sample, new_lake, new_dbt):
    lake = new_lake(**sample)
    dbt = new_dbt(lake, "incremental")
    dbt(*BUILD)
    before = dbt.table("fct_trades")

    lake.keep("trades", corrected(sample, "trades", "quantity", "2025-01"))
    lake.keep("market_days", corrected(sample, "market_days", "previous_close", "2025-01"))
    lake.keep("transfers", corrected(sample, "transfers", "quantity", "2024-12"))
    lake.keep("cems_hourly", corrected(sample, "cems_hourly", "co2_mass", "2025-02"))
    later = pl.col("valid_from", "valid_to").dt.offset_by("60d")
    lake.keep("control_relations", sample["control_relations"].with_columns(later))
    named = pl.col("controller_id").fill_null("controller_id-new")
    lake.keep("accounts", sample["accounts"].with_columns(named))
    changed = {
        "accounts": ["all"],
        "control_relations": ["all"],
        "trades": ["2025-01"],
        "market_days": ["2025-01"],
        "transfers": ["2024-12"],
        "cems_hourly": ["2025-02"],
    }
    dbt(*BUILD, changed=changed)
    rebuilt = new_dbt(lake, "rebuilt")
    rebuilt(*BUILD)
    assert not before.equals(dbt.table("fct_trades"))
    for name in (*GROWING, *dbt.models("marts")):
        close_enough(dbt.table(name), rebuilt.table(name))


def test_periods_that_nobody_changed_stay_as_they_are(sample, new_lake, new_dbt):
    lake = new_lake(**sample)
    dbt = new_dbt(lake, "incremental")
    build = (*BUILD, "--select", "+fct_transfers")
    dbt(*build)
    before = dbt.table("fct_transfers")
    lake.keep("transfers", sample["transfers"].with_columns(pl.col("quantity") + 1))
    dbt(*build, changed={"transfers": ["2024-12"]})
    after = dbt.table("fct_transfers")
    old = pl.col("period") != "2024-12"
    assert after.filter(old).equals(before.filter(old))
    assert after["quantity_tco2e"].sum() - before["quantity_tco2e"].sum() == before.filter(~old).height > 0
