"""Generic tests of rules and staged rows: each kind of bad row is found, good rows are not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import Dbt, Lake
from tests.faults import one_of_each

SEEDS = ("rule_articles", "rule_documents", "rule_offset_cap")
# A change of the seed table, and the test that finds it.
BAD_RULES = {
    "overlap": (
        "insert into {table} select * replace (valid_from + 30 as valid_from, known_from - 1 as known_from)"
        " from {table} where rule_id = (select min(rule_id) from {table} where status <> 'draft')",
        "no_overlap",
    ),
    "gap": (
        "insert into {table} select * replace (valid_from - 400 as valid_from, valid_from - 200 as valid_to)"
        " from {table} where status <> 'draft' and valid_from = (select min(valid_from) from {table})",
        "no_gap",
    ),
    "orphan rule id": ("update {table} set rule_id = 'X-99'", "rule_row"),
    "stand-in without note": ("update {table} set status = 'stand_in', note = null", "rule_row"),
    "unknown status": ("update {table} set status = 'guessed'", "rule_row"),
    "dates out of order": ("update {table} set valid_to = valid_from - 1", "rule_row"),
    "unknown day of publication": ("update {table} set known_from = null", "rule_row"),
}


def failing(dbt: Dbt, *select: str) -> set[str]:
    """Names of the generic tests that find rows."""
    dbt.attempt("test", "--select", *select)
    return {node.node.test_metadata.name for node in dbt.results if node.status == "fail" and node.failures}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    folder = tmp_path_factory.mktemp("rules")
    lake = Lake(folder / "lake")
    lake.keep_all({})
    dbt = Dbt(folder / "dbt", lake)
    dbt("seed", "--select", *SEEDS)
    return dbt


def test_the_seeds_pass(rules: Dbt):
    assert failing(rules, *SEEDS) == set()


@pytest.mark.parametrize(("change", "expected"), one_of_each(BAD_RULES, lambda change, expected: expected))
def test_a_bad_rule_row_is_found(rules: Dbt, tmp_path: Path, change: str, expected: str):
    dbt = rules.copy(tmp_path)
    with duckdb.connect(str(dbt.warehouse)) as connection:
        connection.execute(change.format(table="rule_offset_cap"))
    assert expected in failing(dbt, "rule_offset_cap")


INSTRUMENT = {"instrument_id": "CEA24", "unit_type": "CEA", "vintage": 2024, "tick": 1, "lot": 1}


STAGED = {
    "good rows": ([INSTRUMENT, {**INSTRUMENT, "instrument_id": "CEA23"}], set()),
    "unknown value": (
        [{**INSTRUMENT, "unit_type": "GOLD"}],
        {("value not accepted", "unit_type", "GOLD", 1)},
    ),
    "duplicate key": ([INSTRUMENT, INSTRUMENT], {("duplicate or missing key", "instrument_id", "CEA24", 2)}),
    "missing key": (
        [{**INSTRUMENT, "instrument_id": None}],
        {("duplicate or missing key", "instrument_id", "null", 1)},
    ),
}


@pytest.mark.parametrize(("rows", "found"), one_of_each(STAGED, lambda rows, found: bool(found)))
def test_staged_rows_says_what_is_wrong(new_lake, new_dbt, rows, found):
    dbt = new_dbt(new_lake(instruments=rows))
    dbt("run", "--select", "stg_instruments")
    dbt.attempt("test", "--select", "stg_instruments", "--store-failures")
    (result,) = [node for node in dbt.results if node.node.name.startswith("stg_instruments")]
    assert (result.status == "fail") == bool(found)
    with duckdb.connect(str(dbt.warehouse), read_only=True) as connection:
        kept = connection.sql(f"select * from main_dbt_test__audit.{result.node.alias}").fetchall()
    assert set(kept) == found
