"""What an addition costs: the worked examples of the how-tos change only the files that the design names.

What `make generate` writes is counted apart: it follows from the files, and nobody edits it. The examples are
carried out one after the other in one copy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.contract.tables import TABLES
from tests.dbt.conftest import Lake
from tests.guards.worked import Copy, copy_project

GENERATED = ("docs/reference/", "dbt_project/models/exposures.yml")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copy_project(tmp_path_factory.mktemp("copy"))


def test_a_reader_costs_its_mapping_and_its_test(copy):
    changed = copy.changes(lambda: copy.carry_out("add-a-source.md"))
    assert changed == {"pipelines/sources/formats/gdex.yml", "tests/sources/test_source_gdex.py"}
    copy.test("tests/sources/test_source_gdex.py")
    listed = copy.python("-c", "from pipelines.sources import formats; print(formats()['gdex'])")
    assert listed.startswith("Guangdong pilot allowance")


def test_a_detector_costs_its_folder_and_its_test(copy):
    changed = copy.changes(lambda: copy.carry_out("add-a-detector.md"))
    folder = "anomaly/detectors/market_risk/concentration"
    own = {f"{folder}/{name}" for name in ("__init__.py", "detector.py", "policy.yml", "messages.yml")}
    assert changed == own | {"tests/anomaly/detectors/test_concentration.py"}
    declared = "tests/anomaly/detectors/test_declarations.py"
    copy.test("tests/anomaly/detectors/test_concentration.py", declared, "-k", "concentration")


def test_a_mart_costs_its_sql_and_its_yaml_with_the_unit_test(copy, tmp_path):
    changed = copy.changes(lambda: copy.carry_out("add-a-mart.md"))
    folder = "dbt_project/models/marts/trading"
    assert changed == {f"{folder}/fct_turnover_months.sql", f"{folder}/_turnover_months.yml"}
    printed = _build(copy, tmp_path, "fct_turnover_months")
    assert "turnover_months_sum_days" in printed
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.sql("from fct_turnover_months select month, block_share").fetchall()[0][1] == 0.2


def test_a_value_of_a_rule_costs_one_line(copy):
    seed = "dbt_project/seeds/rule_offset_cap.csv"
    before = (copy.root / seed).read_text(encoding="utf-8").splitlines()
    assert copy.changes(lambda: copy.carry_out("add-a-rule.md")) == {seed}
    after = (copy.root / seed).read_text(encoding="utf-8").splitlines()
    assert after[:-1] == before

    def caps(day: str) -> list[float]:
        command = "from pipelines.cli.main import main; main()"
        printed = copy.python("-c", command, "rules", "--as-of", day, "--market", "cn", "--format", "json")
        held = [json.loads(line) for line in printed.splitlines()]
        return [float(rule["values"]["value"]) for rule in held if rule["table"] == "rule_offset_cap"]

    assert caps("2027-06-30") == [0.03]
    assert caps("2026-06-30") == [0.05]
    copy.test("tests/dbt/test_rule_in_force.py", "-k", "rule_offset_cap")


def test_generated_files_follow_and_nothing_else_does(copy):
    """Runs last: the additions before it leave generated files to be written, and a second time none."""
    written = copy.generate()
    assert {"docs/reference/detectors.md", "docs/reference/marts.md"} <= written
    assert all(path.startswith(GENERATED) for path in written), written
    assert not copy.generate()


def _build(copy: Copy, folder: Path, mart: str) -> str:
    """Build a mart and its tests on a warehouse that has the days it reads; what dbt printed."""
    for name in TABLES:
        Lake(folder).keep(name, [])
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.sql(
            "create table fct_market_days as "
            "select 'CEA24' as instrument_id, date '2025-01-02' as date, "
            "400::bigint as listed_volume_tco2e, 100::bigint as block_volume_tco2e"
        )
    project = str(copy.root / "dbt_project")
    variables = json.dumps(
        {"warehouse": str(folder / "warehouse.duckdb"), "lake_path": str(folder), "as_of": "2025-12-15"}
    )
    places = ["--project-dir", project, "--profiles-dir", project, "--vars", variables]
    return copy.run(
        str(Path(sys.executable).with_name("dbt")), "build", *places, "--no-version-check", "--select", mart
    )
