"""The contract's definitions: equal to the shared description, and one name may differ inside the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.lake.store import connect
from pipelines.lake.update import update_lake

ROOT = Path(__file__).resolve().parents[2]
FILES = ("registry.yml", "trading.yml", "monitoring.yml")


def shared_contract() -> dict[str, Any]:
    """Tables of the shared description beside the checkout; skips the test where there is none."""
    for parent in ROOT.parents:
        folder = parent / "shared" / "contract"
        if all((folder / name).is_file() for name in FILES):
            loaded = [yaml.safe_load((folder / name).read_text(encoding="utf-8")) for name in FILES]
            return {name: table for part in loaded for name, table in part["tables"].items()}
    pytest.skip("no folder shared/contract beside the checkout: nothing to compare the definitions with")


def described(table: Table) -> dict[str, Any]:
    """The facts of a table that the shared description states, in its form."""
    columns = {
        column.delivered_name: {
            "type": column.type,
            "nullable": column.nullable,
            "unit": column.unit,
            "enum": list(column.enum),
            "ref": column.ref,
        }
        for column in table.columns
        # The lake derives these where a source does not deliver them, so no source has to know them.
        if not column.offset_of
    }
    key = [table.column(name).delivered_name for name in table.key]
    return {"key": key, "required": table.required, "columns": columns}


def stated(table: dict[str, Any]) -> dict[str, Any]:
    """The same of a table of the shared description."""
    columns = {
        name: {
            "type": column["type"],
            "nullable": column.get("nullable", False),
            "unit": column.get("unit"),
            "enum": column.get("enum", []),
            "ref": column.get("ref"),
        }
        for name, column in table["columns"].items()
    }
    return {"key": table["key"], "required": table.get("required", False), "columns": columns}


WIDER = {("trades", "buy_account_id"), ("trades", "sell_account_id")}
"""Columns that may be empty here and not in the shared description: some sources name one side of a trade."""


def test_definitions_equal_the_shared_description():
    """But for what is listed as wider: whatever the shared description allows is taken."""
    shared = shared_contract()
    assert sorted(TABLES) == sorted(shared)
    for name, table in shared.items():
        ours, theirs = described(TABLES[name]), stated(table)
        for column, facts in theirs["columns"].items():
            # The description may leave a unit to the column's text; the definition then states it.
            facts["unit"] = facts["unit"] or ours["columns"].get(column, {}).get("unit")
            if (name, column) in WIDER:
                assert not facts["nullable"], f"{name}.{column} is no wider here"
                facts["nullable"] = True
        assert ours == theirs, name


SOUND = {
    "entities": "entity_id,entity_name,sector,province_code,status\nE1,Alpha,power,110000,listed\n",
    "accounts": "account_id,holder_id,holder_type\nA1,E1,compliance\n",
    "trades": "trade_id,ts,instrument_id,mode,price,quantity,buy_account_id,sell_account_id\n",
    "units": "unit_id,entity_id,unit_class,capacity,capacity_unit\nU1,E1,coal_gt300,600,MW\n",
}


def received(folder: Path, parameters: str) -> list[tuple[str, str]]:
    """`stated_period` and `period` of the kept rows of `verification_parameters`, delivered as this CSV."""
    source, lake = folder / "source", folder / "lake"
    source.mkdir()
    for name, text in {**SOUND, "verification_parameters": parameters}.items():
        (source / f"{name}.csv").write_text(text)
    with connect("1GB", 1, folder / "scratch") as con:
        update_lake(con, source, lake, lambda _: None)
        return con.execute(
            "select stated_period, period from read_parquet(?, hive_types_autocast = false) order by 1",
            [str(lake / "kept" / "verification_parameters" / "*" / "*.parquet")],
        ).fetchall()


def test_a_column_whose_name_the_lake_uses_is_renamed_on_receipt(tmp_path):
    rows = (
        "entity_id,year,unit_id,parameter,period,reported,verified,unit\n"
        "E1,2024,U1,ncv,2024-03,20.1,19.8,GJ/t\n"
        "E1,2024,U1,ncv,2024-04,20.2,20.2,GJ/t\n"
    )
    assert received(tmp_path, rows) == [("2024-03", "2024"), ("2024-04", "2024")]


def test_where_it_is_missing_the_error_gives_its_name_in_a_source(tmp_path):
    with pytest.raises(SourceError, match="expected the columns period of table verification_parameters"):
        received(tmp_path, "entity_id,year,unit_id,parameter,unit\nE1,2024,U1,ncv,GJ/t\n")
