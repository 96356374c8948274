"""The call itself: same bytes again, independent streams, both formats, refusals that explain themselves."""

import json
from datetime import date
from hashlib import sha256

import numpy as np
import polars as pl
import pytest
import yaml

from anomaly.core.kinds import KINDS as ALERT_KINDS
from pipelines.contract.tables import TABLES
from pipelines.simulator.cases import KINDS
from pipelines.simulator.cases.planner import SEVERITIES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.simulation import simulate
from pipelines.simulator.sink import BY_MONTH, Sink, labels_path, shaped


def _digests(report):
    files = sorted(path for path in report.out.parent.rglob("market*/**/*") if path.is_file())
    files += [report.labels]
    return {str(path.relative_to(report.out.parent)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes(market, tmp_path):
    again = simulate(tmp_path / "market", seed=market.report.seed)
    assert _digests(again) == _digests(market.report)
    assert again.rows == market.report.rows


def test_cases_leave_the_world_as_it_is(market, clean_market):
    for name in (
        "parks", "units", "accounts", "service_bodies", "consortium_members", "control_relations"
    ):  # fmt: skip
        assert market[name].equals(clean_market[name])


def test_clean_market_has_no_labels_but_look_alikes(market, clean_market):
    assert clean_market.report.cases == {}
    assert clean_market.labels.height == 0
    assert set(clean_market.labels.columns) == set(market.labels.columns)
    assert set(clean_market.lookalikes["kind"]) == set(market.lookalikes["kind"])


def test_every_kind_comes_in_three_severities_and_has_a_look_alike(market):
    graded = market.labels.group_by("kind").agg(pl.col("severity").unique(), pl.len())
    assert set(graded["kind"]) == set(ALERT_KINDS)
    for kind, severities, count in graded.rows():
        assert set(severities) == set(SEVERITIES), kind
        assert count >= 3, kind
    assert market.report.unrealised == []
    assert {kind.name for kind in KINDS} == set(ALERT_KINDS)
    assert all(kind.lookalike for kind in KINDS)


def _text(value):
    return value.isoformat() if isinstance(value, date) else str(value)


def test_subjects_and_affected_rows_exist(market):
    affected_by_table: dict[str, set[tuple[str, ...]]] = {}
    for row in market.labels.iter_rows(named=True):
        assert row["subject_ids"], row["kind"]
        assert row["window_start"] < row["window_end"], row["kind"]
        affected = json.loads(row["affected"])
        assert affected, row["kind"]
        for name, keys in affected.items():
            affected_by_table.setdefault(name, set()).update(tuple(map(_text, key)) for key in keys)
    for name, keys in affected_by_table.items():
        # The hours of all units are too many to be compared as text one by one.
        first = pl.col(TABLES[name].key[0]).cast(pl.String)
        rows = market[name].filter(first.is_in([key[0] for key in keys])).select(TABLES[name].key)
        assert not keys - {tuple(map(_text, key)) for key in rows.rows()}, name


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
        month = "2025-01" if name in BY_MONTH else None
        Sink(tmp_path, "csv").write(name, market[name], month)
        path = tmp_path / (f"{name}/{month}.csv" if month else f"{name}.csv")
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
    hours = market["cems_hourly"]["ts"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")
    assert settings["feeds"] == {"cems_hourly": {"first": hours.min(), "last": hours.max()}}


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
