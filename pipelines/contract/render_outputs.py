"""dbt files that follow from the outputs.

These are the source `handover`, its staging models, and the marts that publish an output unchanged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.contract.dbt import column_entry, describe_staged, select_sql, yaml_text
from pipelines.contract.outputs.output import Output
from pipelines.contract.schema import Column

STAGING = Path("dbt_project/models/staging/handover")
MARTS = Path("dbt_project/models/marts/supervision")
_SUPERVISION = {"tags": ["supervision"]}


def _source(output: Output) -> dict[str, Any]:
    return {
        "name": output.name,
        "description": output.table.description,
        "config": {"meta": {"dagster": {"asset_key": ["handover", output.name]}}},
        "columns": [column_entry(column) for column in output.table.columns],
    }


def _column_entry(column: Column) -> dict[str, Any]:
    description = describe_staged(column, column.name)
    return {**column_entry(column), **({"description": description} if description else {})}


def _column(column: Column, model_of: dict[str, str]) -> dict[str, Any]:
    entry = _column_entry(column)
    tests: list[dict[str, Any]] = []
    if column.reference and column.reference[0] in model_of:
        table, field = column.reference
        tests.append({"refers_to": {"arguments": {"to": f"ref('{model_of[table]}')", "field": field}}})
    if column.enum:
        tests.append({"accepted_values": {"arguments": {"values": list(column.enum)}}})
    return entry | ({"data_tests": tests} if tests else {})


def _described(name: str, output: Output) -> dict[str, Any]:
    """A model whose tests stand at the mart that publishes it."""
    return {
        "name": name,
        "description": output.table.description,
        **({"config": _SUPERVISION} if output.after_detectors else {}),
        "columns": [_column_entry(column) for column in output.table.columns],
    }


def _tested(name: str, output: Output, model_of: dict[str, str]) -> dict[str, Any]:
    tests: list[dict[str, Any]] = [{"unique_key": {"arguments": {"columns": list(output.table.key)}}}]
    tests += [
        {"holds": {"name": f"{name}_{test}", "arguments": {"expression": expression}}}
        for test, expression in output.identities
    ]
    columns = [_column(column, model_of) for column in output.table.columns]
    return _described(name, output) | {"data_tests": tests, "columns": columns}


def output_files(outputs: dict[str, Output]) -> dict[Path, str]:
    """The generated files by their path within the checkout."""
    sources = {
        "name": "handover",
        "schema": "lake",
        "description": "Frames that Python computed for dbt to read. "
        "A file that has not been written yet counts as an empty table.",
        "tables": [_source(output) for output in outputs.values()],
    }
    staged = {name: f"stg_{name}" for name in outputs}
    published = {name: f"fct_{name}" for name in outputs}
    marts = [output for output in outputs.values() if output.published]
    files = {
        STAGING / "_handover__sources.yml": {"version": 2, "sources": [sources]},
        STAGING / "_handover__staging.yml": {
            "version": 2,
            "models": [
                _described(staged[name], output)
                if output.published
                else _tested(staged[name], output, staged)
                for name, output in outputs.items()
            ],
        },
        MARTS / "_handover__marts.yml": {
            "version": 2,
            "models": [_tested(str(output.published), output, published) for output in marts],
        },
    }
    queries = {
        STAGING / f"{staged[name]}.sql": select_sql(output.table.names, f'source("handover", "{name}")')
        for name, output in outputs.items()
    }
    queries |= {
        MARTS / f"{output.published}.sql": select_sql(output.table.names, f'ref("{staged[output.name]}")')
        for output in marts
    }
    return {path: yaml_text(content) for path, content in files.items()} | queries
