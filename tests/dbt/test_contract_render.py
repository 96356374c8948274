"""What follows from the contract is written from it, and a stale file is seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from pipelines.contract.checks import typed
from pipelines.contract.reasons import REASONS
from pipelines.contract.render import main, orphans, rendered, stale, write
from pipelines.contract.schema import Column
from pipelines.contract.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
STAGING = Path("dbt_project/models/staging")


def test_the_checkout_says_what_the_contract_says():
    assert stale(ROOT, rendered()) == []


def test_a_new_column_is_one_edit(tmp_path):
    write(tmp_path, rendered())
    column = Column("rating", "decimal(12,4)", nullable=True, unit="CNY", description="a new column")
    tables = {**TABLES, "parks": replace(TABLES["parks"], columns=(*TABLES["parks"].columns, column))}
    changed = write(tmp_path, rendered(tables))
    assert [path.name for path in changed] == [
        "_contract__sources.yml",
        "_contract__staging.yml",
        "stg_parks.sql",
        "contract.md",
    ]
    assert "rating, period" in (tmp_path / STAGING / "stg_parks.sql").read_text()
    sources = yaml.safe_load((tmp_path / STAGING / "_contract__sources.yml").read_text())
    parks = next(table for table in sources["sources"][0]["tables"] if table["name"] == "parks")
    assert parks["columns"][-2] == {
        "name": "rating",
        "data_type": "decimal(12,4)",
        "description": "a new column; in CNY",
    }
    assert (
        "| `rating` | decimal(12,4) | yes | a new column; in CNY |"
        in (tmp_path / "docs/reference/contract.md").read_text()
    )


def test_a_table_that_left_the_contract_leaves_the_staging(tmp_path):
    write(tmp_path, rendered())
    fewer = {name: table for name, table in TABLES.items() if name != "tips"}
    assert orphans(tmp_path, rendered(fewer)) == [STAGING / "stg_tips.sql"]
    write(tmp_path, rendered(fewer))
    assert not (tmp_path / STAGING / "stg_tips.sql").exists()


def test_check_fails_on_a_stale_file_and_names_it(tmp_path, capsys):
    write(tmp_path, rendered())
    assert main(["--check", "--root", str(tmp_path)]) == 0
    (tmp_path / STAGING / "stg_tips.sql").write_text("select 1\n")
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
