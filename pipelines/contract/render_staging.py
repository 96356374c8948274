"""The staging layer of dbt, written from the contract: a folder an area, with its models and one YAML.

A staging model renames a source table's columns for the warehouse and does nothing else: the name of a
timestamp says what happened then, the name of an account ends with `_id`, the name of a figure with its unit
of measure. Logic belongs in intermediate models.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.contract.dbt import column_entry, describe_staged, select_sql, yaml_text
from pipelines.contract.schema import Column, Table
from pipelines.contract.units import warehouse_name

STAGING = Path("dbt_project/models/staging")
HAND_WRITTEN = "handover"
"""The area that holds what Python hands over; it is no part of the contract."""

PERIOD = "what a run rewrites together: YYYY-MM or YYYY of the row, or 'all'"
RENAMED = {
    "cems_hourly": {"ts": "hour_started_at"},
    "orders": {"ts": "event_at"},
    "trades": {"ts": "traded_at"},
    "transfers": {"ts": "transferred_at", "from_account": "from_account_id", "to_account": "to_account_id"},
}
"""Names in the warehouse that are not the contract's name with its unit: by table and column."""


def staged_name(table: Table, column: Column) -> str:
    """Name of the column in the staging model of its table."""
    return RENAMED.get(table.name, {}).get(column.name) or warehouse_name(column)


def _period() -> dict[str, Any]:
    return {"name": "period", "data_type": "string", "description": PERIOD}


def _source(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "description": table.description,
        "config": {"meta": {"dagster": {"asset_key": ["lake", table.name]}}},
        "columns": [*(column_entry(column) for column in table.columns), _period()],
    }


def _staged_column(table: Table, column: Column) -> dict[str, Any]:
    entry = {**column_entry(column), "name": staged_name(table, column)}
    description = describe_staged(column, entry["name"])
    if column.name != entry["name"]:
        description = "; ".join(part for part in (description, f"{column.name} of the source") if part)
    return {**entry, "description": description} if description else entry


def _staging_test(table: Table) -> dict[str, Any]:
    names = {column.name: staged_name(table, column) for column in table.columns}
    arguments: dict[str, Any] = {"key": [names[name] for name in table.key], "source": table.name}
    if table.period_column in table.key:
        arguments["by_period"] = True
    values = {names[column.name]: list(column.enum) for column in table.columns if column.enum}
    if values:
        arguments["accepted_values"] = values
    name = f"stg_{table.name}_has_unique_keys" + ("_and_accepted_values" if values else "")
    return {"staged_rows": {"name": name, "arguments": arguments}}


def _model(table: Table) -> dict[str, Any]:
    return {
        "name": f"stg_{table.name}",
        "description": table.description,
        "config": {"contract": {"enforced": True}},
        "data_tests": [_staging_test(table)],
        "columns": [*(_staged_column(table, column) for column in table.columns), _period()],
    }


def area_yaml(tables: tuple[Table, ...]) -> str:
    """Source tables and staging models of an area."""
    source = {
        "name": "lake",
        "schema": "lake",
        "description": "Kept rows of the source contract, clean and typed; timestamps are UTC.",
        "tables": [_source(table) for table in tables],
    }
    return yaml_text({"version": 2, "sources": [source], "models": [_model(table) for table in tables]})


def _selected(table: Table, column: Column) -> str:
    name = staged_name(table, column)
    return column.name if name == column.name else f"{column.name} as {name}"


def staging_sql(table: Table) -> str:
    """The staging model of a table."""
    columns = tuple(_selected(table, column) for column in table.columns)
    return select_sql((*columns, "period"), f'source("lake", "{table.name}")')


def staging_files(areas: Mapping[str, tuple[Table, ...]]) -> dict[Path, str]:
    """Every file of the staging layer that follows from the contract, by its path within the checkout."""
    files = {STAGING / area / f"_{area}.yml": area_yaml(tables) for area, tables in areas.items()}
    for area, tables in areas.items():
        files |= {STAGING / area / f"stg_{table.name}.sql": staging_sql(table) for table in tables}
    return files


def orphans(root: Path, files: Mapping[Path, str]) -> list[Path]:
    """Staging files in the checkout that belong to no table of the contract any more."""
    found = (path.relative_to(root) for path in (root / STAGING).rglob("*") if path.is_file())
    return sorted(path for path in found if path not in files and HAND_WRITTEN not in path.parts)
