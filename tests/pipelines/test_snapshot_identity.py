"""A snapshot's id follows whatever can change a result, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.core import fingerprint as hashing
from pipelines.publication import identity
from pipelines.publication.identity import code_fingerprint, snapshot_id

FILES = {
    "anomaly/detectors/wash_trade.py": (
        '"""Trades with oneself."""\n\n\ndef score(trade):\n    """Higher is worse."""\n'
        "    return trade * 2  # doubled\n"
    ),
    "anomaly/policy.yml": "# Bounds.\nwash_trade:\n  threshold: 0.8\n  why: Half of all trades lie below.\n",
    "anomaly/detectors/messages.yml": "title_en: Wash trade\n",
    "anomaly/evaluation/metrics.py": "LIMIT = 1\n",
    "models/peers.py": "TREES = 100\n",
    "expectations/policy.yml": "trades:\n  maximum: 5\n",
    "pipelines/lake/keep.py": "KEEP = 1\n",
    "pipelines/simulator/world.py": "FIRMS = 10\n",
    "pipelines/cli/main.py": "CODE = 0\n",
    "pipelines/bench/measure.py": "ROUNDS = 3\n",
    "dashboards/app.py": "TITLE = 'Desk'\n",
    "docs/architecture.md": "# Architecture\n",
    "tests/test_lake.py": "def test(): pass\n",
    "dbt_project/models/fct_trades.sql": (
        "-- One row a trade.\nselect a, '--' as b from {{ ref('stg_trades') }}\n"
    ),
    "dbt_project/models/_trading.yml": (
        "models:\n  - name: fct_trades\n    description: Trades.\n    config: {severity: error}\n"
    ),
    "dbt_project/macros/limits.sql": "{# Half up. #}{% macro half(x) %} round({{ x }}, 2) {% endmacro %}\n",
    "dbt_project/seeds/rule_limits.csv": "rule_id,value\nB-04,0.1\n",
    "dbt_project/tests/generic/keys.sql": "select 1 where false\n",
    "dbt_project/models/exposures.yml": "exposures:\n  - name: desk\n",
}

EDITS = [
    (
        "docstring of a detector",
        "anomaly/detectors/wash_trade.py",
        "Higher is worse.",
        "More is worse.",
        False,
    ),
    ("comment of a detector", "anomaly/detectors/wash_trade.py", "# doubled", "# twice", False),
    ("formula of a detector", "anomaly/detectors/wash_trade.py", "* 2", "* 3", True),
    ("threshold", "anomaly/policy.yml", "0.8", "0.9", True),
    ("published reason of a threshold", "anomaly/policy.yml", "Half of", "Two thirds of", True),
    ("comment of a policy", "anomaly/policy.yml", "# Bounds.", "# Thresholds.", False),
    ("title of an alert", "anomaly/detectors/messages.yml", "Wash trade", "Wash trades", True),
    ("metric of the evaluation", "anomaly/evaluation/metrics.py", "1", "2", False),
    ("parameter of a model", "models/peers.py", "100", "200", True),
    ("bound of an expectation", "expectations/policy.yml", "5", "6", True),
    ("lake", "pipelines/lake/keep.py", "1", "2", True),
    ("simulator", "pipelines/simulator/world.py", "10", "11", False),
    ("command line", "pipelines/cli/main.py", "0", "1", False),
    ("benchmark", "pipelines/bench/measure.py", "3", "5", False),
    ("desk", "dashboards/app.py", "Desk", "Screen", False),
    ("document", "docs/architecture.md", "Architecture", "Structure", False),
    ("test", "tests/test_lake.py", "pass", "assert True", False),
    ("SQL of a mart", "dbt_project/models/fct_trades.sql", "select a", "select a + 1 as a", True),
    ("comment sign in a text of SQL", "dbt_project/models/fct_trades.sql", "'--'", "'-- '", True),
    ("comment of SQL", "dbt_project/models/fct_trades.sql", "One row a trade", "One trade a row", False),
    ("layout of SQL", "dbt_project/models/fct_trades.sql", "select a,", "select\n    a,", False),
    ("description of a mart", "dbt_project/models/_trading.yml", "Trades.", "All trades.", False),
    ("severity of a test", "dbt_project/models/_trading.yml", "error", "warn", True),
    ("macro", "dbt_project/macros/limits.sql", "2)", "3)", True),
    ("comment of a macro", "dbt_project/macros/limits.sql", "Half up.", "Halves go up.", False),
    ("value of a rule", "dbt_project/seeds/rule_limits.csv", "0.1", "0.2", True),
    ("generic test", "dbt_project/tests/generic/keys.sql", "where false", "where 1 = 0", True),
    ("exposure", "dbt_project/models/exposures.yml", "desk", "screens", False),
]


def _fingerprint(program: Path) -> str:
    """The fingerprint that a new process would find."""
    code_fingerprint.cache_clear()
    return code_fingerprint(program)


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    yield
    code_fingerprint.cache_clear()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program in small with one file of each sort."""
    for name, text in FILES.items():
        path = tmp_path / "program" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "program"


@pytest.mark.parametrize(("what", "name", "old", "new", "counts"), EDITS, ids=[edit[0] for edit in EDITS])
def test_code_counts_where_it_can_change_a_result(program, what, name, old, new, counts):
    before = _fingerprint(program)
    path = program / name
    text = path.read_text(encoding="utf-8")
    assert old in text, what
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    hashing._meaning.cache_clear()
    assert (_fingerprint(program) != before) is counts


def test_a_new_file_counts_and_a_generated_one_does_not(program):
    before = _fingerprint(program)
    (program / "dbt_project" / "target").mkdir()
    (program / "dbt_project" / "target" / "manifest.json").write_text("{}")
    assert _fingerprint(program) == before
    (program / "anomaly" / "detectors" / "layering.py").write_text("KIND = 'layering'\n")
    assert _fingerprint(program) != before


def test_a_file_that_cannot_be_parsed_counts_as_it_is(program):
    path = program / "models" / "peers.py"
    path.write_text("def (:\n")
    first = _fingerprint(program)
    path.write_text("def (:  # broken\n")
    assert _fingerprint(program) != first


def _rewrite(name: str, text: str) -> Callable[[Path], None]:
    return lambda source: (source / name).write_text(text, encoding="utf-8") and None


def _another_library(source: Path) -> None:
    identity.library_versions()["duckdb"] = "0.0.1"


SOURCES = [
    ("row", _rewrite("trades.csv", "b\n"), True),
    ("new table", _rewrite("orders.csv", "a\n"), True),
    ("time stamp", lambda source: (source / "trades.csv").touch(), False),
    ("market", _rewrite("market.yml", "id: eu\nname_en: EU ETS\n"), True),
    ("currency", _rewrite("market.yml", "id: cn\ncurrency: EUR\n"), True),
    ("comment of the market settings", _rewrite("market.yml", "# National.\nid: cn\n"), False),
    ("settings that equal the defaults", _rewrite("market.yml", "id: cn\ncurrency: CNY\n"), False),
    ("version of a library", _another_library, True),
]


@pytest.mark.parametrize(("what", "change", "counts"), SOURCES, ids=[case[0] for case in SOURCES])
def test_source_settings_and_libraries_count(tmp_path, monkeypatch, what, change, counts):
    versions = dict(identity.library_versions())
    monkeypatch.setattr(identity, "library_versions", lambda: versions)
    for table in ("entities", "accounts", "trades"):
        (tmp_path / f"{table}.csv").write_text("a\n")
    (tmp_path / "market.yml").write_text("id: cn\n")
    before = snapshot_id(tmp_path, date(2025, 1, 1))
    change(tmp_path)
    assert (snapshot_id(tmp_path, date(2025, 1, 1)) != before) is counts


def test_the_as_of_date_counts(tmp_path):
    for table in ("entities", "accounts", "trades"):
        (tmp_path / f"{table}.csv").write_text("a\n")
    assert snapshot_id(tmp_path, date(2025, 1, 1))[9:] != snapshot_id(tmp_path, date(2025, 1, 2))[9:]


def test_every_part_left_out_is_there_and_every_library_is_installed():
    planned = {"pipelines/cases", "pipelines/reports"}
    lacking = [name for name in identity.NO_RESULT if not (identity.ROOT / name).exists()]
    assert set(lacking) <= planned
    assert "absent" not in identity.library_versions().values()
