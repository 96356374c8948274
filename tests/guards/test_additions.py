"""What an addition costs: the worked examples of the how-tos change only the files that the design names.

What `make generate` writes is counted apart: it follows from the files, and nobody edits it. The examples are
carried out one after the other in one copy, before anything is started there: each start of a program and
each parse of the dbt project costs seconds.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import Lake
from tests.guards.worked import ROOT, Copy, copy_project

GENERATED = ("docs/reference/", "dbt_project/models/exposures.yml")
SEED = "dbt_project/seeds/rule_offset_cap.csv"
DETECTOR = "anomaly/detectors/market_risk/concentration"
MARTS = "dbt_project/models/marts/trading"
FILES = {
    "add-a-source.md": {"pipelines/sources/formats/gdex.yml", "tests/sources/test_source_gdex.py"},
    "add-a-detector.md": {
        *(f"{DETECTOR}/{name}" for name in ("__init__.py", "detector.py", "policy.yml", "messages.yml")),
        "tests/anomaly/detectors/test_concentration.py",
    },
    "add-a-mart.md": {f"{MARTS}/fct_turnover_months.sql", f"{MARTS}/_turnover_months.yml"},
    "add-a-rule.md": {SEED},
}


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Copy, dict[str, set[str]]]:
    """A copy in which the examples of all pages are carried out, and the files that each changed."""
    made = copy_project(tmp_path_factory.mktemp("copy"))
    return made, {page: made.changes(lambda page=page: made.carry_out(page)) for page in FILES}


@pytest.fixture
def copy(carried_out: tuple[Copy, dict[str, set[str]]]) -> Copy:
    return carried_out[0]


@pytest.mark.parametrize("page", FILES)
def test_an_addition_changes_the_files_that_the_design_names(carried_out, page):
    assert carried_out[1][page] == FILES[page]


@pytest.mark.worked
def test_the_tests_of_the_additions_pass(copy):
    """Those of the reader and the detector, and those that look at every detector and every rule."""
    copy.test(
        "tests/sources/test_source_gdex.py",
        "tests/anomaly/detectors/test_concentration.py",
        "tests/anomaly/detectors/test_declarations.py",
        "tests/dbt/test_rule_in_force.py",
        "-k",
        "gdex or concentration or rule_offset_cap",
    )


def test_a_reader_is_offered(copy):
    listed = copy.python("-c", "from pipelines.sources import formats; print(formats()['gdex'])")
    assert listed.startswith("Guangdong pilot allowance")


@pytest.mark.worked
def test_a_mart_is_built_with_its_tests(copy, tmp_path):
    _prepare(tmp_path)
    printed = copy.python("-c", _BUILD, str(tmp_path), "fct_turnover_months")
    assert "turnover_months_sum_days" in printed
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.sql("from fct_turnover_months select month, block_share").fetchall()[0][1] == 0.2


def test_a_value_of_a_rule_is_one_line_and_holds_from_its_day(copy):
    before = (ROOT / SEED).read_text(encoding="utf-8").splitlines()
    after = (copy.root / SEED).read_text(encoding="utf-8").splitlines()
    assert after[:-1] == before
    printed = copy.python("-c", _CAPS, "2027-06-30", "2026-06-30")
    assert [json.loads(line) for line in printed.splitlines()] == [[0.03], [0.05]]


@pytest.mark.worked
def test_generated_files_follow_and_nothing_else_does(copy):
    """That a second time writes none is what `make check` looks at, in the project itself."""
    written = copy.generate()
    assert {"docs/reference/detectors.md", "docs/reference/marts.md"} <= written
    assert all(path.startswith(GENERATED) for path in written), written


# Run in the copy: caps of each day that is given, one line a day.
_CAPS = """
import json, sys
from tests.command import call
for day in sys.argv[1:]:
    printed = call("rules", "--as-of", day, "--market", "cn", "--format", "json").stdout
    held = [json.loads(line) for line in printed.splitlines()]
    print([float(rule["values"]["value"]) for rule in held if rule["table"] == "rule_offset_cap"])
"""

# Run in the copy: build a mart and its tests in a folder; names of the nodes that succeeded.
_BUILD = """
import sys
from pathlib import Path
from tests.dbt.conftest import Dbt, Lake
dbt = Dbt(Path(sys.argv[1]), Lake(Path(sys.argv[1])))
dbt("build", "--select", sys.argv[2])
print(*(result.node.name for result in dbt.results), sep="\\n")
"""


def _prepare(folder: Path) -> None:
    """A lake without rows, and a warehouse that has the days that the mart reads."""
    Lake(folder).keep_all({})
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.sql(
            "create table fct_market_days as "
            "select 'CEA24' as instrument_id, date '2025-01-02' as date, "
            "400::bigint as listed_volume_tco2e, 100::bigint as block_volume_tco2e"
        )
