"""What every mart, feature table and test of the dbt project has, read from the manifest."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contract.dbt import docs_blocks
from pipelines.contract.units import unit_in_name
from pipelines.warehouse.project import PROJECT, read_manifest

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
    without = [c["name"] for c in figures if not unit_in_name(c["name"]) and not has_unit(c["description"])]
    assert without == []


def has_unit(description: str) -> bool:
    return bool(re.search(r"Unit: |`capacity_unit`|; in |in its unit|expected at least", description))


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
