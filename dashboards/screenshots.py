"""Pictures of every view in both languages: `python -m dashboards.screenshots --home HOME --out DIR`.

Belongs here: which views are shown and how large. Does not belong here: starting browsers
(`browser.py`) or the desk (`server.py`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from dashboards import browser, server
from dashboards.language import LANGUAGES
from pipelines.core.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS = {
    "market-health": "",
    "early-warnings": "alerts",
    "data-status": "data",
    "accounting": "accounting",
    "reading-faults": "readings",
}
# Kinds whose evidence makes different pictures; the alert of highest severity of each that occurs is shown.
KINDS = (
    "wash_trade",
    "circular_trade",
    "mass_balance_gap",
    "output_mismatch",
    "lab_date_conflict",
    "surrender_shortfall",
    "marking_the_close",
)
TALLEST = 3_200

_CONTENT_HEIGHT = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return main ? main.scrollHeight : document.body.scrollHeight;
}"""


def highest(home: Path, kinds: tuple[str, ...]) -> dict[str, str]:
    """The alert with the highest score of each shown kind."""
    folder = Settings.load(home).current / "marts" / "fct_alerts.parquet"
    frame = pl.scan_parquet(folder).select("alert_id", "kind", "score").filter(pl.col("kind").is_in(kinds))
    best = frame.sort(["score", "alert_id"], descending=[True, False]).unique("kind", keep="first").collect()
    found = dict(best.select("kind", "alert_id").iter_rows())
    return {kind: found[kind] for kind in kinds if kind in found}


def shoot(page: Page, path: Path) -> None:
    """The whole view as one picture, however long it is."""
    page.set_viewport_size(browser.SIZE)  # type: ignore[arg-type]
    browser.settle(page)
    height = min(int(page.evaluate(_CONTENT_HEIGHT)), TALLEST)
    page.set_viewport_size({"width": browser.SIZE["width"], "height": height})
    browser.settle(page)
    page.wait_for_timeout(700)
    page.mouse.move(0, 0)
    page.screenshot(path=path, animations="disabled")
    print(path, file=sys.stderr)


def take(
    home: Path, out: Path, languages: tuple[str, ...] = LANGUAGES, kinds: tuple[str, ...] = KINDS
) -> None:
    """Every view and one alert of each shown kind, in each language."""
    out.mkdir(parents=True, exist_ok=True)
    alerts = highest(home, kinds)
    with server.serve(home) as url, browser.launch() as chromium:
        for language in languages:
            session = browser.context(chromium, language, url)
            page = session.new_page()
            for name, view in VIEWS.items():
                browser.open_view(page, url, view, lang=language)
                shoot(page, out / f"{name}.{language}.png")
            for kind, alert in alerts.items():
                browser.open_view(page, url, "alert", lang=language, alert=alert)
                shoot(page, out / f"alert-{kind.replace('_', '-')}.{language}.png")
            session.close()


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a publication")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the PNG files")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only alerts of this kind")
    parser.add_argument("--language", choices=LANGUAGES, help="only this one (default: both)")
    chosen = parser.parse_args()
    languages = (chosen.language,) if chosen.language else LANGUAGES
    take(chosen.home.absolute(), chosen.out, languages, tuple(chosen.kind or KINDS))


if __name__ == "__main__":
    main()
