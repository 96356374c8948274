"""Cases planted in a copy of given data: what is labelled differs from the source, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.injection import InjectionReport, copy, inject
from pipelines.simulator.injection.ids import Numbers
from pipelines.sources import read

Keys = dict[str, set[tuple[str, ...]]]
SEED = 5
# Kinds that a whole market's tables can show without its exchange answering.
PLANTED = {
    "allocation_error",
    "cems_gap",
    "circular_trade",
    "lab_date_conflict",
    "late_report",
    "ledger_break",
    "mass_balance_gap",
    "matched_orders",
    "missing_report",
    "off_market_block",
    "offset_overclaim",
    "output_mismatch",
    "pass_through",
    "position_limit",
    "repeated_values",
    "spoofing",
    "surrender_shortfall",
    "template_report",
    "wash_trade",
}


def table(directory: Path, name: str) -> pl.DataFrame:
    path = directory / name
    if path.is_dir():
        return pl.read_parquet(path / "*.parquet")
    file = path.with_suffix(".parquet")
    return pl.read_parquet(file) if file.is_file() else pl.DataFrame(schema=TABLES[name].polars_schema)


def keys(frame: pl.DataFrame, name: str) -> set[tuple[str, ...]]:
    return {tuple(map(str, row)) for row in frame.select(TABLES[name].key).iter_rows()}


def differing(source: Path, copy: Path) -> Keys:
    """Keys of rows that only one of two directories has in just this form."""
    found = {}
    for name in TABLES:
        before, after = table(source, name), table(copy, name)
        if before.equals(after):
            continue
        columns = list(TABLES[name].names)
        gone = before.join(after, on=columns, how="anti", nulls_equal=True)
        come = after.join(before, on=columns, how="anti", nulls_equal=True)
        if both := keys(gone, name) | keys(come, name):
            found[name] = both
    return found


def labelled(report: InjectionReport) -> Keys:
    found: Keys = {}
    for affected in pl.read_parquet(report.labels)["affected"]:
        for name, rows in json.loads(affected).items():
            found.setdefault(name, set()).update(tuple(map(str, row)) for row in rows)
    return found


def assert_labelled_differs_and_nothing_else(source: Path, report: InjectionReport) -> None:
    assert differing(source, report.out) == labelled(report)


@pytest.fixture(scope="module")
def planted(clean_market, tmp_path_factory) -> InjectionReport:
    return inject(clean_market.report.out, tmp_path_factory.mktemp("injected") / "copy", SEED)


def test_what_is_labelled_differs_and_nothing_else(clean_market, planted):
    assert_labelled_differs_and_nothing_else(clean_market.report.out, planted)


def test_every_kind_is_planted_or_named_with_its_reason(planted):
    from pipelines.simulator.cases import KINDS

    assert set(planted.cases) >= PLANTED
    assert set(planted.cases) | set(planted.skipped) == {kind.name for kind in KINDS}
    assert set(planted.cases).isdisjoint(planted.skipped)
    assert all(planted.skipped.values())
    labels = pl.read_parquet(planted.labels)
    assert set(labels["severity"]) == {"faint", "plain", "blatant"}
    assert (labels["window_start"] < labels["window_end"]).all()


def test_subjects_are_in_the_source(clean_market, planted):
    known = {
        "cn",
        *clean_market["instruments"]["instrument_id"],
        *clean_market["offset_projects"]["project_id"],
    }
    for name, column in (
        ("accounts", "account_id"),
        ("entities", "entity_id"),
        ("units", "unit_id"),
        ("service_bodies", "body_id"),
    ):
        known |= set(clean_market[name][column])
    assert set(pl.read_parquet(planted.labels)["subject_ids"].explode()) <= known


def test_planted_trades_are_settled_and_counted(planted):
    broken = {
        tuple(row)
        for kind, affected in pl.read_parquet(planted.labels).select("kind", "affected").iter_rows()
        if kind == "ledger_break"
        for row in json.loads(affected).get("transfers", [])
    }
    trades = table(planted.out, "trades")
    settled = table(planted.out, "transfers").filter(pl.col("kind") == "trade_settlement")
    settled = settled.filter(~pl.col("transfer_id").is_in([key[0] for key in broken]))
    joined = settled.join(trades, on="trade_id", how="left")
    assert (joined["quantity"] == joined["quantity_right"]).all()
    assert (joined["from_account"] == joined["sell_account_id"]).all()
    assert trades["trade_id"].is_unique().all()
    without = trades.join(settled, on="trade_id", how="anti")
    assert without.height <= len(broken)
    listed = (
        trades.filter(pl.col("mode") == "listed")
        .group_by(
            date=pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.date(), instrument_id="instrument_id"
        )
        .agg(pl.col("quantity").sum(), (pl.col("price") * pl.col("quantity")).sum().alias("value"))
    )
    days = table(planted.out, "market_days").join(listed, on=["date", "instrument_id"], how="inner")
    assert (days["listed_volume"] == days["quantity"]).all()
    assert (days["listed_value"].cast(pl.Float64) - days["value"].cast(pl.Float64)).abs().max() < 0.01


def test_new_ids_follow_the_sources_pattern(clean_market, planted):
    for name in ("trades", "transfers", "orders"):
        column = TABLES[name].key[0]
        pattern = clean_market[name][column][0].replace("0", "9")
        shape = pl.col(column).str.replace_all(r"\d", "9")
        assert table(planted.out, name).select(shape.unique())[column].to_list() == [
            "".join("9" if mark.isdigit() else mark for mark in pattern)
        ]


def test_unchanged_files_are_the_sources_bytes(clean_market, planted):
    source, changed = clean_market.report.out, set(planted.changes)
    unchanged = [
        path
        for path in source.rglob("*")
        if path.is_file() and path.relative_to(source).parts[0].split(".")[0] not in changed
    ]
    assert unchanged
    for path in unchanged:
        copy = planted.out / path.relative_to(source)
        assert copy.read_bytes() == path.read_bytes()
        assert copy.stat().st_ino != path.stat().st_ino


def test_the_same_seed_plants_the_same(clean_market, tmp_path):
    kinds = ["late_report", "mass_balance_gap"]
    first, again, other = (
        inject(clean_market.report.out, tmp_path / name, seed, kinds)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first.labels.read_bytes() == again.labels.read_bytes()
    assert differing(first.out, again.out) == {}
    assert first.labels.read_bytes() != other.labels.read_bytes()


def test_csv_rows_without_a_case_keep_their_text(clean_market, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("entities", "units", "accounts", "activity_reports", "emission_reports", "trades"):
        rows = clean_market[name]
        (rows.clear() if name == "trades" else rows).write_csv(
            source / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z"
        )
    text = (source / "activity_reports.csv").read_text(encoding="utf-8")
    # An extra column and a figure with a trailing nought, as a sender may write them.
    text = "\n".join(f"{line},{'note' if n == 0 else n}" for n, line in enumerate(text.splitlines())) + "\n"
    (source / "activity_reports.csv").write_text(text, encoding="utf-8")
    report = inject(source, tmp_path / "out", SEED, ["late_report"])
    before = text.splitlines()
    after = (report.out / "activity_reports.csv").read_text(encoding="utf-8").splitlines()
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert len(changed) == len(labelled(report)["activity_reports"])
    assert (report.out / "units.csv").read_bytes() == (source / "units.csv").read_bytes()


def test_wrong_use_is_refused(clean_market, tmp_path):
    source = clean_market.report.out
    with pytest.raises(ValueError, match="unknown kinds teleport"):
        inject(source, tmp_path / "out", 1, ["teleport"])
    with pytest.raises(FileNotFoundError):
        inject(tmp_path / "nothing", tmp_path / "out", 1)
    with pytest.raises(FileExistsError):
        inject(source, source, 1)


def cut_down(source: Path, out: Path, rows: int) -> None:
    """A directory in which every table is one file of its first rows."""
    out.mkdir()
    for name in TABLES:
        if (frame := table(source, name)).height:
            frame.head(rows).write_parquet(out / f"{name}.parquet")


@pytest.mark.parametrize("rows", [4, *(pytest.param(rows, marks=pytest.mark.faults) for rows in (1, 40))])
def test_tables_of_few_rows_are_planted_or_named_with_a_reason(clean_market, tmp_path, rows):
    source = tmp_path / "source"
    cut_down(clean_market.report.out, source, rows)
    report = inject(source, tmp_path / "out", SEED)
    assert all(report.skipped.values())
    assert_labelled_differs_and_nothing_else(source, report)


def test_large_files_may_lack_columns_and_time_zones(clean_market, tmp_path, monkeypatch):
    monkeypatch.setattr(copy, "_LARGE", 0)
    source = tmp_path / "source"
    source.mkdir()
    for name in (
        "entities",
        "accounts",
        "units",
        "instruments",
        "trades",
        "orders",
        "transfers",
        "market_days",
    ):
        frame = clean_market[name].with_columns(cs.datetime().dt.replace_time_zone(None))
        frame.drop(
            "aggressor", "trade_id" if name == "transfers" else "group_id", strict=False
        ).write_parquet(source / f"{name}.parquet")
    report = inject(source, tmp_path / "out", SEED, ["wash_trade", "ledger_break", "circular_trade"])
    assert {"wash_trade", "circular_trade"} <= set(report.cases)
    assert "aggressor" not in pl.read_parquet(report.out / "trades.parquet").columns


def test_planted_trades_lack_no_more_than_the_sources(clean_market, planted):
    before, after = clean_market["trades"], table(planted.out, "trades")
    added = after.join(before, on="trade_id", how="anti")
    modes = added["mode"].unique().sort().to_list()
    assert modes == ["block", "listed"]
    for mode in modes:
        shares = [
            frame.filter(pl.col("mode") == mode).select(pl.all().is_null().mean()).row(0)
            for frame in (before, added)
        ]
        assert shares[0] == shares[1]
    listed = added.filter(pl.col("mode") == "listed")
    assert set(listed["aggressor"]) == {"buy", "sell"}
    # Who came second has the younger order.
    posted = table(planted.out, "orders").filter(pl.col("event") == "new").select("order_id", "ts")
    both = listed.join(posted, left_on="buy_order_id", right_on="order_id", suffix="_buy").join(
        posted, left_on="sell_order_id", right_on="order_id", suffix="_sell"
    )
    is_buy = both["ts_buy"] > both["ts_sell"]
    assert both.height and ((both["aggressor"] == "buy") == is_buy).all()


def test_surrender_agrees_between_compliance_and_transfers(clean_market, tmp_path):
    report = inject(
        clean_market.report.out, tmp_path / "out", SEED, ["surrender_shortfall", "offset_overclaim"]
    )
    after = table(report.out, "compliance")
    late = after.filter(pl.col("completed_on") > pl.col("due_on"))
    assert set(late["registry_status"]) <= {"not_compliant"}
    changes = []
    for directory in (clean_market.report.out, report.out):
        sent = table(directory, "transfers").filter(pl.col("kind") == "surrender")
        said = table(directory, "compliance").select(pl.col("surrendered", "offsets_surrendered").sum())
        changes.append((sum(said.row(0)), int(sent["quantity"].sum())))
    (said, sent), (said_after, sent_after) = changes
    assert said_after - said == sent_after - sent


def test_an_adjustments_document_follows_another_adjustment(clean_market, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(clean_market.report.out, source)
    first = inject(source, tmp_path / "with", SEED, ["allocation_error"])
    known = clean_market["allocations"].filter(pl.col("stage") == "adjustment")
    added = table(first.out, "allocations").join(
        clean_market["allocations"], on=TABLES["allocations"].key, how="anti"
    )
    stem = pl.col("document_no").str.replace(r"\d+\D*$", "")
    if known.height:
        assert set(added.select(stem)["document_no"]) <= set(known.select(stem)["document_no"])
    else:
        assert not added.height


def test_a_fresh_id_is_free_whatever_the_pattern():
    class Copy:
        def rows(self, name: str) -> pl.DataFrame:
            return pl.DataFrame({"trade_id": ["one", "one-3", "two"]})

    numbers = Numbers(Copy())
    assert [numbers.fresh("trades", "one") for _ in range(3)] == ["one-4", "one-5", "one-6"]


def test_eutl_transfers_without_prices(real_data, tmp_path):
    source = tmp_path / "eutl"
    read("eutl", real_data / "eutl" / "eutl_2024.zip", source)
    kinds = ["circular_trade", "off_market_block", "pass_through", "surrender_shortfall"]
    report = inject(source, tmp_path / "copy", SEED, kinds)
    assert set(report.cases) == set(kinds) - {"off_market_block"}
    assert report.skipped == {"off_market_block": "needs rows in trades"}
    assert_labelled_differs_and_nothing_else(source, report)
    # The windows are in the years of the source's own transfers.
    assert set(pl.read_parquet(report.labels)["window_start"].dt.year()) <= {2004, 2005, 2006, 2007}


def test_campd_unit_years(real_data, tmp_path):
    source = tmp_path / "campd"
    read("campd", real_data / "campd", source)
    report = inject(source, tmp_path / "copy", SEED, ["mass_balance_gap", "output_mismatch", "late_report"])
    assert set(report.cases) == {"mass_balance_gap", "output_mismatch"}
    assert "late_report" in report.skipped
    assert_labelled_differs_and_nothing_else(source, report)
    lowered = labelled(report)["unit_years"]
    assert lowered and len(lowered) == report.changes["unit_years"].changed


def test_a_copy_may_be_planted_again(clean_market, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(clean_market.report.out, source)
    first = inject(source, tmp_path / "first", 1, ["missing_report"])
    second = inject(first.out, tmp_path / "second", 2, ["late_report"])
    assert_labelled_differs_and_nothing_else(first.out, second)
