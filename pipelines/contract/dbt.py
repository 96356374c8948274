"""How tables and columns of the contract are written for dbt: YAML entries and plain SELECT statements."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.contract.schema import Column

DOCS = Path(__file__).resolve().parents[2] / "dbt_project/docs"
"""Docs blocks of dbt: what a column of the warehouse means, by its name."""

NOTICE = "Written by `make generate` from pipelines/contract; edit the contract instead."
SQL_LINE_LENGTH = 110
"""What the SQL formatter keeps on one line."""


def dbt_type(column: Column) -> str:
    """Name of the column's type that DuckDB, Spark and dbt contracts all know."""
    return column.duckdb_type.replace("varchar", "string")


def describe(column: Column) -> str:
    """The column's description, unit and allowed values in one line."""
    parts = [column.description]
    if column.unit:
        parts.append(f"in {column.unit}")
    if column.enum:
        parts.append(f"one of {', '.join(column.enum)}")
    if column.ref:
        parts.append(f"refers to {column.ref}")
    return "; ".join(part for part in parts if part)


@lru_cache
def docs_blocks() -> frozenset[str]:
    """Names of all docs blocks of the dbt project."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
    return frozenset(name for text in texts for name in re.findall(r"{% docs (\w+) %}", text))


def describe_staged(column: Column, name: str) -> str:
    """Description under the column's name in the warehouse: the contract's own, else the docs block's."""
    if column.description or name not in docs_blocks():
        return describe(column)
    facts = describe(replace(column, unit=None))
    return f"{{{{ doc('{name}') }}}}" + (f" {facts[0].upper()}{facts[1:]}." if facts else "")


def column_entry(column: Column) -> dict[str, Any]:
    """The column in a source's or a model's YAML."""
    entry = {"name": column.name, "data_type": dbt_type(column), "description": describe(column)}
    return {key: value for key, value in entry.items() if value}


def yaml_text(content: dict[str, Any]) -> str:
    """A generated YAML file."""
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=SQL_LINE_LENGTH)
    return f"# {NOTICE}\n{text}"


def select_sql(names: tuple[str, ...], relation: str) -> str:
    """A generated model that selects columns by name from `relation`, a call of `source` or `ref`."""
    origin = f"from {{{{ {relation} }}}}"
    columns = f"select {', '.join(names)}"
    if len(columns) > SQL_LINE_LENGTH:
        one_line = f"    {', '.join(names)}"
        fits = len(one_line) <= SQL_LINE_LENGTH
        columns = "select\n" + (one_line if fits else ",\n".join(f"    {name}" for name in names))
    between = " " if len(columns) + 1 + len(origin) <= SQL_LINE_LENGTH else "\n"
    return f"-- {NOTICE}\n{columns}{between}{origin}\n"
