"""The part of an alert's page that says what its level rests on.

Belongs here: elements of that part. Does not belong here: reading and wording it (`assessments`).
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import assessments, inventory, page, safety
from dashboards.alerts import Alert
from dashboards.assessments import Assessment
from dashboards.data import Snapshot
from dashboards.page import Desk


def show(desk: Desk, snapshot: Snapshot, alert: Alert) -> None:
    """What is at stake, what the level rests on, what could explain the finding, facts, related alerts."""
    words, found = desk.words, assessments.one(snapshot, alert["alert_id"])
    if found is None:
        return
    with st.container(border=True):
        st.subheader(words("assessment.title"), anchor=False)
        tonnes, money, level = st.columns([1, 1, 2])
        stake, currency = found.row["stake_tco2e"], words.currency(found.row["currency"])
        tonnes.metric(words("assessment.tonnes"), words.number(stake), help=assessments.basis(words, found))
        tonnes.caption(safety.markdown(assessments.basis(words, found)))
        money.metric(words("assessment.money", currency=currency), words.number(found.row["stake_money"]))
        money.caption(safety.markdown(assessments.money(words, found)))
        with level:
            st.caption(words.column("level"))
            st.markdown(
                f"**{safety.markdown(words.code('level', alert['level']))}**  \n"
                f"{safety.markdown(assessments.reason(words, found))}"
            )
        _explained(desk, found)
        for line in assessments.facts(words, found):
            st.info(safety.markdown(line), icon=":material/info:")
        st.caption(safety.markdown(assessments.record(words, alert["kind"], alert["level"])))
        runs = inventory.detector_runs(snapshot)
        watched = set(runs.filter(pl.col("state") == "ran")["kind"])
        if runs.height and (said := assessments.unwatched(words, watched, alert["family"])):
            st.caption(safety.markdown(said))
        _related(desk, assessments.related(snapshot, alert["alert_id"]))


def _explained(desk: Desk, found: Assessment) -> None:
    words, lines = desk.words, assessments.explanations(desk.words, found)
    if not lines:
        return
    said = "  \n".join(map(safety.markdown, lines))
    st.warning(f"**{words('assessment.explained')}**  \n{said}", icon=":material/report:")
    rows = assessments.explaining_rows(found)
    if rows.height:
        with st.expander(words("assessment.explaining_rows")):
            page.table(desk, rows, "explaining")


def _related(desk: Desk, rows: pl.DataFrame) -> None:
    words = desk.words
    if rows.is_empty():
        st.caption(words("assessment.no_related"))
        return
    with st.expander(f"{words('assessment.related')} ({words.number(rows.height)})"):
        for row in rows.head(20).iter_rows(named=True):
            level = safety.markdown(words.code("level", row["level"]))
            title = safety.markdown(row[f"title_{words.language}"])
            st.page_link(
                "views/alert_detail.py",
                label=f"{level}{words('common.list_separator')}{title}",
                query_params={"alert": row["alert_id"], "lang": words.language},
            )
