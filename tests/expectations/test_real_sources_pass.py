"""Public data with its honest oddities passes the ingestion gate; in the wrong unit it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from anomaly.core.texts import with_folders
from expectations.results import GateResult
from expectations.runner import MESSAGES, validate
from pipelines.contract.tables import TABLES
from pipelines.core.market import read_market
from pipelines.lake.store import connect
from pipelines.lake.update import update_lake
from pipelines.sources import read

# What each source's own oddities are known to raise.
SOURCES = {
    "eutl": ("eutl/eutl_2024.zip", set()),
    "campd": ("campd", {"units.capacity_mw"}),
    "mrr": ("mrr/facility_ghg_2012_2018.csv.gz", set()),
    "cea": ("china/cea_daily_2021_2024h1.csv", set()),
    "eua": ("eua/eua_daily_2008_2021.csv", {"market_days.close_outside_range"}),
}


def _ingestion(folder: Path, source: Path, **replaced: Path) -> GateResult:
    lake = folder / "lake"
    connection = connect("512MB", 2, folder)
    try:
        update_lake(connection, source, lake, lambda _: None)
    finally:
        connection.close()
    tables: dict[str, Any] = {name: sorted((lake / "kept" / name).glob("*/*.parquet")) for name in TABLES}
    for name in ("row_accounting", "file_accounting"):
        tables[name] = lake / "handover" / f"{name}.parquet"
    return validate(
        "ingestion",
        tables | replaced,
        market=read_market(source),
        as_of="2026-06-30",
        work_dir=folder / "work",
        describe=with_folders(MESSAGES).text,
    )


@pytest.mark.parametrize("name", SOURCES)
def test_public_data_passes_with_the_warnings_that_are_known(real_data, tmp_path, broken, name):
    path, known = SOURCES[name]
    read(name, real_data / path, tmp_path / "source")
    result = _ingestion(tmp_path, tmp_path / "source")
    assert broken(result) == dict.fromkeys(known, "warning")
    assert result.passed
    assert result.counts["passed"] >= 9


def test_emissions_left_in_short_tons_and_mmbtu_refuse_the_run(real_data, tmp_path):
    read("campd", real_data / "campd", tmp_path / "source")
    wrong = tmp_path / "unit_years.parquet"
    pl.read_parquet(tmp_path / "source" / "unit_years.parquet").with_columns(
        pl.col("co2_mass") / 0.90718474, pl.col("heat_input") / 1.055056
    ).write_parquet(wrong)
    refused = {
        row.expectation for row in _ingestion(tmp_path, tmp_path / "source", unit_years=wrong).refusals
    }
    assert refused == {"co2_per_heat_coal_majority", "co2_per_heat_gas_majority"}
