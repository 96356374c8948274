"""The desk in a real Chromium: every view, filters, links, downloads, and no call to anywhere else."""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from pathlib import Path

import desk_world
import polars as pl
import pytest

from dashboards import browser, server
from dashboards.screenshots import highest, shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.chromium() is None, reason="no Chromium is installed"),
]

TITLES = {
    "zh": {
        **{"": "市场运行", "alerts": "风险预警", "alert": "预警详情"},
        **{"data": "数据状况", "accounting": "行数核算", "readings": "读数异常"},
    },
    "en": {
        **{"": "Market health", "alerts": "Early warnings", "alert": "Alert detail"},
        **{"data": "Data status", "accounting": "Row accounting", "readings": "Reading faults"},
    },
}
WITH_PICTURES = ("", "alerts", "alert")
ALERT = "A-0000000000000001"


@pytest.fixture(scope="module")
def url(demo_home: Path) -> Iterator[str]:
    with server.serve(demo_home) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with browser.launch() as launched:
        yield launched


class Visit:
    """A page, with what its console said and whom it called."""

    def __init__(self, chromium, url: str, language: str) -> None:
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        self.session = browser.context(chromium, language, url, self.strangers)
        self.page = self.session.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message) -> None:
        # Streamlit looks for its server below a view's address first, and at the root after that.
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            self.complaints.append(f"{message.text} {message.location}")

    def title(self) -> str:
        return self.page.locator("h1").first.inner_text().strip()


@pytest.fixture
def visit(chromium, url) -> Iterator[Visit]:
    made = Visit(chromium, url, "en")
    yield made
    made.session.close()
    assert made.strangers == []
    assert made.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_loads_in_both_languages(chromium, url, language):
    visit = Visit(chromium, url, language)
    for view, title in TITLES[language].items():
        browser.open_view(visit.page, url, view, lang=language, alert=ALERT)
        assert visit.title() == title
        assert visit.page.locator('[data-testid="stException"]').count() == 0
        if view in WITH_PICTURES:
            assert visit.page.locator('[data-testid="stVegaLiteChart"]').count() > 0
    visit.session.close()
    assert visit.strangers == []
    assert visit.complaints == []


def test_filters_reach_the_address_and_the_address_is_a_deep_link(visit, url):
    page = visit.page
    browser.open_view(page, url, "alerts", lang="en")
    page.get_by_placeholder("part of a name").fill("E000003")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=E000003**")
    browser.settle(page)
    found = page.locator("h3").first.inner_text()
    link = page.url
    other = visit.session.new_page()
    other.goto(link)
    browser.settle(other)
    assert other.locator("h3").first.inner_text() == found
    assert " of 126 alerts" in found
    assert other.get_by_placeholder("part of a name").input_value() == "E000003"


def test_a_click_on_a_row_opens_the_alert_and_the_way_back_keeps_the_filters(visit, url):
    page = visit.page
    browser.open_view(page, url, "alerts", lang="en", level="red")
    grid = page.locator('[data-testid="stDataFrame"]').first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    page.mouse.click(box["x"] + 400, box["y"] + 38 + 17)
    page.wait_for_url("**/alert?**alert=A-**")
    browser.settle(page)
    assert visit.title() == "Alert detail"
    page.get_by_text("Back to early warnings").click()
    page.wait_for_url("**/alerts?**level=red**")
    browser.settle(page)
    assert visit.title() == "Early warnings"
    assert " of 126 alerts" in page.locator("h3").first.inner_text()


def test_download_is_what_was_filtered(visit, url, tmp_path):
    page = visit.page
    browser.open_view(page, url, "alerts", lang="en", level="red")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    path = tmp_path / "alerts.csv"
    waiting.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["level"] for row in rows} == {"red"}
    assert all(row["evidence"].startswith("[{") for row in rows)


def test_the_language_switch_changes_every_word_and_keeps_the_alert(visit, url):
    page = visit.page
    browser.open_view(page, url, "alert", lang="en", alert=ALERT)
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    page.wait_for_url("**lang=zh**")
    page.wait_for_function("() => document.querySelector('h1').innerText.trim() === '预警详情'")
    assert f"alert={ALERT}" in page.url


def test_the_language_switch_keeps_the_order_of_the_list(visit, url):
    page = visit.page
    browser.open_view(page, url, "alerts", lang="zh", sort="newest")
    page.get_by_test_id("stSidebar").get_by_text("English").click()
    page.wait_for_function("() => document.querySelector('h1').innerText.trim() === 'Early warnings'")
    browser.settle(page)
    assert page.get_by_role("combobox", name="Order").input_value() == "Newest first"
    assert "sort=newest" in page.url


def test_hostile_markup_in_data_never_runs(chromium, tmp_path):
    marts = desk_world.demo()
    hostile = "<img src=x onerror=\"document.title='owned'\">[a](javascript:alert(1))"
    names = [pl.lit(hostile).alias(name) for name in ("title_zh", "title_en", "entity_name")]
    marts["fct_alerts"] = marts["fct_alerts"].head(3).with_columns(names)
    marts["dim_accounts"] = marts["dim_accounts"].with_columns(pl.lit(hostile).alias("holder_name"))
    with server.serve(desk_world.write_home(tmp_path, marts)) as address:
        visit = Visit(chromium, address, "en")
        for place in ("", "alerts", "alert"):
            browser.open_view(visit.page, address, place, lang="en", alert=ALERT)
            assert visit.page.locator('img[src="x"]').count() == 0
            assert visit.page.locator('a[href^="javascript"]').count() == 0
        assert visit.page.title() != "owned"
        visit.session.close()
        assert visit.strangers == []


def test_a_picture_shows_a_view_to_its_end(visit, url, tmp_path):
    browser.open_view(visit.page, url, "alerts", lang="en")
    shoot(visit.page, tmp_path / "early-warnings.png")
    header = (tmp_path / "early-warnings.png").read_bytes()[:24]
    width, height = struct.unpack(">II", header[16:24])
    assert width == browser.SIZE["width"]
    assert height > browser.SIZE["height"]


def test_pictures_show_the_alert_with_the_highest_score_of_a_kind(demo_home):
    alerts = desk_world.demo()["fct_alerts"].filter(kind="circular_trade")
    found = highest(demo_home, ("circular_trade", "no_such_kind"))
    assert found.keys() == {"circular_trade"}
    assert alerts.filter(alert_id=found["circular_trade"])["score"].item() == alerts["score"].max()
