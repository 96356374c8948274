"""A Chromium that can reach the desk and no other address.

Belongs here: starting it, opening a view, knowing when the view is complete. Used by the
screenshots and the browser tests; playwright is a development dependency, so it is imported late.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
SIZE = {"width": 1440, "height": 900}

# The script has run, no element of the earlier view is left, and every picture is drawn.
_COMPLETE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || app.getAttribute('data-test-script-state') !== 'notRunning') return false;
  if (document.querySelector('[data-testid="stSkeleton"]')) return false;
  if (!document.querySelector('h1')) return false;
  return [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].every(
    one => one.querySelector('canvas, svg'));
}"""


def chromium() -> Path | None:
    """Where Chromium is installed, or None."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return Path(found) if found else None


@contextmanager
def launch() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise FileNotFoundError(
            "expected Chromium on the PATH, found none; install it, for example "
            "`apt-get install chromium fonts-noto-cjk`"
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(path), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def context(browser: Browser, language: str, url: str, strangers: list[str] | None = None) -> BrowserContext:
    """A fresh session; requests to anywhere but the desk are refused and, if wanted, listed."""
    made = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type]
        locale=LOCALES[language],
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        accept_downloads=True,
    )

    def guard(route: object) -> None:
        address = route.request.url  # type: ignore[attr-defined]
        if address.startswith((url, "data:", "blob:")):
            route.continue_()  # type: ignore[attr-defined]
            return
        if strangers is not None:
            strangers.append(address)
        route.abort()  # type: ignore[attr-defined]

    made.route("**/*", guard)
    return made


def settle(page: Page, timeout: float = 30_000) -> None:
    """Wait until the view is complete."""
    page.wait_for_function(_COMPLETE, timeout=timeout)


def open_view(page: Page, url: str, view: str, **parameters: str) -> None:
    """Go to a view and wait until it is complete."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    page.goto(f"{url}/{view}?{query}")
    settle(page)
