"""The desk's entry point: language, navigation, and nothing else.

Run it with `carbonwarden dashboard`, or `streamlit run dashboards/app.py` with CARBONWARDEN_HOME set.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards import ages, page, state
from dashboards.data import DeskError
from dashboards.language import LANGUAGES, NAMES, Words
from dashboards.page import Desk

# File under views/, address, icon. Addresses are stable, as reports keep links to them; the first
# view is the default one, which Streamlit serves at the bare address whatever is written here.
SUPERVISION = (
    ("market_health", "market", ":material/monitoring:"),
    ("early_warnings", "alerts", ":material/notifications:"),
    ("alert_detail", "alert", ":material/plagiarism:"),
)
DATA = (
    ("data_status", "data", ":material/database:"),
    ("accounting", "accounting", ":material/balance:"),
    ("reading_faults", "readings", ":material/speed:"),
)

# A file of our own: Streamlit fetches named icons for the browser tab from an external address.
ICON = str(Path(__file__).with_name("mark.svg"))

_MARK = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 40" height="40" width="{width}">
<path d="M20 2 L35 8 V20 C35 29 28 35 20 38 C12 35 5 29 5 20 V8 Z" fill="#1f4e79"/>
<path d="M12 25 L17 18 L22 22 L29 12" fill="none" stroke="#fff" stroke-width="2.6"
 stroke-linecap="round" stroke-linejoin="round"/>
<text x="45" y="27" font-size="19" font-weight="600" fill="#1b2733"
 font-family="Source Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif">{name}</text>
</svg>"""


def _pages(words: Words, chosen: tuple[tuple[str, str, str], ...]) -> list[object]:
    return [
        st.Page(
            f"views/{file}.py",
            title=words(f"nav.{file}"),
            icon=icon,
            url_path=address,
            default=file == "market_health",
        )
        for file, address, icon in chosen
    ]


def _sidebar(desk: Desk) -> None:
    words = desk.words
    with st.sidebar:
        st.segmented_control(
            words("nav.language"),
            options=list(LANGUAGES),
            format_func=lambda code: NAMES[code],
            key=state.LANGUAGE,
            required=True,
            label_visibility="collapsed",
        )
        if desk.snapshot is not None:
            as_of = page.data.manifest(desk.snapshot).get("as_of", "")
            st.caption(words("nav.footer_as_of", as_of=page.safety.markdown(as_of)))
            _age(desk, str(as_of))
            st.caption(words("nav.footer", snapshot=page.safety.markdown(desk.snapshot.id)))


def _age(desk: Desk, as_of: str) -> None:
    """Which data are too old on the as-of date, or how far the oldest reach."""
    rows = ages.ages(desk.snapshot, as_of) if desk.snapshot else None
    if rows is None or rows.is_empty():
        return
    words, stale = desk.words, rows.filter("is_stale")
    oldest = rows.row(0, named=True)
    values = {
        "table": words.code("table", oldest["table_name"]),
        "until": words.date(oldest["covered_until"]),
        "days": words.number(oldest["age_days"]),
    }
    if stale.height:
        counted = words("age.stale", count=words.number(stale.height), **values)
        st.warning(page.safety.markdown(counted), icon=":material/history:")
    else:
        st.caption(page.safety.markdown(words("age.oldest", **values)))


def main() -> None:
    """Draw the frame and run the chosen view."""
    language = state.choose_language()
    words = Words(language)
    st.set_page_config(page_title=words("nav.product"), page_icon=ICON, layout="wide")
    st.logo(_MARK.format(name=words("nav.product"), width=235 if language == "zh" else 190), size="large")
    view = st.navigation(
        {
            words("nav.supervision"): _pages(words, SUPERVISION),  # type: ignore[dict-item]
            words("nav.data"): _pages(words, DATA),  # type: ignore[dict-item]
        }
    )
    try:
        _sidebar(page.open_desk(language))
        view.run()
    except DeskError as error:
        page.explain(page.this_desk(), error)


main()
