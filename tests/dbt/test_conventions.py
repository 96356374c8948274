"""What every mart, feature table and test of the dbt project has, read from the manifest."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contract.dbt import docs_blocks
from pipelines.warehouse.project import PROJECT, read_manifest
from pipelines.warehouse.reference import main, unit_of

# Another column of the row names the unit.
UNIT_IN_ROW = {"capacity", "observed", "expected"}
HANDWRITTEN = sorted((PROJECT / "models" / "marts").glob("*/_[!h]*.yml"))


@cache
def nodes(kind: str) -> dict[str, dict[str, Any]]:
    return {key: node for key, node in read_manifest()["nodes"].items() if node["resource_type"] == kind}


def marts() -> list[str]:
    return sorted(node["name"] for node in nodes("model").values() if node["path"].startswith("marts/"))


def mart(name: str) -> dict[str, Any]:
    return nodes("model")[f"model.carbonwarden.{name}"]


def data_tests_of(name: str) -> list[dict[str, Any]]:
    return [test for test in nodes("test").values() if test.get("attached_node") == mart(name)["unique_id"]]


@pytest.mark.parametrize("name", marts())
def test_a_mart_is_described_contracted_keyed_and_owned(name):
    node = mart(name)
    assert re.search(r"One row an? ", node["description"]), "its description does not state the grain"
    assert node["config"]["contract"]["enforced"]
    assert node["config"]["meta"]["dagster"]["owners"]
    assert node["config"]["meta"]["dagster"]["group"]
    keys = [test for test in data_tests_of(name) if test["test_metadata"]["name"] == "unique_key"]
    assert len(keys) == 1
    assert set(keys[0]["test_metadata"]["kwargs"]["columns"]) <= node["columns"].keys()
    undescribed = [column["name"] for column in node["columns"].values() if not column["description"]]
    assert undescribed == []


@pytest.mark.parametrize("name", marts())
def test_a_figure_has_its_unit_in_its_name_or_in_its_description(name):
    figures = [c for c in mart(name)["columns"].values() if c["data_type"].startswith(("double", "decimal"))]
    without = {c["name"] for c in figures if not unit_of(c["name"], c["description"])}
    assert without - UNIT_IN_ROW == set()


@pytest.mark.parametrize("path", HANDWRITTEN, ids=lambda path: path.stem)
def test_columns_are_described_in_docs_blocks_only(path: Path):
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    columns = [(model["name"], column) for model in models for column in model["columns"]]
    own = [
        (name, column["name"])
        for name, column in columns
        if not re.fullmatch(r"{{ doc\('\w+'\) }}", column["description"])
    ]
    assert columns
    assert own == []


def test_every_docs_block_is_used():
    texts = [path.read_text(encoding="utf-8") for path in (PROJECT / "models").rglob("*.yml")]
    used = {name for text in texts for name in re.findall(r"doc\('+(\w+)'+\)", text)}
    assert used == docs_blocks()


def test_every_test_says_how_severe_it_is():
    silent = [test["name"] for test in nodes("test").values() if "severity" not in test["unrendered_config"]]
    assert nodes("test")
    assert silent == []


def test_the_reference_page_says_what_the_project_says(tmp_path, capsys):
    assert main(["--check"]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "docs/reference/marts.md" in capsys.readouterr().err
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("name", "description", "unit"),
    [
        ("price", "Price of the trade. Unit: CNY/t.", "CNY/t"),
        ("seconds", "time taken; in s", "s"),
        ("total_tco2e", "Total of the report.", "tCO2e"),
        ("entity_id", "Key emitter.", ""),
    ],
)
def test_a_unit_is_read_from_the_description_or_the_name(name, description, unit):
    assert unit_of(name, description) == unit
