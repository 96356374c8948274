"""What follows from the contract is written from it, and a stale file is seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines.contract.checks import typed
from pipelines.contract.reasons import REASONS
from pipelines.contract.render import main, rendered, stale, write
from pipelines.contract.render_staging import RENAMED, STAGING, orphans
from pipelines.contract.schema import Column, Table
from pipelines.contract.tables import AREAS, TABLES
from pipelines.contract.units import warehouse_name

ROOT = Path(__file__).resolve().parents[2]


def test_the_checkout_says_what_the_contract_says():
    assert stale(ROOT, rendered()) == []


def with_table(area: str, table: Table) -> dict[str, tuple[Table, ...]]:
    """The contract's areas with this table in place of the area's table of that name, or added to them."""
    others = tuple(known for known in AREAS[area] if known.name != table.name)
    return {**AREAS, area: (*others, table)}


def test_a_new_column_is_one_edit_and_has_its_unit_in_its_name(tmp_path):
    write(tmp_path, rendered())
    parks = TABLES["parks"]
    column = Column("heat", "float64", nullable=True, unit="GJ", description="a new column")
    changed = write(
        tmp_path, rendered(with_table("registry", replace(parks, columns=(*parks.columns, column))))
    )
    assert {path.name for path in changed} == {"_registry.yml", "stg_parks.sql", "contract.md"}
    assert "heat as heat_gj, period" in (tmp_path / STAGING / "registry/stg_parks.sql").read_text()
    written = yaml.safe_load((tmp_path / STAGING / "registry/_registry.yml").read_text())
    source = next(table for table in written["sources"][0]["tables"] if table["name"] == "parks")
    assert source["columns"][-2] == {
        "name": "heat",
        "data_type": "double",
        "description": "a new column; in GJ",
    }
    model = next(model for model in written["models"] if model["name"] == "stg_parks")
    assert model["columns"][-2]["name"] == "heat_gj"
    assert model["columns"][-2]["description"] == "a new column; in GJ; heat of the source"
    page = (tmp_path / "docs/reference/contract.md").read_text()
    assert "| `heat` | float64 | yes | a new column; in GJ |" in page


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("quantity", "tCO2e", "quantity_tco2e"),
        ("fine_cny", None, "fine_cny"),
        ("operating_hours", "h", "operating_hours"),
        ("accuracy_pct", "%", "accuracy_pct"),
        ("ash", "% Aad", "ash_pct"),
        ("ncv", "GJ/t, as received", "ncv_gj_per_t"),
        ("heat_tco2", "tCO2e", "heat_tco2_tco2e"),
        ("price", "CNY/t", "price"),
        ("share", "fraction of 1", "share"),
        ("permitted", "t, or tce for energy_use", "permitted"),
        ("fuel_consumption", "t; 10^4 Nm3 for natural_gas", "fuel_consumption"),
    ],
)
def test_a_name_ends_with_the_unit_unless_the_row_or_the_market_decides_it(name, unit, expected):
    assert warehouse_name(Column(name, "float64", unit=unit)) == expected


def test_a_unit_that_no_suffix_stands_for_is_refused():
    with pytest.raises(ValueError, match="unit 'kPa' has no suffix"):
        warehouse_name(Column("pressure", "float64", unit="kPa"))


def test_renamed_columns_are_columns_of_the_contract():
    assert [
        (table, column)
        for table, renamed in RENAMED.items()
        for column in renamed
        if column not in TABLES[table].names
    ] == []


def test_a_table_that_left_the_contract_leaves_the_staging(tmp_path):
    write(tmp_path, rendered())
    fewer = {**AREAS, "oversight": tuple(table for table in AREAS["oversight"] if table.name != "tips")}
    assert orphans(tmp_path, rendered(fewer)) == [STAGING / "oversight/stg_tips.sql"]
    write(tmp_path, rendered(fewer))
    assert not (tmp_path / STAGING / "oversight/stg_tips.sql").exists()


def test_check_fails_on_a_stale_file_and_names_it(tmp_path, capsys):
    write(tmp_path, rendered())
    assert main(["--check", "--root", str(tmp_path)]) == 0
    (tmp_path / STAGING / "oversight/stg_tips.sql").write_text("select 1\n")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "stg_tips.sql" in capsys.readouterr().err
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_every_reason_is_in_the_vocabulary_and_on_the_reference_page():
    columns = [column for table in TABLES.values() for column in table.columns]
    natives = ("VARCHAR", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMP_NS", "BOOLEAN", "DECIMAL(9,3)")
    reasons = {reason for c in columns for native in natives for reason, _ in typed(c, native).faults}
    for name in ("receive.py", "resolve.py"):
        text = (ROOT / "pipelines" / "lake" / name).read_text(encoding="utf-8")
        reasons |= set(re.findall(r"(?:reason := |then )'([a-z_]+)'", text)) - {"kept", "quarantined"}
    reasons -= {"superseded"}
    assert len(reasons) > 12
    assert not reasons - REASONS.keys()
    page = (ROOT / "docs" / "reference" / "contract.md").read_text(encoding="utf-8")
    assert not {reason for reason in REASONS if f"| `{reason}` |" not in page}
