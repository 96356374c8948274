"""One way through the workspace: what a run publishes, rewrites, refuses and leaves alone."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.discovery import all_detectors
from anomaly.core.policy import load_policy
from anomaly.core.run import detect
from tests.shared import SIMULATED

# What names the run itself, not what the source holds.
RUN_COLUMNS = {"snapshot_id"}
CORRECTED = "2025-03"


def _marts(home: Path) -> dict[str, pl.DataFrame]:
    folder = home / "published" / "current" / "marts"
    marts = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    # How a delivery compares with the one before is the one thing that depends on history.
    drift = pl.col("expectation").str.starts_with("row_drift") | pl.col("expectation").str.starts_with(
        "kept_over"
    )
    marts["fct_quality_results"] = marts["fct_quality_results"].filter(~drift).drop("position")
    # Time taken is no content.
    marts["fct_detector_runs"] = marts["fct_detector_runs"].drop("seconds")
    # A home that received a correction also keeps the delivery that it replaced.
    marts["fct_deliveries"] = marts["fct_deliveries"].filter(status="in_force")
    return marts


def _assert_equal(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> None:
    assert left.keys() == right.keys()
    for name, frame in left.items():
        other = right[name]
        keep = [column for column in frame.columns if column not in RUN_COLUMNS]
        assert frame.columns == other.columns, name
        a, b = frame.select(keep).sort(keep), other.select(keep).sort(keep)
        assert a.height == b.height, name
        for column in keep:
            if a[column].dtype == pl.Float64:
                pairs = zip(a[column], b[column], strict=True)
                assert all(
                    x == y or (x is not None and y is not None and math.isclose(x, y, rel_tol=1e-9))
                    for x, y in pairs
                ), (name, column)
            else:
                assert a[column].equals(b[column]), (name, column)


def test_a_publication_holds_every_mart_and_accounts_for_every_row(published):
    marts = _marts(published.settings.home)
    manifest = json.loads((published.settings.current / "manifest.json").read_text())
    assert {"dim_entities", "fct_trades", "fct_alerts", "fct_quality_results", "expected_emissions"} <= set(
        marts
    )
    rows = {name: table["rows"] for name, table in manifest["tables"].items()}
    assert rows.keys() == marts.keys()
    assert all(rows[name] == marts[name].height for name in rows.keys() - {"fct_quality_results"})
    accounting = marts["fct_row_accounting"]
    delivered = accounting.filter(pl.col("rows_in") > 0)
    assert set(delivered["table_name"]) == set(SIMULATED)
    sums = accounting.select(
        pl.col("rows_in") == pl.col("rows_kept") + pl.col("rows_superseded") + pl.col("rows_quarantined")
    )
    assert sums.to_series().all()
    for name in SIMULATED:
        rows = accounting.filter(table_name=name)["rows_in"].item()
        assert rows == published.table(name).height, name


def _texts(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Key columns as text, moments to the second, so that JSON and Parquet compare."""
    return frame.select(
        pl.col(name).cast(pl.String).str.replace(" ", "T").str.slice(0, 19)
        if frame.schema[name].is_temporal()
        else pl.col(name).cast(pl.String).str.slice(0, 19)
        for name in names
    )


def test_every_alert_leads_back_to_rows_of_the_source(published):
    marts = _marts(published.settings.home)
    evidence = marts["fct_alert_evidence"]
    assert set(evidence["alert_id"]) == set(marts["fct_alerts"]["alert_id"])
    # A missing report's evidence names the key under which a row should stand.
    absent = marts["fct_alerts"].filter(kind="missing_report")["alert_id"]
    evidence = evidence.filter(~pl.col("alert_id").is_in(absent.implode()))
    for (table,), rows in evidence.group_by("table_name"):
        source = published.table(table)
        records = [json.loads(text) for text in rows["record_key"].unique()]
        for names in {tuple(sorted(record.keys() & set(source.columns))) for record in records}:
            assert names, (table, records[:3])
            wanted = pl.DataFrame(
                [
                    {n: r[n] for n in names}
                    for r in records
                    if sorted(r.keys() & set(source.columns)) == [*names]
                ]
            )
            lost = _texts(wanted, [*names]).join(_texts(source, [*names]), on=names, how="anti")
            assert lost.is_empty(), (table, lost)


def test_running_again_changes_nothing_makes_no_snapshot_and_clears_a_refusal(published, tmp_path, file_tree):
    workspace = published.copy(tmp_path)
    before = file_tree(workspace.settings.published)
    workspace.settings.refusal.write_text("{}")
    outcome = workspace.run()
    assert (outcome.code, outcome.unchanged) == (0, True)
    assert file_tree(workspace.settings.published) == before
    assert not workspace.settings.refusal.exists()


@pytest.fixture(scope="module")
def corrected(published, tmp_path_factory):
    """A home that has received one corrected trade after its first publication, and how that run ended."""
    workspace = published.copy(tmp_path_factory.mktemp("corrected"))
    path = workspace.source / "trades" / f"{CORRECTED}.parquet"
    trades = pl.read_parquet(path)
    price = pl.when(pl.int_range(pl.len()) == 0).then(pl.col("price") + 1).otherwise(pl.col("price"))
    trades.with_columns(price.cast(trades.schema["price"])).write_parquet(path)
    return workspace, workspace.run()


def test_one_corrected_file_rewrites_its_periods(published, corrected):
    workspace, outcome = corrected
    assert outcome.code == 0, outcome.message
    rewritten = {name: t["periods_rewritten"] for name, t in outcome.counts["tables"].items()}
    assert rewritten.pop("trades") == 1
    assert not any(rewritten.values())
    state = json.loads((workspace.settings.home / "warehouse.json").read_text())
    assert not state["last_full"]
    assert {table: len(periods) for table, periods in state["last_changed"].items()} == {"trades": 1}
    before, after = (_marts(home.settings.home) for home in (published, workspace))
    changed = after["fct_trades"].join(before["fct_trades"], on=["trade_id", "price"], how="anti")
    assert changed.height == 1 and changed["period"].to_list() == [CORRECTED]
    value = pl.col("value").sum().cast(pl.Float64)
    assert after["fct_trades"].select(value).item() > before["fct_trades"].select(value).item()


@pytest.mark.whole_market
def test_one_corrected_file_equals_a_rebuild(corrected, tmp_path):
    workspace, _ = corrected
    assert workspace.run(tmp_path / "rebuilt").code == 0
    _assert_equal(_marts(workspace.settings.home), _marts(tmp_path / "rebuilt"))


@pytest.mark.parametrize(
    ("spoilt", "expectation"),
    [
        ("_impossible_score", "score_range"),
        pytest.param("_broken_critical", "late_report_not_broken", marks=pytest.mark.faults),
    ],
)
def test_a_refused_publication_keeps_the_old_one_and_says_why(
    published, tmp_path, file_tree, monkeypatch, spoilt, expectation
):
    workspace = published.copy(tmp_path)
    before = file_tree(workspace.settings.published)
    _change_a_park(workspace)
    monkeypatch.setattr("pipelines.orchestration.assets.analysis.detect", globals()[spoilt])
    outcome = workspace.run()
    assert outcome.code == 1, outcome.message
    assert file_tree(workspace.settings.published).items() >= before.items()
    assert workspace.settings.current.resolve().name == published.settings.current.resolve().name
    refusal = json.loads(workspace.settings.refusal.read_text())
    assert refusal["gate"] == "publication"
    assert all(row["severity"] == "critical" for row in refusal["results"])
    assert expectation in {row["expectation"] for row in refusal["results"]}


def _impossible_score(*args, **kwargs):
    found = detect(*args, **kwargs)
    return replace(found, alerts=found.alerts.with_columns(score=pl.lit(7.0)))


def _broken_critical(*args, **kwargs):
    return _broken_detect(*args, critical=True, **kwargs)


def _broken_detect(*args, critical=False, **kwargs):
    policy = load_policy()
    own = policy.detectors["late_report"].model_copy(update={"critical": critical})
    policy = policy.model_copy(update={"detectors": policy.detectors | {"late_report": own}})
    search = next(found for found in all_detectors() if found.kind == "late_report").searches[0]

    def fail(inputs):
        raise ValueError(f"no such thing in {inputs.marts.directory}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(search.__dict__, "find", fail)
        return detect(*args, **kwargs | {"policy": policy, "earlier": None})


def test_a_broken_detector_is_published_as_such_beside_the_alerts_of_the_others(
    published, tmp_path, monkeypatch
):
    workspace = published.copy(tmp_path)
    _change_a_park(workspace)
    monkeypatch.setattr("pipelines.orchestration.assets.analysis.detect", _broken_detect)
    outcome = workspace.run()
    assert outcome.code == 0, outcome.message
    runs = _marts(workspace.settings.home)["fct_detector_runs"]
    (broken,) = runs.filter(pl.col("state") == "broken").to_dicts()
    assert broken["kind"] == "late_report" and "(path)" in broken["reason"]
    assert str(tmp_path) not in broken["reason"]
    assert runs.filter(pl.col("state") == "ran").height == runs.height - 1
    assert _marts(workspace.settings.home)["fct_alerts"].height


def _change_a_park(workspace):
    path = workspace.source / "parks.parquet"
    pl.read_parquet(path).with_columns(pl.col("park_name") + "*").write_parquet(path)
