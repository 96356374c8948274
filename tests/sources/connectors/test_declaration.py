"""The form of `sources.yml`: what is refused, and that no message repeats a value."""

from __future__ import annotations

import json

import pytest
import yaml

from pipelines.contract.tables import TABLES
from pipelines.core.settings import ROOT, SettingsError
from pipelines.sources.connectors import declaration, reference

POSTGRES = {"kind": "postgres", "connection": "REGISTRY_DB", "tables": {"trades": {"from": "trades"}}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"connection": "postgresql://u:s3cret@h/d"},
            "connection: expected the name of an environment variable",
        ),
        ({"connection": {"value": "s3cret"}}, "connection"),
        ({"password": "s3cret"}, "password: expected an entry that is known"),
        ({"kind": "s3cret"}, "expected 'kind' to be one of"),
        ({"tables": {"trades": {"from": "t", "query": "s3cret"}}}, "expected one of `from`, `query`"),
        ({"tables": {"trades": {"from": 't"; drop'}}}, "from"),
        ({"tables": {"s3cret_table": {"from": "t"}}}, "expected tables of the contract without a mapping"),
        ({"tables": {"trades": {"from": "t", "overlap": 5}}}, "expected a `watermark`"),
        ({"schedule": "daily"}, "schedule"),
        (
            {"mapping": "m.yml", "tables": {"a": {"from": "a", "watermark": "w"}, "b": {"from": "b"}}},
            "a `watermark` in all tables of a mapping",
        ),
    ],
)
def test_a_wrong_declaration_is_refused_by_its_entry(declare, change, expected):
    settings = declare(registry={**POSTGRES, **change})
    with pytest.raises(SettingsError, match="expected declared sources") as error:
        declaration.load(settings.home)
    assert expected in str(error.value)
    assert "s3cret" not in str(error.value).replace("s3cret_table", "")


@pytest.mark.parametrize("text", ["sources: {a: [s3cret", "s3cret", "\x00s3cret", "- s3cret"])
def test_a_file_that_is_no_declaration_is_not_repeated(tmp_path, text):
    (tmp_path / "sources.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        declaration.load(tmp_path)
    assert "s3cret" not in str(error.value)


def test_a_home_without_declarations_says_where_to_write_them(tmp_path):
    with pytest.raises(SettingsError, match=r"sources\.yml: expected the declaration of sources"):
        declaration.load(tmp_path)


def test_the_schema_of_the_documentation_is_that_of_the_code():
    assert (ROOT / reference.FILE).read_text(encoding="utf-8") == reference.schema()
    assert set(json.loads(reference.schema())["properties"]) == {"market", "sources"}


def test_the_examples_of_the_documentation_are_valid(tmp_path):
    page = (ROOT / "docs/how-to/connect-a-source.md").read_text(encoding="utf-8")
    examples = [text.partition("```")[0] for text in page.split("```yaml\n")[1:]]
    declared = [text for text in examples if "\nsources:" in f"\n{text}"]
    for text in declared:
        sources = declaration.Sources.model_validate(yaml.safe_load(text))
        assert sources.sources
    assert len(declared) >= 1
    assert TABLES
