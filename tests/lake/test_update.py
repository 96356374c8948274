"""The lake follows its source: only what changed is rewritten, and the way there leaves no trace."""

from __future__ import annotations

import gzip
import json
import random

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.lake.parts import part_file


def _same(delivery, other) -> None:
    """The lake equals one made from nothing of the same source."""
    delivery.update(lake=other)
    for table in TABLES:
        assert delivery.kept(table).equals(delivery.kept(table, other)), table
    for name in ("row_accounting", "quarantine"):
        left = pl.read_parquet(delivery.lake / "handover" / f"{name}.parquet")
        assert left.equals(pl.read_parquet(other / "handover" / f"{name}.parquet")), name


def test_an_unchanged_source_changes_nothing(delivery):
    assert delivery.update().changed
    before = {p: p.stat().st_mtime_ns for p in delivery.lake.rglob("*") if p.is_file()}
    assert not delivery.update().changed
    assert {p: p.stat().st_mtime_ns for p in delivery.lake.rglob("*") if p.is_file()} == before


def test_a_changedfile_with_equal_content_changes_nothing(delivery):
    delivery.update()
    (delivery.source / "trades.csv").touch()
    assert not delivery.update().changed


def test_a_corrected_row_rewrites_its_month_alone(delivery, accounted, tmp_path):
    delivery.update()
    text = (delivery.source / "trades.csv").read_text()
    delivery.write("trades.csv", text.replace("96.00", "96.01"))
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["trades"].periods == 2
    assert summary.tables["trades"].periods_rewritten == 1
    assert sum(t.periods_rewritten for t in summary.tables.values()) == 1
    assert 96.01 in delivery.kept("trades")["price"].cast(pl.Float64).to_list()
    _same(delivery, tmp_path / "other")


def test_a_later_increment_supersedes_an_earlier_one_that_came_in_the_same_run(delivery, accounted, tmp_path):
    header, first, second = (delivery.source / "compliance.csv").read_text().splitlines()
    (delivery.source / "compliance.csv").unlink()
    changed = [f"{first}", "E1,2023,1000.5,1001,1000", "E1,2023,1000.5,1001,999"]
    for number, row in ((2, changed[1]), (10, changed[2]), (1, changed[0])):
        delivery.write(f"compliance/registry/increment={number:06}/c.csv", f"{header}\n{row}\n")
    delivery.write("compliance/other.csv", f"{header}\n{second}\n")
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["compliance"].superseded, summary.tables["compliance"].quarantined) == (2, 0)
    assert sorted(delivery.kept("compliance")["surrendered"].to_list()) == [400, 999]
    delivery.write("compliance/registry/increment=000011/c.csv", f"{header}\n{changed[0]}\n")
    accounted(delivery.update())
    assert sorted(delivery.kept("compliance")["surrendered"].to_list()) == [400, 1001]
    _same(delivery, tmp_path / "other")


def test_quarantined_rows_are_named_by_their_place_in_the_file_in_force(delivery, accounted, tmp_path):
    orphans = ["X3,2021,1,1,1", "X4,2021,2,2,2", "X5,2023,3,3,3"]
    header, *sound = (delivery.source / "compliance.csv").read_text().splitlines()
    delivery.write("compliance.csv", "\n".join([header, *orphans, *sound]) + "\n")
    accounted(delivery.update())
    turned = ["X5,2023,3,3,4", *sound, *reversed(orphans[:2])]
    delivery.write("compliance.csv", "\n".join([header, *turned]) + "\n")
    accounted(delivery.update())
    rows = delivery.quarantine()
    assert rows["quarantine_id"].is_unique().all()
    named = {
        json.loads(key)["entity_id"]: place
        for key, place in rows.select("record_key", "row_number").iter_rows()
    }
    assert named == {"X5": 1, "X4": 4, "X3": 5}
    _same(delivery, tmp_path / "other")


def test_what_was_replaced_stays_traceable(delivery):
    delivery.update()
    first = json.loads((delivery.lake / "state.json").read_text())["files"]["trades.csv"]
    delivery.write("trades.csv", (delivery.source / "trades.csv").read_text().replace("96.00", "96.01"))
    delivery.update()
    retired = json.loads((delivery.lake / "state.json").read_text())["retired"]
    assert [(r["name"], r["reason"], r["sha256"]) for r in retired] == [
        ("trades.csv", "replaced", first["sha256"])
    ]
    received = delivery.lake / "received" / "trades" / first["received"]
    old = pl.read_parquet(part_file(received, "2025-02"))
    assert 96.00 in old["price"].cast(pl.Float64).to_list()


def test_a_withdrawn_file_takes_its_rows_along(delivery, accounted, tmp_path):
    delivery.update()
    (delivery.source / "transfers.csv").unlink()
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["transfers"].files_withdrawn == 1
    assert delivery.kept("transfers").is_empty()
    _same(delivery, tmp_path / "other")


def test_a_later_file_supersedes_and_the_earlier_row_is_kept_aside(delivery, accounted):
    delivery.update()
    header = (delivery.source / "trades.csv").read_text().splitlines()[0]
    (delivery.source / "trades").mkdir()
    (delivery.source / "trades.csv").rename(delivery.source / "trades" / "first.csv")
    delivery.update()
    delivery.write(
        "trades/second.csv", f"{header}\nT1,2025-01-06T09:31:00+08:00,CEA24,listed,95.50,100,A1,A2\n"
    )
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["trades"].superseded, summary.tables["trades"].quarantined) == (1, 0)
    assert 95.50 in delivery.kept("trades")["price"].cast(pl.Float64).to_list()
    aside = pl.concat(pl.read_parquet(p) for p in (delivery.lake / "excluded" / "trades").glob("*.parquet"))
    assert aside["fate"].to_list() == ["superseded"]
    assert aside["file"].to_list() == ["trades/first.csv"]


def test_a_correction_that_moves_a_row_to_another_month_leaves_no_double(delivery, tmp_path):
    delivery.update()
    text = (delivery.source / "trades.csv").read_text()
    delivery.write("trades.csv", text.replace("2025-02-06", "2025-03-06"))
    delivery.update()
    assert delivery.kept("trades")["trade_id"].sort().to_list() == ["T1", "T2", "T3"]
    _same(delivery, tmp_path / "other")


def test_an_orphan_is_taken_in_when_its_parent_arrives(delivery, accounted, tmp_path):
    delivery.add_row("trades", "T9,2025-01-07T09:31:00+08:00,CEA24,listed,95.10,100,A4,A2")
    assert delivery.update().tables["trades"].quarantined == 1
    delivery.add_row("accounts", "A4,E1,compliance,")
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["trades"].quarantined == 0
    assert summary.tables["trades"].periods_rewritten == 1
    _same(delivery, tmp_path / "other")


def test_rows_become_orphans_when_their_parent_goes(delivery, tmp_path):
    delivery.update()
    text = (delivery.source / "accounts.csv").read_text()
    delivery.write("accounts.csv", text.replace("A3,F1,financial,G9\n", ""))
    summary = delivery.update()
    # T2 and T3 lose an account; X2 then settles a trade that is gone.
    assert (summary.tables["trades"].quarantined, summary.tables["transfers"].quarantined) == (2, 1)
    _same(delivery, tmp_path / "other")


def test_references_to_a_table_that_was_not_delivered_are_let_pass(delivery):
    delivery.write("emission_reports.csv", "entity_id,year,revision,total,verifier_id\nE1,2023,1,10,V1\n")
    assert delivery.update().tables["emission_reports"].kept == 1
    delivery.write("service_bodies.csv", "body_id,body_name,kind\nV2,Other,verifier\n")
    assert delivery.update().tables["emission_reports"].quarantined == 1


def test_parquet_csv_gzip_files_folders_and_hive_partitions_are_equal(delivery, tmp_path):
    delivery.update()
    csv_rows = {table: delivery.kept(table) for table in ("trades", "accounts", "compliance")}
    (delivery.source / "accounts.csv.gz").write_bytes(
        gzip.compress((delivery.source / "accounts.csv").read_bytes())
    )
    (delivery.source / "accounts.csv").unlink()
    trades = pl.read_csv(delivery.source / "trades.csv").with_columns(
        pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC"), pl.col("price").cast(pl.Decimal(12, 2))
    )
    (delivery.source / "trades.csv").unlink()
    for (day,), part in trades.group_by(pl.col("ts").dt.date()):
        folder = delivery.source / "trades" / f"date={day}"
        folder.mkdir(parents=True)
        part.write_parquet(folder / "part-0.parquet")
    pl.read_csv(delivery.source / "compliance.csv").write_parquet(delivery.source / "compliance.parquet")
    (delivery.source / "compliance.csv").unlink()
    other = tmp_path / "other"
    delivery.update(lake=other)
    for table, rows in csv_rows.items():
        assert rows.equals(delivery.kept(table, other)), table


def test_unknown_tables_and_columns_are_named(delivery):
    delivery.write("weather.csv", "a,b\n1,2\n")
    delivery.write("_notes.txt", "left out")
    text = (delivery.source / "units.csv").read_text().splitlines()
    delivery.write("units.csv", f"{text[0]},colour\n{text[1]},red\n")
    summary = delivery.update()
    assert summary.unknown == ["weather.csv"]
    assert summary.tables["units"].unknown_columns == ["colour"]


def test_leftovers_of_a_run_that_was_cut_off_are_swept(delivery, tmp_path):
    delivery.update()
    kept = next((delivery.lake / "kept" / "trades" / "period=2025-01").glob("*"))
    stray = kept.with_name("0123456789abcdef.parquet")
    stray.write_bytes(kept.read_bytes())
    unfinished = delivery.lake / "received" / "trades" / "0123.part"
    unfinished.mkdir()
    delivery.add_row("compliance", "E1,2022,1,1,1")
    delivery.update()
    assert not stray.exists()
    assert not unfinished.exists()
    _same(delivery, tmp_path / "other")


def test_a_damaged_memory_is_an_error_that_says_what_to_do(delivery):
    delivery.update()
    (delivery.lake / "state.json").write_text("{")
    with pytest.raises(SourceError, match="expected the lake's state"):
        delivery.update()


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_corrections_equals_a_rebuild(delivery, tmp_path, seed):
    """Cells of random tables are changed, spoilt and mended; names of files stay."""
    dice = random.Random(seed)
    delivery.update()
    for step in range(6):
        table = dice.choice(["trades", "transfers", "compliance", "accounts", "entities", "units"])
        path = delivery.source / f"{table}.csv"
        header, *rows = path.read_text().splitlines()
        action = dice.choice(["drop", "repeat", "spoil"])
        if rows and action == "drop":
            rows.pop(dice.randrange(len(rows)))
        elif rows and action == "repeat":
            rows.append(dice.choice(rows))
        elif rows:
            number = dice.randrange(len(rows))
            rows[number] = rows[number].replace("1", dice.choice(["2", "7", "x"]), dice.choice([1, 2]))
        path.write_text("\n".join([header, *rows]) + "\n")
        delivery.update()
        _same(delivery, tmp_path / f"other-{step}")


def test_file_names_are_no_wildcards(delivery, accounted):
    header, *rows = (delivery.source / "trades.csv").read_text().splitlines()
    (delivery.source / "trades.csv").unlink()
    for name, row in zip(("part1.csv", "part[1].csv", "part*.csv"), rows, strict=True):
        delivery.write(f"trades/{name}", f"{header}\n{row}\n")
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["trades"].rows_in == 3
    assert delivery.kept("trades")["trade_id"].sort().to_list() == ["T1", "T2", "T3"]


def test_a_partition_in_the_path_fills_a_column_that_the_file_lacks_and_no_other(delivery):
    header, *rows = (delivery.source / "trades.csv").read_text().splitlines()
    delivery.write("trades/mode=block/p.csv", "\n".join([header, *rows]) + "\n")
    (delivery.source / "trades.csv").unlink()
    days = "instrument_id,close\nCEA24,95.10\n"
    delivery.write("market_days/date=2025-01-06/p.csv", days)
    delivery.write("instruments.csv", "instrument_id,unit_type,tick,lot\nCEA24,CEA,0.01,1\n")
    delivery.update()
    assert delivery.kept("trades")["mode"].sort().to_list() == ["block", "listed", "listed"]
    assert [str(day) for day in delivery.kept("market_days")["date"]] == ["2025-01-06"]


@pytest.mark.parametrize("folder", ["year=2024", "trade_id=ZZ", "_file=zz"])
def test_a_home_below_something_like_a_partition_is_a_home_like_any(delivery, tmp_path, folder):
    lake = tmp_path / folder / "lake"
    delivery.update(lake=lake)
    delivery.update()
    assert delivery.kept("trades", lake).equals(delivery.kept("trades"))
    assert delivery.kept("compliance", lake).equals(delivery.kept("compliance"))


def test_a_run_cut_off_before_the_handover_is_made_good_by_the_next(delivery, monkeypatch):
    monkeypatch.setattr("pipelines.lake.update.hand_over", _cut_off)
    with pytest.raises(KeyboardInterrupt):
        delivery.update()
    monkeypatch.undo()
    assert not delivery.update().changed
    accounting = pl.read_parquet(delivery.lake / "handover" / "row_accounting.parquet")
    assert accounting.filter(table_name="trades")["rows_kept"].item() == 3


def test_a_run_cut_off_while_resolving_leaves_nothing_behind(delivery, monkeypatch):
    delivery.update()
    before = delivery.kept("trades")
    sound = (delivery.source / "trades.csv").read_text()
    delivery.write("trades.csv", sound.replace("96.00", "96.01"))
    monkeypatch.setattr("pipelines.lake.state.LakeState.write", _cut_off)
    with pytest.raises(KeyboardInterrupt):
        delivery.update()
    monkeypatch.undo()
    delivery.write("trades.csv", sound)
    delivery.update()
    assert delivery.kept("trades").equals(before)


def _cut_off(*args, **kwargs):
    raise KeyboardInterrupt


def _corrected(delivery) -> None:
    """T1 came first and was corrected by a later file."""
    header, *rows = (delivery.source / "trades.csv").read_text().splitlines()
    (delivery.source / "trades.csv").unlink()
    delivery.write("trades/first.csv", "\n".join([header, *rows]) + "\n")
    delivery.update()
    delivery.write("trades/second.csv", f"{header}\n{rows[0].replace('95.10', '95.50')}\n")
    delivery.update()


def test_the_order_of_deliveries_outlives_another_engine_version(delivery, monkeypatch):
    _corrected(delivery)
    before = delivery.kept("trades")
    text = (delivery.lake / "state.json").read_text()
    state = json.loads(text)
    state["engine"] = "0.0.1"
    (delivery.lake / "state.json").write_text(json.dumps(state))
    summary = delivery.update()
    assert (summary.tables["trades"].superseded, summary.tables["trades"].quarantined) == (1, 0)
    assert delivery.kept("trades").equals(before)


def test_a_file_that_goes_and_comes_back_keeps_its_place(delivery):
    _corrected(delivery)
    before = delivery.kept("trades")
    first = (delivery.source / "trades" / "first.csv").read_text()
    (delivery.source / "trades" / "first.csv").unlink()
    delivery.update()
    delivery.write("trades/first.csv", first)
    delivery.update()
    assert delivery.kept("trades").equals(before)
