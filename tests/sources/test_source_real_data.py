"""The public data sets, whole: every published row is accounted for, and known figures come out."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.sources import read


@pytest.fixture(scope="module")
def eutl(real_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("eutl") / "out"
    return out, read("eutl", real_data / "eutl" / "eutl_2024.zip", out)


def account(report):
    return {line.source: (line.read, line.written, line.quarantined) for line in report.rows()}


def assert_references_hold(out):
    for path in sorted(out.glob("*.parquet")):
        frame = pl.read_parquet(path)
        for column in TABLES[path.stem].references:
            table, key = column.reference
            values = frame[column.name].drop_nulls()
            if len(values):
                parents = pl.read_parquet(out / f"{table}.parquet")[key]
                assert values.is_in(parents.implode()).all(), (path.stem, column.name)


def test_eutl_loses_nothing(eutl):
    out, report = eutl
    assert account(report) == {
        "installation": (13_691, 13_691, 0),
        "account": (13_691, 13_691, 0),
        "account_holder": (8_478, 8_478, 0),
        "compliance": (173_939, 173_939, 0),
        "transaction": (16_418, 16_418, 0),
    }
    assert report.tables["accounts"] == 13_691 + 2_863
    assert_references_hold(out)


def test_eutl_kinds(eutl):
    kinds = pl.read_parquet(eutl[0] / "transfers.parquet")["kind"].value_counts()
    assert dict(kinds.iter_rows()) == {
        "replacement": 7_583,
        "other": 3_547,
        "surrender": 2_438,
        "cancellation": 1_642 + 350 + 211,
        "allocation": 422,
        "issuance": 224,
        "internal": 1,
    }


def test_eutl_movements_have_their_accounts(eutl):
    accounts = pl.read_parquet(eutl[0] / "accounts.parquet")["account_id"]
    moves = pl.read_parquet(eutl[0] / "transfers.parquet")
    for side in ("from_account", "to_account"):
        assert moves[side].drop_nulls().is_in(accounts.implode()).all()


def test_eutl_cumulative_figures_agree_with_the_registry(eutl):
    """Cumulative surrender covers cumulative emissions just where the registry says so, to 99.5 %."""
    years = pl.read_parquet(eutl[0] / "compliance.parquet").filter(
        pl.col("registry_status").is_in(["compliant", "not_compliant"])
    )
    both = years.drop_nulls(["cumulative_verified", "cumulative_surrendered"])
    ours = both["cumulative_surrendered"] >= both["cumulative_verified"]
    assert both.height > 156_000
    assert (ours == (both["registry_status"] == "compliant")).mean() > 0.99


def test_campd(real_data, tmp_path):
    report = read("campd", real_data / "campd", tmp_path / "out")
    assert account(report) == {
        "emissions_annual_2016": (3_427, 3_427, 0),
        "emissions_annual_2017": (3_393, 3_393, 0),
    }
    assert_references_hold(tmp_path / "out")
    years = pl.read_parquet(tmp_path / "out" / "unit_years.parquet")
    coal = years.filter((pl.col("fuel") == "coal") & (pl.col("heat_input") > 0))
    factor = (coal["co2_mass"] / coal["heat_input"]).median()
    assert 0.085 < factor < 0.095, "coal emits about 0.09 t CO2 per GJ on the higher heating value"


def test_mrr(real_data, tmp_path):
    report = read("mrr", real_data / "mrr" / "facility_ghg_2012_2018.csv.gz", tmp_path / "out")
    assert account(report) == {"facility_ghg_2012_2018": (5_589, 5_589, 0)}
    assert_references_hold(tmp_path / "out")
    reports = pl.read_parquet(tmp_path / "out" / "emission_reports.parquet")
    assert dict(reports["conclusion"].value_counts().iter_rows()) == {
        "conforms": 3_447 + 26 + 14,
        "conforms_with_reservation": 113 + 6 + 4 + 1,
        "does_not_conform": 4,
        "not_verified": 8,
        None: 1_966,
    }


def test_daily_quotes(real_data, tmp_path):
    cea = read("cea", real_data / "china" / "cea_daily_2021_2024h1.csv", tmp_path / "cea")
    eua = read("eua", real_data / "eua" / "eua_daily_2008_2021.csv", tmp_path / "eua")
    assert account(cea) == {"cea_daily_2021_2024h1": (715, 714, 0)}
    assert cea.rows()[0].without_data == 1, "2022-08-05 has no figure at all"
    assert account(eua) == {"eua_daily_2008_2021": (3_356, 3_356, 0)}
