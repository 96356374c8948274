"""What every page consists of: heading, tiles, cards, tables, downloads, explained empty states.

Belongs here: what all views share. Does not belong here: what a single view shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl
import streamlit as st

from dashboards import data, safety
from dashboards.data import DeskError, Snapshot
from dashboards.language import Words
from pipelines.core.settings import Settings

_DESK = "_desk"

# Columns whose values are codes with a name in both languages.
_CODE_LISTS = {
    "level": "level",
    "family": "family",
    "sector": "sector",
    "province_code": "province",
    "verdict": "verdict",
    "registry_status": "verdict",
    "subject_type": "subject_type",
    "gate": "gate",
    "severity": "severity",
    "table_name": "table",
    "mode": "mode",
    "holder_type": "holder_type",
    "conclusion": "conclusion",
    "unit_class": "unit_class",
    "fuel": "fuel",
    "reason": "reason",
    "check_name": "completeness_check",
    "delivery_state": "delivery_state",
    "delivery_status": "delivery_status",
    "expectation_basis": "expectation_basis",
    "kind": "transfer_kind",
    "stage": "accounting_stage",
    "quantity": "reading",
    "source_table": "table",
    "fault": "reading_fault",
    "applies_to": "fuel_state",
    "unit": "unit_name",
}
_LEADS = {
    "market_health": "health.lead",
    "early_warnings": "warnings.lead",
    "data_status": "status.lead",
    "accounting": "accounting.lead",
    "reading_faults": "readings.lead",
}
# Whole numbers that are names, not quantities: no thousands separators.
_LABEL_NUMBERS = {
    "year",
    "vintage",
    "row_number",
    "example_row_number",
    "revision",
    "position",
    "evidence_no",
}
# Columns in which `all` stands for no particular one.
_WHOLE = {"gap_period", "first_period", "last_period", "province_code", "column_name"}
# Texts that repeat another column, or that only programs read.
_HIDDEN = {"period", "from_party_id", "to_party_id", "buy_party_id", "sell_party_id"}


@dataclass(frozen=True)
class Desk:
    """What one rerun uses: one language and one snapshot."""

    words: Words
    settings: Settings
    snapshot: Snapshot | None

    @property
    def market(self) -> dict[str, str]:
        """The market's id, currency and time zone."""
        assert self.snapshot is not None  # noqa: S101  views begin with begin(), which stops without one
        return data.market(self.snapshot)


def open_desk(language: str) -> Desk:
    """Follow `published/current` for this rerun and keep the result for its view."""
    settings = Settings.load()
    desk = Desk(Words(language), settings, None)
    st.session_state[_DESK] = desk
    desk = Desk(desk.words, settings, data.current(settings))
    st.session_state[_DESK] = desk
    return desk


def this_desk() -> Desk:
    """The desk that this rerun opened."""
    return st.session_state[_DESK]


def begin(page: str) -> tuple[Desk, Snapshot]:
    """Heading and banner; without a publication, what to do about it, and nothing more."""
    desk = this_desk()
    heading(desk, page)
    if desk.snapshot is None:
        no_publication(desk)
        st.stop()
    refused_banner(desk)
    return desk, desk.snapshot


def heading(desk: Desk, page: str) -> None:
    """The page's title and what it is for."""
    st.title(desk.words(f"nav.{page}"), anchor=False)
    if page in _LEADS:
        st.caption(desk.words(_LEADS[page]))


def no_publication(desk: Desk) -> None:
    """Why every page is empty, and the commands that fill them."""
    with st.container(border=True):
        st.subheader(desk.words("empty.no_publication_title"), anchor=False)
        st.markdown(desk.words("empty.no_publication", home=safety.markdown(desk.settings.home)))
        st.markdown(desk.words("empty.no_publication_do"))
        st.code("carbonwarden demo\ncarbonwarden run --source DIR", language=None)


def refused_banner(desk: Desk) -> None:
    """One line on every page as long as the last run was refused."""
    refusal = data.refusal(desk.settings)
    if refusal:
        when = safety.markdown(moment(desk, refusal.get("refused_at")))
        st.warning(desk.words("common.refused_banner", when=when), icon=":material/gpp_maybe:")


def explain(desk: Desk, error: DeskError) -> None:
    """A reading error as text for the reader."""
    st.error(f"**{desk.words('empty.broken_title')}**", icon=":material/error:")
    expected = desk.words(error.expectation, **error.values)
    found = (
        error.found
        if error.expectation != "empty.columns_expected"
        else desk.words("empty.columns_found", columns=error.found)
    )
    st.markdown(
        desk.words(
            "empty.broken",
            expected=safety.markdown(expected),
            found=safety.markdown(found),
            where=safety.markdown(error.where),
        )
    )
    st.markdown(desk.words("empty.broken_do"))


def moment(desk: Desk, iso: object) -> str:
    """A time from a manifest, in the market's time zone; a text that is no time is left unchanged."""
    try:
        given = dt.datetime.fromisoformat(str(iso))
    except ValueError:
        return str(iso or "")
    zone = ZoneInfo(desk.market["timezone"]) if desk.snapshot else dt.UTC
    aware = given if given.tzinfo else given.replace(tzinfo=dt.UTC)
    return f"{aware.astimezone(zone):%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Tile:
    """One figure: a label, its value, and a line below."""

    label: str
    value: str
    note: str = ""
    help: str = ""
    change: float | None = None


@contextmanager
def section(title: str, lead: str) -> Iterator[None]:
    """A bordered part of a page with its title and what a reader finds there."""
    with st.container(border=True):
        st.subheader(title, anchor=False)
        st.caption(lead)
        yield


def tiles(desk: Desk, shown: list[Tile], in_row: int = 4) -> None:
    """Figures in aligned rows of equal width."""
    # Chinese screens show a rise in red and a fall in green, others the other way round.
    rising = "inverse" if desk.words.language == "zh" else "normal"
    for start in range(0, len(shown), in_row):
        for column, tile in zip(st.columns(in_row), shown[start : start + in_row], strict=False):
            changed = tile.change is not None
            column.metric(
                tile.label,
                tile.value,
                delta=f"{tile.change * 100:+.2f}%" if tile.change is not None else (tile.note or None),
                delta_color=rising if changed else "off",  # type: ignore[arg-type]
                delta_arrow="auto" if changed else "off",
                delta_description=tile.note if changed else None,
                help=tile.help or None,
                border=True,
                height="stretch",
            )


@dataclass(frozen=True)
class Card:
    """A picture with its heading."""

    title: str
    chart: alt.Chart | alt.LayerChart | None
    lead: str = ""


def cards(shown: list[Card], in_row: int = 2) -> None:
    """Pictures side by side; those without anything to show are left out."""
    kept = [card for card in shown if card.chart is not None]
    for start in range(0, len(kept), in_row):
        row = kept[start : start + in_row]
        for column, card in zip(st.columns(len(row)), row, strict=True):
            with column.container(border=True, height="stretch"):
                st.subheader(card.title, anchor=False)
                if card.lead:
                    st.caption(card.lead)
                draw(card.chart)


def draw(chart: alt.Chart | alt.LayerChart | None) -> None:
    """A picture at the width of its place."""
    if chart is not None:
        st.altair_chart(chart, width="stretch")


def _column(desk: Desk, name: str, kind: pl.DataType) -> Any:
    title = desk.words.column(name)
    if isinstance(kind, pl.Datetime):
        return st.column_config.DatetimeColumn(title, format="YYYY-MM-DD HH:mm:ss")
    if isinstance(kind, pl.Date):
        return st.column_config.DateColumn(title, format="YYYY-MM" if name == "month" else "YYYY-MM-DD")
    if name.endswith("_share") and kind.is_float():
        return st.column_config.NumberColumn(title, format="percent")
    if kind.is_numeric():
        plain = name in _LABEL_NUMBERS
        return st.column_config.NumberColumn(title, format="%d" if plain else "localized")
    return st.column_config.Column(title)


def readable(desk: Desk, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows for a reader: names for codes, wall-clock times, no empty columns."""
    kept = [name for name in frame.columns if name not in _HIDDEN and frame[name].null_count() < frame.height]
    shown = frame.select(kept)
    changes = []
    for name, kind in shown.schema.items():
        if name in _WHOLE and kind == pl.String:
            shown = shown.with_columns(pl.col(name).replace({"all": desk.words("common.all")}))
        if name in _CODE_LISTS and kind == pl.String:
            codes = shown[name].drop_nulls().unique().sort().to_list()
            names = {one: desk.words.code(_CODE_LISTS[name], one) for one in codes}
            changes.append(pl.col(name).replace_strict(names, default=None, return_dtype=pl.String))
        elif isinstance(kind, pl.Datetime):
            changes.append(data.local_time(name, desk.market["timezone"]))
        elif isinstance(kind, pl.Decimal):
            changes.append(pl.col(name).cast(pl.Float64))
        elif kind.is_float():
            changes.append(pl.col(name).round_sig_figs(6))
    return safety.visible_columns(shown.with_columns(changes))


def table(desk: Desk, frame: pl.DataFrame, name: str, limit: int = 1_000) -> None:
    """Rows with headings and units, and a download of the same rows as they are published."""
    part = frame.head(limit)
    shown = readable(desk, part)
    st.dataframe(
        shown,
        column_config={column: _column(desk, column, kind) for column, kind in shown.schema.items()},
        hide_index=True,
        placeholder="",
        height=min(38 + 35 * shown.height, 388),
        key=f"table:{name}",
    )
    counted = desk.words.number(frame.height)
    if frame.height > limit:
        st.caption(desk.words("common.rows_limited", count=counted, shown=desk.words.number(limit)))
    else:
        st.caption(desk.words("common.rows", count=counted))
    download(desk, name, lambda: part)


def download(desk: Desk, name: str, rows: Callable[[], pl.DataFrame]) -> None:
    """A button that makes its CSV when it is pressed."""
    st.download_button(
        desk.words("common.download_csv"),
        data=lambda: safety.csv(rows()),
        file_name=f"carbonwarden-{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download:{name}",
    )
