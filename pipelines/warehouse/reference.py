"""The reference page of the marts, written from dbt's manifest.

    python -m pipelines.warehouse.reference            write docs/reference/marts.md
    python -m pipelines.warehouse.reference --check    exit 1 where the page differs from the project

Belongs here: the page's layout. Does not belong here: any fact of its own about a mart.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.contract.units import unit_in_name
from pipelines.core.generated import program
from pipelines.warehouse.project import read_manifest

PAGE = Path("docs/reference/marts.md")
_NOTICE = "Written by `make generate` from the dbt project; edit its YAML and docs blocks instead."
_INTRODUCTION = """\
Every table that a run publishes in `published/current/marts/`, besides the rule tables (`rule_*`), which are
the dbt seeds of these names. A mart is the file `<mart>.parquet`; one that is rewritten by changed periods
and has more than a million rows is the folder `<mart>` with a file a period. Amounts are in the market's
currency, written CNY; an allowance or a credit is one tonne of CO2 equivalent.
A column without a unit has none.
"""
_AREAS = {
    "registry": "Registry: accounts, holdings, compliance",
    "trading": "Trading",
    "monitoring": "Emissions and reports",
    "supervision": "Supervision: alerts, checks, deliveries",
}
# A description ends with its unit, in one of two forms: of a docs block, of a generated column.
_UNIT = re.compile(r"(?: Unit: (?P<block>.+)\.|; in (?P<generated>[^;]+))$")

Node = Mapping[str, Any]


def unit_of(name: str, description: str) -> str:
    """The unit of a column: from its description, else from its name; empty where it has none."""
    stated = _UNIT.search(" ".join(description.split()))
    if stated:
        return stated["block"] or stated["generated"]
    return unit_in_name(name) or ""


def page(manifest: Node) -> str:
    """The whole page."""
    marts = sorted(
        (node for node in manifest["nodes"].values() if _is_mart(node)), key=lambda node: str(node["name"])
    )
    parts = ["# Marts", "", f"<!-- {_NOTICE} -->", "", _INTRODUCTION]
    for area, title in _AREAS.items():
        parts += [f"## {title}", ""]
        for node in marts:
            if node["path"].split("/")[1] == area:
                parts += _section(manifest, node)
    return "\n".join(parts)


def _is_mart(node: Node) -> bool:
    return node["resource_type"] == "model" and str(node["path"]).startswith("marts/")


def _section(manifest: Node, node: Node) -> list[str]:
    return [
        f"### {node['name']}",
        "",
        " ".join(node["description"].split()),
        "",
        *_facts(manifest, node),
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
        *(_column(column) for column in node["columns"].values()),
        "",
    ]


def _facts(manifest: Node, node: Node) -> list[str]:
    """Key, references, how it is rewritten, and lineage in both directions, one line each."""
    tests = [test for test in manifest["nodes"].values() if test.get("attached_node") == node["unique_id"]]
    growing = node["config"]["materialized"] == "incremental"
    children = manifest["child_map"][node["unique_id"]]
    lines = {
        "Key": _codes(column for test in _named(tests, "unique_key") for column in _given(test, "columns")),
        "References": ", ".join(sorted(_reference(test) for test in _named(tests, "refers_to"))),
        "Holds in every row": ", ".join(
            sorted(f"`{' '.join(_given(test, 'expression').split())}`" for test in _named(tests, "holds"))
        ),
        "Rewritten": "by changed periods" if growing else "as a whole, when a table behind it changed",
        "Made from": _codes(sorted(_names(manifest, node["depends_on"]["nodes"]))),
        "Read by": _codes(sorted(_names(manifest, children))),
    }
    return [f"- {name}: {value}" for name, value in lines.items() if value]


def _named(tests: Iterable[Node], name: str) -> list[Node]:
    return [test for test in tests if (test.get("test_metadata") or {}).get("name") == name]


def _given(test: Node, argument: str) -> Any:
    kwargs = test["test_metadata"]["kwargs"]
    return kwargs[argument] if argument in kwargs else kwargs["arguments"][argument]


def _reference(test: Node) -> str:
    target = re.search(r"'(\w+)'", _given(test, "to"))
    return f"`{test['column_name']}` to `{target[1] if target else _given(test, 'to')}`"


def _names(manifest: Node, identifiers: Iterable[str]) -> Iterable[str]:
    """Names of models, seeds, source tables and exposures; tests are left out."""
    for identifier in identifiers:
        kind = identifier.split(".")[0]
        if kind == "source":
            yield manifest["sources"][identifier]["name"]
        elif kind == "exposure":
            yield manifest["exposures"][identifier]["name"]
        elif kind in {"model", "seed"}:
            yield manifest["nodes"][identifier]["name"]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _column(column: Node) -> str:
    text = " ".join(column["description"].split())
    unit = unit_of(column["name"], text)
    meaning = _UNIT.sub("", text).replace("|", "\\|")
    return f"| `{column['name']}` | {column['data_type']} | {unit} | {meaning} |"


def main(arguments: list[str] | None = None) -> int:
    """Writes the page, or with `--check` only says whether it is stale."""
    return program(
        "pipelines.warehouse.reference",
        __doc__,
        PAGE,
        "what the dbt project says",
        lambda: page(read_manifest()),
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
