"""What every detector declares holds: marts and columns, titles, thresholds, rows without data."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from typing import Any

import polars as pl
import pytest

from anomaly.core.candidates import placeholders, title_columns
from anomaly.core.detector import Detector, Inputs, Need
from anomaly.core.discovery import all_detectors, limits_of
from anomaly.core.kinds import SUBJECT_TYPES
from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import load_policy
from anomaly.core.texts import LANGUAGES, text
from models.expected_emissions import OUTPUT_SCHEMA
from pipelines.contract.tables import TABLES
from pipelines.warehouse.project import prepare_manifest

KINDS = [detector.kind for detector in all_detectors()]
PEER_MODEL = "expected_emissions"
TYPES: dict[str, Any] = {
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "int": pl.Int32,
    "double": pl.Float64,
    "decimal": pl.Decimal(18, 2),
    "numeric": pl.Decimal(18, 2),
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
}


def detector_of(kind: str) -> Detector[Any]:
    return next(detector for detector in all_detectors() if detector.kind == kind)


@cache
def mart_columns() -> dict[str, dict[str, Any]]:
    """Columns and their polars types of every mart in dbt's manifest, and those of the peer model."""
    nodes = json.loads(prepare_manifest().read_text(encoding="utf-8"))["nodes"].values()
    marts = {
        node["name"]: {
            name: TYPES.get((column["data_type"] or "").partition("(")[0].lower(), pl.String)
            for name, column in node["columns"].items()
        }
        for node in nodes
        if node["resource_type"] in ("model", "seed")
    }
    return marts | {PEER_MODEL: dict(OUTPUT_SCHEMA)}


@pytest.mark.parametrize("kind", KINDS)
def test_needed_columns_exist(kind):
    for need in detector_of(kind).needs:
        there = mart_columns()[need.mart]
        assert set(need.columns) <= set(there), need
        assert set(need.filled) <= set(need.columns), need
        assert need.source in TABLES, need
        assert {need.period, need.subject} - {None} <= set(there), need
        if need.optional:
            assert isinstance(need.columns, dict), f"{need.mart}: an optional need gives its columns' types"


@pytest.mark.parametrize("kind", KINDS)
def test_every_variant_has_a_title_whose_placeholders_are_columns(kind):
    detector = detector_of(kind)
    for search in detector.searches:
        given = {column for need in search.needs for column in need.columns}
        known = search.columns | given | {"first_on", "last_on"}
        for variant in search.title_variants:
            for name in placeholders(kind, variant):
                assert title_columns(name, known), f"{kind}, {variant}: no column for {{{name}}}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_measure_has_a_name_and_every_threshold_of_one_exists(kind):
    detector = detector_of(kind)
    for search in detector.searches:
        for name, figure in search.measures.items():
            assert all(text(f"kinds.{kind}.measures.{name}", language) for language in LANGUAGES)
            if isinstance(figure.threshold, str):
                assert figure.threshold in {*detector.thresholds.model_fields, *search.columns}, name


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_and_subjects_are_the_contracts(kind):
    for search in detector_of(kind).searches:
        assert search.subject_type in SUBJECT_TYPES
        for rows in search.evidence:
            assert set(rows.key) <= set(TABLES[rows.table].names), rows
            assert (rows.start is None) == (rows.end is None)


def empty(need: Need) -> pl.DataFrame:
    columns = mart_columns()[need.mart]
    return pl.DataFrame(schema={name: columns[name] for name in columns})


@pytest.mark.parametrize("kind", KINDS)
def test_marts_without_rows_give_no_candidate_and_no_error(tmp_path, kind):
    detector = detector_of(kind)
    for need in detector.needs:
        if need.mart != PEER_MODEL:
            empty(need).write_parquet(tmp_path / f"{need.mart}.parquet")
    policy = load_policy()
    inputs = Inputs(Marts(tmp_path), limits_of(detector, policy), Market(), policy, detector.needs)
    for search in detector.searches:
        assert search.find(inputs).is_empty()


def test_a_query_reads_one_partition_after_the_other(tmp_path):
    folder = tmp_path / "fct_trades"
    folder.mkdir()
    for month in (1, 2):
        pl.DataFrame({"quantity_tco2e": [month, month]}).write_parquet(folder / f"{month}.parquet")
    sums = Marts(tmp_path).query("fct_trades", "select sum(quantity_tco2e)::bigint as total from part")
    assert [part["total"].to_list() for part in sums] == [[2], [4]]


def test_the_surrender_window_ends_with_the_rows_own_due_date_or_the_markets(marts):
    inputs = Inputs(Marts(marts), None, Market(), load_policy(), ())  # type: ignore[arg-type]
    rows = pl.DataFrame({"year": [2022, 2023], "surrender_due_on": [date(2023, 11, 30), None]})
    dated = inputs.compliance_days(rows)
    assert dated["first_on"].to_list() == [date(2022, 1, 1), date(2023, 1, 1)]
    assert dated["last_on"].to_list() == [date(2023, 11, 30), date(2024, 12, 31)]
    assert Market().days(*dated.select("first_on", "last_on").row(0)) == (
        datetime(2021, 12, 31, 16),
        datetime(2023, 11, 30, 16),
    )
