"""Identities between independent deliveries: all hold on a clean market, each notices its own corruption."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.warehouse.project import read_manifest
from tests.dbt.conftest import Dbt, Lake, receive
from tests.shared import shared_market

NODES = (
    "stg_auctions",
    "int_auction_awards",
    "province_codes",
    "dim_entities",
    "int_surrenders_moved",
    "int_trading_days_summed",
    "fct_compliance_years",
    "fct_holdings",
    "fct_settlement_breaks",
)
SETTLED = "kind = 'trade_settlement'"
CARRIED = "kind = 'carry_over'"
SOME_LISTED_TRADE = "trade_id = (select min(trade_id) from fct_trades where mode = 'listed')"
SOME_DAY = "date = (select min(date) from fct_market_days where listed_volume_tco2e > 0)"
SOME_ENTITY = "entity_id = (select min(entity_id) from fct_compliance_years where surrendered_tco2e > 0)"
# What is done to the warehouse, by the test that must notice it.
CORRUPTIONS = {
    "provinces_have_a_code_of_the_standard": "update dim_entities set province_code = '119900'",
    "no_balance_is_negative": "update fct_holdings set balance_tco2e = -1 - balance_tco2e",
    "holdings_move_as_the_transfers_do": f"delete from fct_transfers where {SETTLED}",
    "daily_volumes_and_values_equal_the_trades": f"delete from fct_trades where {SOME_LISTED_TRADE}",
    "open_high_and_low_are_prices_of_the_trades": (
        f"update fct_market_days set high = high + 1 where {SOME_DAY}"
    ),
    "previous_close_is_the_close_before": f"update fct_market_days set close = close + 1 where {SOME_DAY}",
    "prices_are_within_the_limits_in_force": (
        f"update fct_trades set price = price * 2 where {SOME_LISTED_TRADE}"
    ),
    "nobody_trades_with_itself_in_the_book": (
        f"update fct_trades set buy_account_id = sell_account_id where {SOME_LISTED_TRADE}"
    ),
    "surrenders_equal_the_surrender_transfers": (
        f"update fct_compliance_years set surrendered_tco2e = surrendered_tco2e + 1 where {SOME_ENTITY}"
    ),
    "carry_over_gives_in_one_vintage_what_it_takes_from_another": (
        f"delete from fct_transfers where {CARRIED} and from_account_id is null"
    ),
}
# What is done to the source's rows, where the mart itself holds the comparison.
SOURCE_CORRUPTIONS = {
    "auction_awards_sum_to_the_quantity_sold": ("auction_bids", "awarded"),
    "settlements_move_what_was_traded": ("transfers", "quantity"),
}


def warning_tests() -> set[str]:
    """Names of all data tests that warn and keep what they found."""
    found = set()
    for node in read_manifest()["nodes"].values():
        if node["resource_type"] == "test" and node["config"]["severity"].lower() == "warn":
            assert node["config"]["store_failures"], node["name"]
            found.add(node["name"])
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    folder = tmp_path_factory.mktemp("reconciliation")
    dbt = Dbt(folder / "dbt", receive(shared_market(tmp_path_factory, clean=True).report.out, folder))
    dbt("build", "--select", *(f"+{name}" for name in NODES), "--exclude-resource-type", "unit_test", "test")
    return dbt


def test_every_identity_has_a_corruption():
    assert warning_tests() == {*CORRUPTIONS, *SOURCE_CORRUPTIONS, "every_settlement_settles_a_trade"}


def test_all_identities_hold_on_a_clean_market(clean: Dbt):
    assert clean.warnings("test", "--select", *warning_tests()) == {}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_identity_notices_and_keeps_the_rows(clean: Dbt, tmp_path: Path, name: str):
    dbt = clean.copy(tmp_path)
    with duckdb.connect(str(dbt.warehouse)) as connection:
        connection.execute(CORRUPTIONS[name])
    found = dbt.warnings("test", "--select", name)
    assert found[name] > 0
    with duckdb.connect(str(dbt.warehouse), read_only=True) as connection:
        kept = connection.sql(f"select * from main_dbt_test__audit.{name}").pl()
    assert kept.height == found[name]


@pytest.mark.parametrize("name", SOURCE_CORRUPTIONS)
def test_an_identity_notices_a_changed_source(clean: Dbt, tmp_path: Path, name: str):
    table, column = SOURCE_CORRUPTIONS[name]
    shutil.copytree(clean.lake.folder, tmp_path / "lake")
    dbt = clean.copy(tmp_path)
    dbt.lake = Lake(tmp_path / "lake")
    rows = dbt.lake.kept(table).select(TABLES[table].names)
    dbt.lake.keep(table, rows.with_columns(pl.col(column) + 1))
    dbt("run", "--select", "fct_transfers", "fct_settlement_breaks")
    assert dbt.warnings("test", "--select", name)[name] > 0


def test_a_settlement_without_its_trade_is_noticed(clean: Dbt, tmp_path: Path):
    dbt = clean.copy(tmp_path)
    with duckdb.connect(str(dbt.warehouse)) as connection:
        connection.execute(f"delete from fct_trades where {SOME_LISTED_TRADE}")
    dbt("run", "--select", "fct_settlement_breaks")
    name = "every_settlement_settles_a_trade"
    assert dbt.warnings("test", "--select", name) == {name: 1}


def test_what_was_not_delivered_is_not_compared(clean: Dbt, tmp_path: Path):
    dbt = clean.copy(tmp_path)
    with duckdb.connect(str(dbt.warehouse)) as connection:
        connection.execute("delete from fct_trades")
    assert dbt.warnings("test", "--select", "daily_volumes_and_values_equal_the_trades") == {}
