"""One alert: what it says, the figures against their thresholds, and the rows that show it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from anomaly.core.policy import load_policy
from dashboards import alert_context, alerts, data, evidence, page, pictures, safety, state
from dashboards.alerts import Alert
from dashboards.charts import detail as charts
from dashboards.data import Snapshot
from dashboards.evidence import Evidence
from dashboards.page import Desk

_RULES = ("rule_id", "document_id", "article")


def _back(desk: Desk) -> None:
    st.page_link(
        "views/early_warnings.py",
        label=desk.words("detail.back"),
        icon=":material/arrow_back:",
        query_params={**state.last("alerts"), "lang": desk.words.language},
    )


def _ask(desk: Desk) -> None:
    """No alert was named: ask the reader for one."""
    st.info(desk.words("detail.choose"))
    typed = st.text_input(desk.words("detail.id"), key="alert_id", placeholder="A-0123456789abcdef")
    if typed:
        st.query_params["alert"] = typed.strip()
        st.rerun()


def _local(desk: Desk, moment: dt.datetime) -> dt.datetime:
    zone = ZoneInfo(desk.market["timezone"])
    return moment.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)


def _window(desk: Desk, alert: Alert) -> str:
    """The window in local days, or to the minute where it is shorter than a day."""
    start, end = (_local(desk, alert[name]) for name in ("window_start", "window_end"))
    if end - start < dt.timedelta(days=1):
        same_day = start.date() == end.date()
        return f"{start:%Y-%m-%d %H:%M} – {end:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'}}"
    last = (end - dt.timedelta(microseconds=1)).date()
    return f"{start:%Y-%m-%d} – {last:%Y-%m-%d}"


def _head(desk: Desk, alert: Alert) -> None:
    words = desk.words
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            colour = alert["level"] if alert["level"] in alerts.LEVELS else "gray"
            st.badge(words.code("level", alert["level"]), color=colour, icon=":material/flag:")  # type: ignore[arg-type]
            st.badge(words.code("family", alert["family"]), color="gray")
            st.badge(words.kind(alert["kind"]), color="gray")
            if alert["province_code"]:
                province = safety.markdown(words.code("province", alert["province_code"]))
                st.badge(province, color="gray", icon=":material/location_on:")
        st.header(safety.markdown(alert[f"title_{words.language}"]), anchor=False)
        score, window, subjects = st.columns([1, 2, 3])
        p_value = alert["p_value"]
        score.metric(
            words("detail.score"),
            f"{alert['score']:.2f}",
            delta=None if p_value is None else words("detail.p_value_note", value=f"{p_value:.2g}"),
            delta_color="off",
            delta_arrow="off",
            help=words("detail.score_help"),
        )
        with window:
            st.caption(words("detail.window"))
            st.markdown(_window(desk, alert))
        with subjects:
            kind = words.code("subject_type", alert["subject_type"])
            st.caption(f"{words('detail.subjects')}{words('common.list_separator')}{kind}")
            st.markdown(_subjects(desk, alert))


def _subjects(desk: Desk, alert: Alert) -> str:
    ids = words_joined = desk.words("common.list_separator").join(
        safety.markdown(one) for one in alert.subject_ids[:12]
    )
    if len(alert.subject_ids) > 12:
        ids = f"{words_joined} … ({desk.words.number(len(alert.subject_ids))})"
    name = alert["entity_name"]
    return f"**{safety.markdown(name)}**  \n{ids}" if name else ids


def _figure_rows(desk: Desk, alert: Alert) -> pl.DataFrame:
    words = desk.words
    rows = []
    for name, figure in sorted(alert.measures.items()):
        value, threshold, unit = (figure.get(part) for part in ("value", "threshold", "unit"))
        rows.append(
            {
                "name": words.figure_name(alert["kind"], name),
                "value": float(value) if isinstance(value, int | float) else None,
                "threshold": float(threshold) if isinstance(threshold, int | float) else None,
                "text": words.figure(value),
                "limit": words.figure(threshold),
                "unit": words.unit(unit),
                "less_is_worse": bool(figure.get("less_is_worse")),
            }
        )
    return pl.DataFrame(
        rows,
        schema={"name": pl.String, "value": pl.Float64, "threshold": pl.Float64}
        | dict.fromkeys(("text", "limit", "unit"), pl.String)
        | {"less_is_worse": pl.Boolean},
    )


def _figures(desk: Desk, alert: Alert) -> None:
    words = desk.words
    rows = _figure_rows(desk, alert)
    with st.container(border=True, height="stretch"):
        st.subheader(words("detail.figures"), anchor=False)
        chart = charts.figures(rows, words)
        if chart is not None:
            st.caption(words("detail.figures_hint"))
            page.draw(chart)
        config = st.column_config
        st.dataframe(
            rows.select("name", "text", "limit", "unit"),
            hide_index=True,
            placeholder="",
            column_config={
                "name": config.TextColumn(words("detail.figure")),
                "text": config.TextColumn(words("detail.value"), alignment="right"),
                "limit": config.TextColumn(words("detail.threshold"), alignment="right"),
                "unit": config.TextColumn(words("detail.unit")),
            },
        )


def _thresholds(desk: Desk, alert: Alert) -> None:
    """All thresholds of the alert's kind in the policy of the installed version, each with its reason."""
    words = desk.words
    policy = load_policy().detectors.get(alert["kind"])
    if policy is None:
        return
    rows = pl.DataFrame(
        [
            {
                "value": words.figure(threshold.value),
                "unit": words.unit(threshold.unit),
                "reason": threshold.why.text(words.language),
                "source": threshold.source or "",
                "verified": threshold.verified,
                "name": name,
            }
            for name, threshold in policy.thresholds.items()
        ]
    )
    with st.expander(words("detail.thresholds"), icon=":material/tune:"):
        st.caption(words("detail.thresholds_hint"))
        config = st.column_config
        st.dataframe(
            rows,
            hide_index=True,
            column_config={
                "value": config.TextColumn(words("detail.threshold"), alignment="right", width="small"),
                "unit": config.TextColumn(words("detail.unit"), width="small"),
                "reason": config.TextColumn(words("detail.reason"), width="large"),
                "source": config.TextColumn(words("detail.reason_source"), width="small"),
                "verified": config.CheckboxColumn(words("detail.reason_verified"), width="small"),
                "name": config.TextColumn(words("detail.threshold_id"), width="small"),
            },
        )


def _rules(desk: Desk, snapshot: Snapshot, alert: Alert) -> None:
    words = desk.words
    with st.container(border=True, height="stretch"):
        st.subheader(words("detail.meaning"), anchor=False)
        st.markdown(words.meaning(alert["kind"]))
        st.subheader(words("detail.rules"), anchor=False)
        if not alert.rule_refs:
            st.caption(words("detail.no_rules"))
        known = _articles(desk, snapshot, alert.rule_refs)
        for rule in alert.rule_refs:
            name = known.get(rule) or safety.markdown(words.code("rule", rule))
            st.markdown(f"- **{safety.markdown(rule)}** {'' if name == safety.markdown(rule) else name}")
        st.subheader(words("detail.replay"), anchor=False)
        st.caption(
            words("common.list_separator").join(
                f"{words(f'detail.{label}')} {safety.markdown(value)}"
                for label, value in (
                    ("id", alert["alert_id"]),
                    ("detector", alert["detector"]),
                    ("version", alert["detector_version"]),
                    ("snapshot", snapshot.id),
                )
            )
        )


def _articles(desk: Desk, snapshot: Snapshot, refs: list[str]) -> dict[str, str]:
    """Title, document and article of each rule, where the rules are published."""
    found = data.schema(snapshot, "rule_articles")
    title = f"title_{desk.words.language}"
    if not {"rule_id", title} <= set(found):
        return {}
    columns = tuple(name for name in (*_RULES, title) if name in found)
    rows = data.table(snapshot, "rule_articles", columns).filter(pl.col("rule_id").is_in(refs))
    documents = {}
    if {"document_id", title} <= set(data.schema(snapshot, "rule_documents")):
        documents = dict(data.table(snapshot, "rule_documents", ("document_id", title)).iter_rows())
    texts = {}
    for row in rows.iter_rows(named=True):
        parts = (documents.get(row.get("document_id")), row.get("article"))
        source = " ".join(str(part) for part in parts if part)
        texts[row["rule_id"]] = f"{safety.markdown(row[title])}  \n{safety.markdown(source)}"
    return texts


def _evidence(desk: Desk, found: list[Evidence]) -> None:
    words = desk.words
    st.subheader(words("detail.evidence"), anchor=False)
    if not found:
        st.info(words("detail.no_evidence"))
        return
    st.caption(words("detail.evidence_hint"))
    for position, one in enumerate(found):
        name = words.code("table", one.table)
        with st.container(border=True):
            st.markdown(f"**{safety.markdown(name)}**")
            if one.mart is None:
                st.caption(words("detail.evidence_keys_only", table=safety.markdown(name)))
            if one.missing:
                st.warning(words("detail.evidence_missing", count=words.number(one.missing)))
            if one.rows.height:
                page.table(desk, one.rows, f"evidence-{position}-{one.table}", limit=evidence.LIMIT)


def main() -> None:
    """Heading, figures and meaning, pictures, rows."""
    desk, snapshot = page.begin("alert_detail")
    _back(desk)
    alert_id = st.query_params.get("alert", "")
    if not alert_id:
        _ask(desk)
        return
    alert = alerts.one(snapshot, alert_id)
    if alert is None:
        with st.container(border=True):
            st.subheader(desk.words("detail.unknown_title"), anchor=False)
            names = {"snapshot": safety.markdown(snapshot.id), "alert": safety.markdown(alert_id)}
            st.markdown(desk.words("detail.unknown", **names))
        return
    _head(desk, alert)
    alert_context.show(desk, snapshot, alert)
    left, right = st.columns(2)
    with left:
        _figures(desk, alert)
    with right:
        _rules(desk, snapshot, alert)
    _thresholds(desk, alert)
    found = evidence.look_up(snapshot, alert.evidence)
    page.cards(pictures.choose(desk, snapshot, alert, found))
    _evidence(desk, found)


if __name__ == "__main__":
    main()
