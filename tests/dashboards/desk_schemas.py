"""Columns and types of the published marts that the desk reads, from dbt's manifest."""

from __future__ import annotations

import json
import re
from functools import cache

import polars as pl

from models.expected_emissions import OUTPUT_SCHEMA
from pipelines.warehouse.project import prepare_manifest

DESK_MARTS = (
    "dim_entities",
    "dim_accounts",
    "dim_units",
    "fct_transfers",
    "fct_party_holdings",
    "fct_compliance_years",
    "fct_emission_reports",
    "fct_market_days",
    "fct_auctions",
    "fct_trades",
    "fct_unit_years",
    "fct_mass_balance_months",
    "fct_lab_tests",
    "feat_market_days",
    "fct_row_accounting",
    "fct_file_accounting",
    "fct_quarantine_reasons",
    "fct_reading_faults",
    "reading_ranges",
    "fct_completeness",
    "fct_detector_runs",
    "fct_detection_coverage",
    "fct_quarantine",
    "expected_emissions",
    "fct_alerts",
    "fct_alert_assessments",
    "fct_alert_subjects",
    "fct_alert_evidence",
    "fct_quality_results",
)
_OF_THE_MODEL = "expected_emissions"
_SEED = "reading_ranges"
_TYPES = {
    "string": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "double": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
}
_DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+), *(\d+)\)")

Schema = dict[str, pl.DataType]


def _type(stated: str) -> pl.DataType:
    """The polars type of a type that a mart's contract states."""
    decimal = _DECIMAL.fullmatch(stated)
    return pl.Decimal(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[stated]


@cache
def schemas() -> dict[str, Schema]:
    """Columns of each mart of the desk, by contract, by a seed's types, or by the learned model's output."""
    nodes = json.loads(prepare_manifest().read_text(encoding="utf-8"))["nodes"].values()
    (types,) = (node["config"]["column_types"] for node in nodes if node["name"] == _SEED)
    seed = {column: _type(kind) for column, kind in types.items()}
    models = {node["name"]: node["columns"] for node in nodes if node["resource_type"] == "model"}
    stated = {
        name: {column: _type(entry["data_type"].lower()) for column, entry in models[name].items()}
        for name in DESK_MARTS
        if name not in (_OF_THE_MODEL, _SEED)
    }
    return stated | {_OF_THE_MODEL: dict(OUTPUT_SCHEMA), _SEED: seed}


def mart(name: str, columns: dict[str, object] | None = None) -> pl.DataFrame:
    """A mart of the given columns in the published types; columns left out are null."""
    schema = schemas()[name]
    given = pl.DataFrame(columns or {})
    return (
        given.select(
            (pl.col(column) if column in given.columns else pl.lit(None)).cast(kind).alias(column)  # type: ignore[arg-type]
            for column, kind in schema.items()
        )
        if given.width
        else pl.DataFrame(schema=schema)
    )  # type: ignore[arg-type]
