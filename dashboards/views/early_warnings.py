"""Early warnings: every alert, filtered, counted, and one click from its evidence."""

from __future__ import annotations

import math

import polars as pl
import streamlit as st

from anomaly.core.kinds import KINDS
from dashboards import alerts, data, page, safety, state
from dashboards.alerts import AlertFilter
from dashboards.charts import style
from dashboards.charts import warnings as charts
from dashboards.data import Snapshot
from dashboards.page import Card, Desk
from dashboards.state import Choice

PAGE_ROWS = 50
_SORTS = ["severity", "newest"]


def _choices(frame: pl.DataFrame) -> dict[str, Choice]:
    """The filters; only kinds and provinces that occur can be chosen."""
    present = set(frame["kind"])
    kinds = [kind for kind in KINDS if kind in present] + sorted(present - set(KINDS))
    provinces = frame["province_code"].drop_nulls().unique().sort().to_list()
    return {
        "level": state.codes("level", list(alerts.LEVELS)),
        "family": state.codes("family", list(alerts.FAMILIES)),
        "kind": state.codes("kind", kinds),
        "province": state.codes("province", provinces),
        "from": state.day("from"),
        "to": state.day("to"),
        "query": state.words_typed("q"),
        "sort": state.code("sort", _SORTS, _SORTS[0]),
        "page": state.number("page"),
    }


def _filters(desk: Desk, frame: pl.DataFrame, choices: dict[str, Choice]) -> AlertFilter:
    words = desk.words

    def first_page() -> None:
        st.session_state[choices["page"].key] = 1

    provinces = frame["province_code"].drop_nulls().unique().sort().to_list()
    present = set(frame["kind"])
    kinds = [kind for kind in KINDS if kind in present] + sorted(present - set(KINDS))
    lists = (
        ("level", list(alerts.LEVELS), lambda one: words.code("level", one)),
        ("family", list(alerts.FAMILIES), lambda one: words.code("family", one)),
        ("kind", kinds, words.kind),
        ("province", provinces, lambda one: words.code("province", one)),
    )
    with st.container(border=True):
        for column, (name, options, label) in zip(st.columns(4), lists, strict=True):
            column.multiselect(
                words(f"warnings.{name}"),
                options,
                format_func=label,
                key=choices[name].key,
                placeholder=words("common.all"),
                on_change=first_page,
            )
        query, first, last, order, clear = st.columns([3.1, 1.5, 1.5, 1.9, 1.4], vertical_alignment="bottom")
        query.text_input(
            words("warnings.query"),
            key=choices["query"].key,
            placeholder=words("warnings.query_hint"),
            icon=":material/search:",
            on_change=first_page,
        )
        for column, name in ((first, "from"), (last, "to")):
            column.date_input(
                words(f"warnings.{name}"),
                key=choices[name].key,
                format="YYYY-MM-DD",
                on_change=first_page,
            )
        order.selectbox(
            words("warnings.sort"),
            _SORTS,
            format_func=lambda one: words(f"warnings.sort_{one}"),
            key=choices["sort"].key,
            on_change=first_page,
        )
        clear.button(
            words("warnings.reset"),
            on_click=lambda: state.reset(list(choices.values())),
            key="reset",
            width="stretch",
        )
    return AlertFilter(
        levels=tuple(choices["level"].value),
        families=tuple(choices["family"].value),
        kinds=tuple(choices["kind"].value),
        provinces=tuple(choices["province"].value),
        start=choices["from"].value,
        end=choices["to"].value,
        query=choices["query"].value or "",
        newest_first=choices["sort"].value == "newest",
    )


def _rows(desk: Desk, part: pl.DataFrame) -> pl.DataFrame:
    """One page of alerts as a reader sees them; the last moment of a window is inside it."""
    words, timezone = desk.words, desk.market["timezone"]
    names = {level: [words.code("level", level)] for level in alerts.LEVELS}
    last = pl.col("window_end") - pl.duration(microseconds=1)
    local = part.with_columns(last.alias("window_end")).with_columns(
        data.local_time("window_start", timezone).dt.date(), data.local_time("window_end", timezone).dt.date()
    )
    return pl.DataFrame(
        {
            "level": [names.get(level, [level]) for level in part["level"]],
            "score": part["score"],
            "stake_tco2e": part["stake_tco2e"].round(0),
            "stake_money": part["stake_money"].round(0),
            "kind": [words.kind(kind) for kind in part["kind"]],
            "title": part[f"title_{words.language}"],
            "subjects": part["subjects"],
            "province_code": [words.code("province", one) if one else "" for one in part["province_code"]],
            "window_start": local["window_start"],
            "window_end": local["window_end"],
        }
    )


def _table(desk: Desk, part: pl.DataFrame) -> None:
    words, config = desk.words, st.column_config
    names = [words.code("level", level) for level in alerts.LEVELS]
    picked = st.dataframe(
        safety.visible_columns(_rows(desk, part)),
        hide_index=True,
        height=38 + 35 * min(part.height, 15),
        on_select="rerun",
        selection_mode="single-cell",
        key=f"alerts:{words.language}",
        column_config={
            "level": config.MultiselectColumn(
                words.column("level"), options=names, color=list(style.LEVEL_COLOURS.values()), width=72
            ),
            "score": config.ProgressColumn(
                words.column("score"), min_value=0, max_value=1, format="%.2f", width=96
            ),
            "stake_tco2e": config.NumberColumn(words.column("stake_tco2e"), format="localized", width=84),
            "stake_money": config.NumberColumn(
                words("assessment.money", currency=words.currency(desk.market["currency"])),
                format="localized",
                width=96,
            ),
            "kind": config.TextColumn(words.column("kind"), width=125),
            "title": config.TextColumn(words.column("title"), width=300),
            "subjects": config.TextColumn(words("detail.subjects"), width=120),
            "province_code": config.TextColumn(words.column("province_code"), width=92),
            "window_start": config.DateColumn(words.column("window_start"), format="YYYY-MM-DD", width=88),
            "window_end": config.DateColumn(words.column("window_end"), format="YYYY-MM-DD", width=88),
        },
    )
    chosen = picked["selection"]
    rows = [cell[0] for cell in chosen.get("cells", [])]
    if rows and rows[0] < part.height:
        where = {"alert": part["alert_id"][rows[0]], "lang": words.language}
        st.switch_page("views/alert_detail.py", query_params=where)


def _listing(desk: Desk, snapshot: Snapshot, chosen: pl.DataFrame, choice: Choice) -> None:
    words = desk.words
    pages = math.ceil(chosen.height / PAGE_ROWS)
    at = min(choice.value, pages)
    # A filter may have left fewer pages than the address names.
    if at != choice.value:
        st.session_state[choice.key] = at
    first = (at - 1) * PAGE_ROWS
    part = chosen.slice(first, PAGE_ROWS)
    shown = words("warnings.shown", first=words.number(first + 1), last=words.number(first + part.height))
    st.caption(shown + words("common.semicolon") + words("warnings.open_hint"))
    _table(desk, part)
    left, right = st.columns([5, 1], vertical_alignment="center")
    with left:
        if pages > 1:
            st.pagination(pages, key=choice.key)
    ids = tuple(chosen["alert_id"])
    with right:
        page.download(desk, "alerts", lambda: alerts.export(snapshot, ids))


def main() -> None:
    """Filters, counts as pictures, then the rows."""
    desk, snapshot = page.begin("early_warnings")
    words = desk.words
    frame = alerts.listing(snapshot)
    if frame.is_empty():
        with st.container(border=True):
            st.subheader(words("warnings.none_title"), anchor=False)
            idle = alerts.no_detector_ran(snapshot)
            st.markdown(words("warnings.none_applicable" if idle else "warnings.none"))
        return
    choices = _choices(frame)
    state.load("alerts", list(choices.values()))
    wanted = _filters(desk, frame, choices)
    chosen = alerts.select(frame, wanted)
    counts = alerts.level_counts(chosen)
    count, total = words.number(chosen.height), words.number(frame.height)
    found = (
        words("warnings.found", count=count)
        if chosen.height == frame.height
        else words("warnings.found_of", count=count, total=total)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(found, anchor=False, width="content")
        for level in alerts.LEVELS:
            st.badge(f"{words.code('level', level)} {words.number(counts[level])}", color=level)  # type: ignore[arg-type]
    if chosen.is_empty():
        late = wanted.start and wanted.end and wanted.start > wanted.end
        st.info(words("warnings.bad_dates" if late else "warnings.none_match"))
    else:
        kinds = alerts.by_kind(chosen)
        height = max(charts.matrix_height(kinds), 200)
        timeline = charts.timeline(alerts.by_time(chosen), words, height)
        page.cards(
            [
                Card(words("warnings.timeline"), timeline),
                Card(words("warnings.matrix"), charts.matrix(kinds, words)),
            ]
        )
        _listing(desk, snapshot, chosen, choices["page"])
    state.save("alerts", list(choices.values()))


if __name__ == "__main__":
    main()
