"""The desk's parts by themselves: escaping, filters, look-ups, words, charts."""

from __future__ import annotations

import csv
import datetime as dt
import io
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from desk_schemas import DESK_MARTS, schemas
from desk_world import KINDS, alerts, demo, entities

from anomaly.core.discovery import all_detectors
from anomaly.core.kinds import KINDS as ALL_KINDS
from anomaly.core.policy import load_policy
from dashboards import alerts as listing
from dashboards import data, evidence, figures, safety
from dashboards.alerts import AlertFilter
from dashboards.data import Snapshot
from dashboards.language import LANGUAGES, Words, texts

EN = Words("en")


@pytest.fixture
def snapshot(demo_home: Path) -> Snapshot:
    return Snapshot((demo_home / "published" / "current").resolve(), 1)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_disarms_formulas(start):
    rows = safety.csv(pl.DataFrame({"name": [f"{start}1+1", "plain"], "value": [-1, 2]}))
    read = list(csv.reader(io.StringIO(rows.decode("utf-8-sig"))))
    assert read[1] == [f"'{start}1+1", "-1"]
    assert read[2] == ["plain", "2"]


def test_csv_disarms_lists_and_headings():
    rows = safety.csv(pl.DataFrame({"=x": [["=1", "b"]]})).decode("utf-8-sig")
    assert rows == "'=x\n'=1; b\n"


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "[a](b)", "*x*", "`x`", "$x$", "# x", "a | b", "~x~", "![i](u)"]
)
def test_markdown_keeps_every_character(text):
    escaped = safety.markdown(text)
    assert escaped.replace("\\", "").replace("\u2060", "") == text
    for sign in "<[]*`$#|~!":
        assert escaped.count(sign) == escaped.count("\\" + sign)


@pytest.mark.parametrize(
    "text", ["http://a.example", "www.a.example", "a@b.example", ":red[x]", ":material/home:"]
)
def test_markdown_breaks_automatic_links_and_icons(text):
    assert "\u2060" in safety.markdown(text)


def test_markdown_is_one_line():
    assert safety.markdown("a\n\n# b") == "a \\# b"


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    from desk_world import write_home

    home = write_home(tmp_path_factory.mktemp("listing"), demo())
    return listing.listing(Snapshot((home / "published" / "current").resolve(), 1))


def test_listing_has_the_highest_severity_first(frame):
    assert frame["level"][0] == "red"
    assert frame["rank"].is_sorted()
    assert frame.height == 126


def test_filters_combine(frame):
    wanted = AlertFilter(levels=("red", "orange"), families=("manipulation",))
    chosen = listing.select(frame, wanted)
    expected = frame.filter(pl.col("level").is_in(["red", "orange"]) & (pl.col("family") == "manipulation"))
    assert chosen["alert_id"].to_list() == expected["alert_id"].to_list()
    assert 0 < chosen.height < frame.height


def test_query_takes_all_words_in_any_case(frame):
    assert listing.select(frame, AlertFilter(query="e000003 SCORE")).height == (
        frame.filter(pl.col("subject_ids").str.contains("E000003")).height
    )
    assert listing.select(frame, AlertFilter(query="e000003 absent")).is_empty()


def test_window_is_half_open():
    rows = pl.DataFrame(
        {
            "window_start": [dt.datetime(2025, 1, 1)],
            "window_end": [dt.datetime(2025, 2, 1)],
            "haystack": [""],
        }
    )

    def hits(start, end):
        return listing.select(rows, AlertFilter(start=start, end=end)).height

    assert hits(dt.date(2025, 1, 31), None) == 1
    assert hits(dt.date(2025, 2, 1), None) == 0
    assert hits(None, dt.date(2025, 1, 1)) == 1
    assert hits(None, dt.date(2024, 12, 31)) == 0


def test_an_end_at_midnight_counts_for_the_day_before():
    rows = pl.DataFrame({"window_end": [dt.datetime(2025, 2, 1)], "level": ["red"]})
    assert listing.by_time(rows)["period"].to_list() == [dt.date(2025, 1, 1)]


def test_evidence_finds_rows_and_counts_missing(snapshot):
    entries = [
        {
            "table": "trades",
            "key": ["trade_id"],
            "rows": [["TD0000001"], ["TD0000002"], ["TD0000001"], ["gone"]],
        },
        {"table": "orders", "key": ["event_id"], "rows": [["O1"]]},
        {"table": "market_days", "key": ["date", "instrument_id"], "rows": [["2024-01-02", "CEA24"]]},
        {"table": "compliance", "key": ["entity_id", "year"], "rows": [["E000001", 2022]]},
    ]
    trades, orders, days, years = evidence.look_up(snapshot, entries)
    assert trades.rows["trade_id"].to_list() == ["TD0000001", "TD0000002"]
    assert (trades.named, trades.missing) == (3, 1)
    assert orders.mart is None
    assert orders.rows["event_id"].to_list() == ["O1"]
    assert (days.rows.height, days.missing) == (1, 0)
    assert years.rows.select("entity_id", "year").row(0) == ("E000001", 2022)


def test_evidence_tables_are_the_contracts():
    from pipelines.contract.tables import TABLES

    assert set(evidence.MART_OF) <= set(TABLES)


def test_parties_add_up_their_accounts(snapshot):
    rows = figures.parties(snapshot)
    assert rows["share"].sum() == pytest.approx(1)
    assert rows["tonnes"].is_sorted(descending=True)
    assert rows.height == 14


def test_a_balance_counts_for_the_party_of_its_last_day(tmp_path):
    from desk_world import write_home

    tables = demo()
    sold, bought = tables["fct_party_holdings"]["party_id"][:2].to_list()
    tables["fct_party_holdings"] = pl.DataFrame(
        {
            "party_id": [sold, sold, bought],
            "unit_type": "CEA",
            "vintage": 2024,
            "date": [dt.date(2025, 1, 2), dt.date(2025, 3, 1), dt.date(2025, 3, 1)],
            "balance_tco2e": [500, 0, 500],
        }
    )
    home = write_home(tmp_path, tables)
    rows = figures.parties(Snapshot((home / "published" / "current").resolve(), 1))
    assert rows.select("party_id", "tonnes", "share").rows() == [(bought, 500.0, 1.0)]


def test_latest_compliance_is_of_a_year_that_is_due():
    years = pl.DataFrame(
        {
            "year": [2023, 2023, 2023, 2024],
            "verdict": ["compliant", "not_compliant", "no_obligation", "not_due"],
            "entities": [97, 3, 10, 100],
            "shortfall": [0.0, 5e3, 0.0, 0.0],
        }
    )
    latest = figures.latest_compliance(years)
    assert latest == figures.Compliance(2023, 100, 97, 3, 5e3)


def test_every_mart_column_and_table_has_words():
    shown = {column for columns in schemas().values() for column in columns} - {
        "alert_no",
        "evidence_no",
        "subject_id",
        "subject_ids_json",
        "rule_refs_json",
        "description_zh",
        "description_en",
        "why_zh",
        "why_en",
        "verified",
    }
    for language in LANGUAGES:
        words = Words(language)
        assert [name for name in sorted(shown) if words.column(name) == name] == []
        assert [name for name in DESK_MARTS if words.code("table", name) == name] == []
        assert [kind for kind in ALL_KINDS if words.kind(kind) == kind or words.meaning(kind) == kind] == []


def test_every_table_of_the_contract_and_every_key_has_a_name():
    from pipelines.contract.tables import TABLES

    keys = {name for one in TABLES.values() for name in one.key} - {"park_id", "consortium_id", "share"}
    for language in LANGUAGES:
        nameless = {name for name in keys if Words(language).column(name) == name}
        assert nameless <= {"penalty_id", "tip_id"}

    for language in LANGUAGES:
        assert [name for name in TABLES if Words(language).code("table", name) == name] == []


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [(0, "0吨", "0 t"), (12_345, "1.23万吨", "12.3k t"), (4.5e8, "4.50亿吨", "450M t"), (None, "–吨", "– t")],
)
def test_tonnes(value, zh, en):
    assert Words("zh").tonnes(value) == zh
    assert Words("en").tonnes(value) == en


def test_unknown_codes_stay_visible():
    assert EN.code("province", "PL") == "PL"
    assert EN.kind("something_new") == "something_new"
    assert EN.figure_name("wash_trade", "net_thing") == "net thing"


def test_every_code_list_value_is_the_same_in_both_languages_in_the_address():
    # The address keeps codes; a display name there would break links between languages.
    assert all(level.isascii() for level in listing.LEVELS)


def test_importing_the_desk_opens_nothing():
    script = (
        "import socket, sys\n"
        "socket.socket.connect = None\n"
        "import dashboards.page, dashboards.views.market_health, dashboards.views.early_warnings\n"
        "import dashboards.views.alert_detail, dashboards.views.data_status, dashboards.screenshots\n"
        "import dashboards.views.accounting, dashboards.views.reading_faults\n"
        "bad = {'dagster', 'duckdb', 'models', 'great_expectations'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


def test_world_has_all_marts():
    marts = demo()
    assert set(marts) <= set(DESK_MARTS)
    assert set(KINDS) <= set(ALL_KINDS)
    assert alerts(3, marts, 2024)["fct_alerts"].height == 3
    assert entities(4, range(2023, 2024))["fct_compliance_years"].height == 4


def test_current_link_without_target_is_explained(tmp_path):
    from pipelines.core.settings import Settings

    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current").symlink_to("gone")
    with pytest.raises(data.DeskError, match="manifest"):
        data.current(Settings.load(tmp_path))


def test_evidence_named_by_a_stretch_of_time_shows_its_ends(snapshot):
    entry = {
        "table": "cems_hourly",
        "key": ["unit_id"],
        "rows": [["U-1"]],
        "from": "2024-03-01T00:00:00Z",
        "to": "2024-04-01T00:00:00Z",
    }
    found = evidence.look_up(snapshot, [entry])
    assert found[0].mart is None
    assert found[0].rows.to_dicts() == [
        {"unit_id": "U-1", "from": "2024-03-01T00:00:00Z", "to": "2024-04-01T00:00:00Z"}
    ]


def test_every_unit_of_a_threshold_or_figure_has_a_name():
    units = {
        threshold.unit for own in load_policy().detectors.values() for threshold in own.thresholds.values()
    }
    units |= {
        figure.unit
        for detector in all_detectors()
        for search in detector.searches
        for figure in search.measures.values()
        if figure.unit
    }
    named = {key.removeprefix("desk.unit_name.") for key in texts().keys("desk.unit_name")}
    assert units - named == set()
