"""The call itself: same bytes again, independent streams, both formats, refusals that explain themselves."""

from hashlib import sha256

import numpy as np
import polars as pl
import pytest
import yaml

from pipelines.contract.tables import TABLES
from pipelines.simulator import simulate
from pipelines.simulator.seeds import Streams
from pipelines.simulator.simulation import labels_path
from pipelines.simulator.writer import shaped, write_table


def _digests(report):
    files = [*sorted(report.out.iterdir()), report.labels]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes(market, tmp_path):
    again = simulate(tmp_path / "market", seed=market.report.seed)
    assert _digests(again) == _digests(market.report)
    assert again.rows == market.report.rows


def test_cases_change_little_else(market, clean_market):
    for name in ("entities", "units", "accounts", "meters_daily", "cems_hourly"):
        assert market[name].equals(clean_market[name])


def test_streams_depend_on_seed_and_name_only():
    draw = Streams(5).of("a", 1).random(4)
    assert np.array_equal(draw, Streams(5).of("a", 1).random(4))
    assert not np.array_equal(draw, Streams(5).of("a", 2).random(4))
    assert not np.array_equal(draw, Streams(6).of("a", 1).random(4))


def _typed(column, dtype):
    text = pl.col(column.name)
    if column.type == "timestamp":
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC")
    if column.type == "date":
        return text.str.to_date()
    return text.str.to_decimal(scale=2).cast(dtype) if column.decimal else text.cast(dtype)


def test_csv_says_the_same_as_parquet(market, tmp_path):
    for name in ("trades", "market_days", "lab_tests", "activity_reports"):
        path = write_table(market[name], tmp_path, name, "csv")
        table = TABLES[name]
        text = pl.read_csv(path, infer_schema=False)
        typed = text.with_columns(
            _typed(column, table.polars_schema[column.name]) for column in table.columns
        )
        assert typed.equals(market[name])


def test_market_settings_name_the_market(market):
    settings = yaml.safe_load((market.report.out / "market.yml").read_text(encoding="utf-8"))
    assert settings["id"] == "cn"
    assert settings["timezone"] == "Asia/Shanghai"


def test_labels_lie_beside_the_directory(market):
    assert market.report.labels == labels_path(market.report.out)
    assert market.report.labels.parent == market.report.out.parent
    assert not list(market.report.out.glob("*label*"))


def test_refusals_say_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match="scale is 'huge', expected one of small"):
        simulate(tmp_path / "a", scale="huge")
    with pytest.raises(ValueError, match="format is 'xlsx', expected one of parquet, csv"):
        simulate(tmp_path / "a", format="xlsx")
    with pytest.raises(ValueError, match="seed is -1"):
        simulate(tmp_path / "a", seed=-1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(FileExistsError, match="holds files already"):
        simulate(tmp_path / "full")


def test_frames_without_a_contract_column_are_refused(market):
    with pytest.raises(ValueError, match="found no price"):
        shaped("trades", market["trades"].drop("price"))
