"""Dirty deliveries: the lake quarantines what is listed as dirt, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.lake.store import connect
from pipelines.lake.update import LakeSummary, update_lake
from pipelines.simulator.dirt import add_dirt, dirt_path, later_path
from pipelines.simulator.dirt.spoil import keys_of
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import BY_MONTH
from tests.shared import Written

SHARE = 0.03
MONTHS, LARGEST = 2, 1_500  # files and rows of a table by month that these tests keep
REASONS = {
    "contradiction",
    "control_characters",
    "duplicate_row",
    "formula_in_text",
    "missing_value",
    "not_finite",
    "no_utc_offset",
    "orphan",
    "out_of_range",
    "too_many_decimals",
    "unknown_enum",
    "wrong_type",
}


def by_key(frame: pl.DataFrame, name: str) -> dict[str | None, tuple[object, ...]]:
    keys = keys_of(frame, TABLES[name])
    return {plain(key): row for key, row in zip(keys, frame.iter_rows(), strict=True)}


class Delivery:
    """A dirty source directory, and a lake that receives it and then what comes later."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder, self.source = folder, source
        self.report = add_dirt(source, SHARE, Streams(3))
        self.listed = pl.read_parquet(self.report.listing)

    def update(self) -> LakeSummary:
        with connect("1GB", 2, self.folder / "scratch") as con:
            return update_lake(con, self.source, self.folder / "lake", lambda _: None)

    def quarantine(self) -> Counter[tuple[str, str, str, str | None]]:
        rows = pl.read_parquet(self.folder / "lake" / "handover" / "quarantine.parquet")
        return Counter(
            (table, reason, file, plain(key))
            for table, reason, file, key in rows.select("table_name", "reason", "file", "record_key").rows()
        )

    def expected(self, fate: str) -> Counter[tuple[str, str, str, str | None]]:
        rows = self.listed.filter(pl.col(fate) == "quarantined")
        return Counter(
            (table, reason, file, plain(key))
            for table, reason, file, key in rows.select("table", "reason", "file", "key").rows()
        )

    def bring_what_comes_later(self) -> None:
        shutil.copytree(self.report.later, self.source, dirs_exist_ok=True)


def plain(key: str | None) -> str | None:
    """A key as the lake and the list both can write it: no zone, no fraction of noughts."""
    if key is None:
        return None
    parts = {
        name: None
        if value is None
        else str(value).replace(" ", "T").replace("+00:00", "").replace("+00", "").replace(".000000", "")
        for name, value in json.loads(key).items()
    }
    return json.dumps(parts, sort_keys=True)


def small_copy(market: Written, folder: Path) -> Path:
    """The market with the first months of what comes by month, and at most some thousand rows of each."""
    source = folder / "market"
    shutil.copytree(market.report.out, source)
    for name in BY_MONTH:
        for number, path in enumerate(sorted((source / name).glob("*.parquet"))):
            if number >= MONTHS:
                path.unlink()
            elif name in ("cems_hourly", "meters_daily", "orders"):
                pl.read_parquet(path).head(LARGEST).write_parquet(path)
    return source


@pytest.fixture(scope="module")
def parquet(market, tmp_path_factory) -> Delivery:
    folder = tmp_path_factory.mktemp("dirt")
    return Delivery(folder, small_copy(market, folder))


@pytest.fixture(scope="module")
def csv(market, tmp_path_factory) -> Delivery:
    folder = tmp_path_factory.mktemp("dirt_csv")
    source = small_copy(market, folder)
    for path in sorted(source.rglob("*.parquet")):
        pl.read_parquet(path).write_csv(path.with_suffix(".csv"), datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
        path.unlink()
    return Delivery(folder, source)


@pytest.mark.parametrize("form", [pytest.param("parquet", marks=pytest.mark.faults), "csv"])
def test_the_lake_sets_aside_what_is_listed_and_nothing_else(form, request):
    delivery: Delivery = request.getfixturevalue(form)
    delivery.update()
    assert delivery.quarantine() == delivery.expected("fate_first")
    kinds = set(delivery.listed["dirt"])
    assert kinds == {"malformed", "duplicate", "contradiction", "late", "corrected", "dangling"}
    found = {reason for _, reason, _, _ in delivery.quarantine()}
    assert found >= (REASONS | {"malformed_line"} if form == "csv" else REASONS)

    delivery.bring_what_comes_later()
    summary = delivery.update()
    assert delivery.quarantine() == delivery.expected("fate_later")
    superseded = delivery.listed.filter(pl.col("fate_later") == "superseded")
    by_table = Counter(superseded["table"])
    assert {name: t.superseded for name, t in summary.tables.items() if t.superseded} == dict(by_table)


def test_what_comes_later_is_kept_and_right(market, csv):
    """After both deliveries the corrected and late records are those of the clean directory."""
    # Perhaps another test brought both before, which changes nothing.
    csv.update()
    csv.bring_what_comes_later()
    csv.update()
    for name in ("lab_tests", "activity_reports"):
        clean = market[name].with_columns(pl.selectors.datetime().dt.replace_time_zone(None))
        rows = csv.listed.filter((pl.col("table") == name) & pl.col("dirt").is_in(["late", "corrected"]))
        wanted = {plain(key) for key in rows["key"]}
        folder = csv.folder / "lake" / "kept" / name
        kept = pl.read_parquet(folder / "*" / "*.parquet").select(TABLES[name].names)
        right, now = by_key(clean, name), by_key(kept, name)
        assert wanted
        for key in wanted:
            assert now[key] == right[key], (name, key)


def test_about_the_share_of_every_large_table_is_dirty(market, csv):
    counts = dict(csv.listed.group_by("table").len().iter_rows())
    for name in ("lab_tests", "activity_reports"):
        records = counts[name] / market[name].height
        assert SHARE * 0.75 < records < SHARE * 1.4, name


def test_the_same_seed_makes_the_same_dirt(market, tmp_path):
    lists = []
    for name in ("a", "b"):
        source = tmp_path / name / "market"
        source.mkdir(parents=True)
        for table in ("entities", "accounts", "lab_tests", "service_bodies"):
            shutil.copy(market.report.out / f"{table}.parquet", source)
        add_dirt(source, SHARE, Streams(9))
        lists.append(pl.read_parquet(dirt_path(source)))
    assert lists[0].equals(lists[1])


def test_no_share_changes_nothing(market, tmp_path):
    source = tmp_path / "market"
    source.mkdir()
    shutil.copy(market.report.out / "entities.parquet", source)
    before = (source / "entities.parquet").read_bytes()
    report = add_dirt(source, 0.0, Streams(1))
    assert (source / "entities.parquet").read_bytes() == before
    assert report.records == {}
    assert not later_path(source).exists()


@pytest.mark.parametrize("share", [-0.1, 0.6])
def test_a_share_outside_is_refused(share, tmp_path):
    with pytest.raises(ValueError, match=r"expected 0 to 0\.5"):
        add_dirt(tmp_path, share, Streams(1))
