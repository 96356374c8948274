"""Every view with data, without data, without a publication, after a refusal."""

from __future__ import annotations

import ast
import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from desk_schemas import mart
from desk_world import KINDS, SNAPSHOT, demo, write_home
from streamlit.testing.v1 import AppTest

from anomaly.core.policy import load_policy
from dashboards import views as pages

VIEWS = ("market_health", "early_warnings", "alert_detail", "data_status", "accounting", "reading_faults")
TITLES = {
    "zh": ("市场运行", "风险预警", "预警详情", "数据状况", "行数核算", "读数异常"),
    "en": (
        "Market health",
        "Early warnings",
        "Alert detail",
        "Data status",
        "Row accounting",
        "Reading faults",
    ),
}


def said(app: AppTest) -> str:
    """All words on the page."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "code",
    )
    parts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join([*parts, *(f"{tile.label} {tile.value} {tile.delta}" for tile in app.metric)])


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def charts(app: AppTest) -> int:
    return len(app.get("vega_lite_chart"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_view_opens_with_data(open_view, demo_home, view, language):
    app = open_view(demo_home, view, language, alert="A-0000000000000000")
    assert not app.error
    assert app.title[0].value == TITLES[language][VIEWS.index(view)]
    assert charts(app) > 0 or view == "data_status"


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_shows_no_docstring_of_its_source(open_view, demo_home, view):
    source = ast.parse((Path(pages.__file__).parent / f"{view}.py").read_text(encoding="utf-8"))
    bare = [one.value.value for one in source.body if isinstance(one, ast.Expr) and is_text(one.value)]
    assert bare
    shown = said(open_view(demo_home, view, "zh", alert="A-0000000000000000"))
    assert [text for text in bare if text in shown] == []


@pytest.mark.parametrize("view", VIEWS)
def test_view_explains_empty_marts(open_view, hollow_home, view):
    app = open_view(hollow_home, view, alert="A-0000000000000000")
    assert not app.error
    assert charts(app) == 0
    expected = {
        "market_health": "the source has no such data",
        "early_warnings": "raised no alert",
        "alert_detail": "is not in snapshot",
        "data_status": "Nothing was found to be missing",
        "accounting": "No row was quarantined",
        "reading_faults": "The source has no readings",
    }
    assert expected[view] in said(app)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Nothing has been published yet"), ("zh", "尚无已发布的数据")]
)
def test_view_without_publication_says_what_to_do(open_view, tmp_path, view, language, words):
    app = open_view(tmp_path, view, language)
    assert words in said(app)
    assert "carbonwarden demo" in app.code[0].value


@pytest.mark.parametrize("view", VIEWS)
def test_view_lives_without_any_mart(open_view, tmp_path, view):
    home = write_home(tmp_path, {})
    for path in (home / "published" / "current" / "marts").iterdir():
        path.unlink()
    assert not open_view(home, view, alert="A-0000000000000000").error


@pytest.mark.parametrize(
    ("missing", "view"),
    [
        ("feat_market_days", "market_health"),
        ("dim_accounts", "market_health"),
        ("fct_compliance_years", "market_health"),
        ("fct_market_days", "market_health"),
        ("dim_accounts", "alert_detail"),
        ("fct_transfers", "alert_detail"),
        ("fct_row_accounting", "accounting"),
        ("fct_file_accounting", "accounting"),
        ("fct_quarantine_reasons", "accounting"),
        ("reading_ranges", "reading_faults"),
    ],
)
def test_view_lives_without_one_mart(open_view, tmp_path, missing, view):
    home = write_home(tmp_path, demo())
    (home / "published" / "current" / "marts" / f"{missing}.parquet").unlink()
    app = open_view(home, view, alert="A-0000000000000001")
    assert not app.error
    assert charts(app) > 0


@pytest.fixture
def auction_home(tmp_path):
    """What a programme publishes that holds auctions and nothing else."""
    auctions = mart(
        "fct_auctions",
        {
            "auction_id": ["A1", "A2"],
            "date": [date(2025, 3, 5), date(2025, 6, 4)],
            "instrument_id": ["RGA"] * 2,
            "offered_tco2e": [100, 100],
            "sold_tco2e": [100, 0],
            "clearing_price": [19.76, None],
        },
    )
    runs = mart(
        "fct_detector_runs",
        {
            "kind": ["late_report"],
            "state": ["not_applicable"],
            "reason": ["no rows of fct_report_obligations, fct_trades"],
        },
    )
    return write_home(tmp_path, {"fct_auctions": auctions, "fct_detector_runs": runs})


@pytest.mark.parametrize(("language", "absent"), [("en", "Auction prices"), ("zh", "拍卖成交价")])
def test_a_source_of_auctions_alone_shows_them(open_view, auction_home, language, absent):
    app = open_view(auction_home, "market_health", language)
    assert charts(app) == 1
    assert absent not in "\n".join(caption.value for caption in app.caption if ":" in caption.value)


@pytest.mark.parametrize(("language", "words"), [("en", "no detector ran"), ("zh", "没有检测方法得以运行")])
def test_no_alert_says_nothing_where_no_detector_ran(open_view, auction_home, language, words):
    assert words in said(open_view(auction_home, "early_warnings", language))


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("en", ("Late report", "No rows of Reports that are due, Trades")),
        ("zh", ("迟报", "没有以下数据：报告义务、成交")),
    ],
)
def test_detectors_are_listed_in_words(open_view, auction_home, language, row):
    tables = [table.value for table in open_view(auction_home, "data_status", language).dataframe]
    (runs,) = [table for table in tables if "kind" in table.columns]
    assert tuple(runs[["kind", "reason"]].iloc[0]) == row


@pytest.mark.parametrize(("language", "word"), [("en", "All"), ("zh", "全部")])
def test_a_gap_of_a_whole_table_says_so(open_view, tmp_path, language, word):
    whole = {name: ["all"] for name in ("period", "province_code", "column_name")}
    gap = {"state": ["found"], "severity": ["info"], "check_name": ["table_absent"], "table_name": ["tips"]}
    home = write_home(tmp_path, {"fct_completeness": mart("fct_completeness", gap | whole)})
    tables = [table.value for table in open_view(home, "data_status", language).dataframe]
    (gaps,) = [table for table in tables if "check_name" in table.columns]
    assert gaps[["gap_period", "province_code", "column_name"]].iloc[0].tolist() == [word] * 3


@pytest.mark.parametrize(
    ("average", "pictures", "said_of_it"), [(89.9, 2, []), (None, 1, ["no usable price"])]
)
def test_days_without_a_close_show_what_they_have(open_view, tmp_path, average, pictures, said_of_it):
    """Their average price where it can be one, and their volume in any case."""
    days = mart(
        "fct_market_days",
        {
            "date": [date(2025, 3, day) for day in (3, 4)],
            "instrument_id": ["CCER"] * 2,
            "listed_average_price": [average, average],
            "listed_volume_tco2e": [1_010, 2_010],
        },
    )
    app = open_view(write_home(tmp_path, {"fct_market_days": days}))
    assert charts(app) == pictures
    assert "Price and volume" in [one.value for one in app.subheader]
    assert [words for words in said_of_it if words in app.info[0].value] == said_of_it
    assert len(app.info) == len(said_of_it)


def test_market_health_shows_what_the_marts_say(open_view, demo_home):
    app = open_view(demo_home)
    tiles = {tile.label: tile for tile in app.metric}
    days = pl.read_parquet(demo_home / "published/current/marts/fct_market_days.parquet")
    last = days.filter(pl.col("instrument_id") == "CEA24").sort("date").row(-1, named=True)
    assert tiles["Latest close"].value == f"{last['close']:,.2f} CNY/t"
    assert tiles["Latest close"].delta == f"{(last['close'] / last['previous_close'] - 1) * 100:+.2f}%"
    assert tiles["Alerts"].value == "126"
    due = pl.read_parquet(demo_home / "published/current/marts/fct_compliance_years.parquet").filter(
        pl.col("is_due") & (pl.col("year") == 2023)
    )
    rate = (due["verdict"] == "compliant").mean()
    assert tiles["Compliance rate"].value == f"{rate * 100:.2f}%"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_picture_and_rows(open_view, demo_home, kind):
    alerts = pl.read_parquet(demo_home / "published/current/marts/fct_alerts.parquet")
    alert = alerts.filter(pl.col("kind") == kind)["alert_id"][0]
    app = open_view(demo_home, "alert_detail", alert=alert)
    assert charts(app) >= 2, "the figures and the evidence"
    assert "keys have no row" not in said(app)
    assert len(app.dataframe) >= 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_alert_shows_the_reasons_of_its_thresholds_in_the_chosen_language(open_view, demo_home, language):
    alerts = pl.read_parquet(demo_home / "published/current/marts/fct_alerts.parquet")
    alert = alerts.filter(pl.col("kind") == "pass_through")["alert_id"][0]
    app = open_view(demo_home, "alert_detail", language=language, alert=alert)
    shown = [table.value for table in app.dataframe if "reason" in table.value.columns]
    thresholds = load_policy().detectors["pass_through"].thresholds.values()
    assert len(shown) == 1
    assert list(shown[0]["reason"]) == [threshold.why.text(language) for threshold in thresholds]


def test_alert_detail_says_when_an_alert_is_unknown(open_view, demo_home):
    app = open_view(demo_home, "alert_detail", alert="A-<b>gone</b>")
    assert "There is no such alert" in said(app)
    assert "<b>gone" not in said(app)


def test_filters_come_from_the_address_and_go_back_to_it(open_view, demo_home):
    app = open_view(demo_home, "early_warnings", level="red,orange", kind="wash_trade,nonsense", page="7")
    assert app.multiselect(key="choice:en:level").value == ["red", "orange"]
    assert app.multiselect(key="choice:en:kind").value == ["wash_trade"]
    assert app.query_params["kind"] == "wash_trade"
    app.multiselect(key="choice:en:level").set_value(["yellow"]).run()
    assert app.query_params["level"] == "yellow"
    app.button(key="reset").click().run()
    assert "level" not in app.query_params
    assert "126 alerts" in said(app)


def test_filter_without_match_is_explained(open_view, demo_home):
    app = open_view(demo_home, "early_warnings", q="no such subject")
    assert "No alert matches" in said(app)
    backwards = open_view(demo_home, "early_warnings", **{"from": "2025-03-01", "to": "2025-02-01"})
    assert "first date is after" in said(backwards)


def test_language_switch_keeps_the_page(open_view, demo_home):
    app = open_view(demo_home, "early_warnings", level="red")
    app.segmented_control(key="language").set_value("zh").run()
    assert app.title[0].value == "风险预警"
    assert app.query_params["lang"] == "zh"
    assert app.query_params["level"] == "red"


def refuse(home: Path) -> None:
    result = {
        "gate": "ingestion",
        "table_name": "trades",
        "expectation": "expect_column_values_to_be_between",
        "column_name": "price",
        "severity": "critical",
        "success": False,
        "observed": "7 rows",
        "expected": "price > 0",
        "unexpected_count": 7,
        "element_count": 100,
        "description_en": "Prices are above zero",
        "description_zh": "价格大于零",
    }
    refusal = {
        "refused_at": "2025-07-02T01:00:00+00:00",
        "gate": "ingestion",
        "snapshot_id": "20250702",
        "results": [result],
    }
    (home / "refusal.json").write_text(json.dumps(refusal))


def test_refusal_is_shown_before_everything(open_view, tmp_path):
    home = write_home(tmp_path, {})
    refuse(home)
    app = open_view(home, "data_status")
    assert "The last run was refused" in app.error[0].value
    assert "1 critical checks failed" in said(app)
    assert "Prices are above zero" in app.dataframe[0].value.to_string()
    assert "refused by a quality gate" in open_view(home).warning[0].value


def test_refusal_is_shown_without_any_publication(open_view, tmp_path):
    refuse(tmp_path)
    app = open_view(tmp_path, "data_status")
    assert "The last run was refused" in app.error[0].value
    assert "Nothing has been published yet" in said(app)


HOSTILE = "<script>alert(1)</script> [click](http://evil.example) =cmd|' /C calc'!A0 :red[x] $a$ **b**"


def test_hostile_names_stay_text(open_view, tmp_path):
    marts = demo()
    marts["fct_alerts"] = (
        marts["fct_alerts"]
        .head(1)
        .with_columns(
            pl.lit(HOSTILE).alias(name) for name in ("title_zh", "title_en", "entity_name", "province_code")
        )
    )
    home = write_home(tmp_path, marts)
    app = open_view(home, "alert_detail", alert="A-0000000000000000")
    for words in [*(one.value for one in app.markdown), *(one.value for one in app.header)]:
        assert "<script>" not in words.replace("\\<", "")
        assert "[click](http" not in words
    assert "\\<script\\>" in app.header[0].value
    assert not open_view(home, "early_warnings").error


def test_unreadable_mart_is_explained_in_plain_words(open_view, tmp_path):
    home = write_home(tmp_path, demo())
    broken = home / "published" / SNAPSHOT / "marts" / "fct_alerts.parquet"
    broken.write_bytes(b"not parquet")
    app = open_view(home, "early_warnings")
    assert "cannot be read" in app.error[0].value
    assert "carbonwarden run" in said(app)


def test_missing_column_is_named(open_view, tmp_path):
    home = write_home(tmp_path, demo())
    path = home / "published" / SNAPSHOT / "marts" / "fct_alerts.parquet"
    pl.read_parquet(path).drop("level").write_parquet(path)
    assert "level" in said(open_view(home, "early_warnings"))


def test_a_page_stays_with_the_snapshot_it_began_with(open_view, tmp_path):
    home = write_home(tmp_path, demo(), "20250701")
    app = open_view(home, "early_warnings")
    assert "126 alerts" in said(app)
    write_home(home, {"fct_alerts": mart("fct_alerts")}, "20250702")
    app.run()
    assert "raised no alert" in said(app)
    assert any("20250702" in one.value for one in app.sidebar.caption)


def test_folder_of_files_is_read_like_one_file(open_view, tmp_path):
    home = write_home(tmp_path, demo())
    marts = home / "published" / "current" / "marts"
    frame = pl.read_parquet(marts / "fct_alerts.parquet")
    (marts / "fct_alerts.parquet").unlink()
    for number in range(2):
        part = marts / "fct_alerts" / f"period={number}" / "part-0.parquet"
        part.parent.mkdir(parents=True)
        frame.slice(number * 63, 63).drop("period").write_parquet(part)
    assert "126 alerts" in said(open_view(home, "early_warnings"))
    shutil.rmtree(marts / "fct_alerts")


@pytest.mark.parametrize(
    ("language", "failed", "gap", "unwatched"),
    [
        (
            "en",
            "failed in this run; their findings are absent: Late report",
            "1 gaps where data are expected",
            "Spoofing",
        ),
        ("zh", "其结果缺失：迟报", "有 1 处应有数据缺失", "虚假申报"),
    ],
)
def test_data_status_names_broken_detectors_gaps_and_kinds_without_a_detector(
    open_view, tmp_path, language, failed, gap, unwatched
):
    marts = demo()
    broken = pl.when(pl.col("kind") == "late_report").then(pl.lit("broken")).otherwise("state")
    marts["fct_detector_runs"] = marts["fct_detector_runs"].with_columns(state=broken)
    app = open_view(write_home(tmp_path, marts), "data_status", language)
    assert any(failed in error.value for error in app.error)
    assert any(gap in warning.value for warning in app.warning)
    assert unwatched in said(app)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_over_what_a_run_published(open_view, published, view, language):
    """The other homes of these tests are written by hand; this one by the pipeline."""
    app = open_view(published.settings.home, view, language)
    assert app.title


@pytest.mark.parametrize(
    ("language", "quantity", "expected", "factor"),
    [
        ("en", "CO₂ mass", "0 to 2,500 t CO₂/h", "Likely factor"),
        ("zh", "CO₂ 排放量", "0 至 2,500 吨 CO₂/小时", "可能的倍数"),
    ],
)
def test_a_reading_fault_says_what_was_expected(open_view, demo_home, language, quantity, expected, factor):
    app = open_view(demo_home, "reading_faults", language)
    shown = app.dataframe[0].value
    assert shown["quantity"][0] == quantity
    assert shown["expected"][0] == expected
    assert shown["unit_factor"][0] == 1000


@pytest.mark.parametrize(("language", "why"), [("en", "A regular feed"), ("zh", "正常的数据来源")])
def test_a_check_is_shown_with_its_reason_in_the_language(open_view, demo_home, language, why):
    app = open_view(demo_home, "data_status", language)
    assert any(why in frame.value.to_string() for frame in app.dataframe)


def test_a_file_is_shown_with_the_shares_that_it_lost(open_view, demo_home):
    app = open_view(demo_home, "accounting")
    files = app.dataframe[1].value
    assert list(files["file"][:2]) == ["transaction.csv", "lab_tests/date=2025-06-01/part-0.parquet"]
    assert list(files["lost_share"][:2]) == [0.1, 0.05]
    assert files["lost_tonnes_share"][0] == 0.4
    reasons = app.dataframe[2].value
    assert reasons["example_value"][0] == "五十八"
