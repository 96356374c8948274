"""Data status: where the data came from, what is missing, which checks passed, what was refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from anomaly.core.kinds import KINDS
from anomaly.core.reasons import NO_ROWS_OF
from dashboards import accounts, ages, data, inventory, page, safety, state
from dashboards.data import Snapshot
from dashboards.page import Desk, Tile


def _refused(desk: Desk) -> None:
    """What the last run was refused for, before anything else."""
    refusal = data.refusal(desk.settings)
    if not refusal:
        return
    words = desk.words
    results = inventory.refused_results(refusal, words.language)
    with st.container(border=True):
        st.error(f"**{words('status.refused_title')}**", icon=":material/gpp_bad:")
        st.markdown(
            words(
                "status.refused",
                when=safety.markdown(page.moment(desk, refusal.get("refused_at"))),
                gate=words.code("gate", refusal.get("gate")),
                snapshot=safety.markdown(refusal.get("snapshot_id", "")),
                count=words.number(results.height),
            )
        )
        st.markdown(words("status.refused_do"))
        if results.height:
            _results_table(desk, results, "refused")


def _results_table(desk: Desk, results: pl.DataFrame, name: str) -> None:
    words = desk.words
    passed = {True: words("result.passed"), False: words("result.failed")}
    verdict = (
        pl.col("success").replace_strict(passed, return_dtype=pl.String).fill_null(words("result.not_judged"))
    )
    shown = results.with_columns(verdict)
    page.table(desk, shown.rename({"description": "expectation"}), name)


def _identity(desk: Desk, snapshot: Snapshot) -> None:
    words, manifest, market = desk.words, data.manifest(snapshot), desk.market
    facts = (
        ("snapshot", snapshot.id),
        ("as_of", manifest.get("as_of")),
        ("created", page.moment(desk, manifest.get("created_at"))),
        ("market", market[f"name_{words.language}"]),
        ("currency", words.currency(market["currency"])),
        ("timezone", market["timezone"]),
        ("source", manifest.get("source")),
    )
    with st.container(border=True):
        for row in (facts[:4], facts[4:]):
            for column, (label, value) in zip(st.columns(4), row, strict=False):
                column.caption(words(f"status.{label}"))
                column.markdown(safety.markdown("" if value is None else value))


def _tiles(desk: Desk, rows: pl.DataFrame, checks: pl.DataFrame) -> None:
    words = desk.words
    totals = {name: int(rows[name].sum() or 0) for name in rows.columns if name.startswith("rows_")}
    shown = []
    if rows.height:
        received = max(totals["rows_in"], 1)
        kept = words("status.share_of", share=words.percent(totals["rows_kept"] / received, 2))
        out = words("status.share_of", share=words.percent(totals["rows_quarantined"] / received, 2))
        again = words("status.superseded_note", count=words.number(totals["rows_superseded"]))
        shown = [
            Tile(words("status.rows_in"), words.number(totals["rows_in"]), again),
            Tile(words("status.rows_kept"), words.number(totals["rows_kept"]), kept),
            Tile(words("status.rows_quarantined"), words.number(totals["rows_quarantined"]), out),
        ]
    if checks.height:
        failed = int((~checks["success"].fill_null(True)).sum())
        of = words("status.checks_of", count=words.number(checks.height))
        shown.append(Tile(words("status.checks_failed"), words.number(failed), of))
    page.tiles(desk, shown)


def _completeness(desk: Desk, gaps: pl.DataFrame) -> None:
    words = desk.words
    with page.section(words("status.completeness"), words("status.completeness_lead")):
        if gaps.is_empty():
            st.success(words("status.completeness_none"), icon=":material/check_circle:")
        else:
            page.table(desk, gaps, "completeness")


def _deliveries(desk: Desk, rows: pl.DataFrame) -> None:
    words = desk.words
    with page.section(words("status.deliveries"), words("status.deliveries_lead")):
        if rows.is_empty():
            st.caption(words("status.nothing"))
        else:
            page.table(desk, rows, "deliveries")


def _ages(desk: Desk, snapshot: Snapshot) -> None:
    words = desk.words
    with page.section(words("age.title"), words("age.lead")):
        rows = ages.ages(snapshot, str(data.manifest(snapshot).get("as_of", "")))
        if rows.is_empty():
            st.caption(words("status.nothing"))
        else:
            page.table(desk, rows, "ages")


def _gates(desk: Desk, checks: pl.DataFrame) -> None:
    words = desk.words
    failed_only = state.code("checks", ["all", "failed"], "all")
    state.load("data", [failed_only])
    with st.container(border=True):
        title, switch = st.columns([4, 1], vertical_alignment="bottom")
        title.subheader(words("status.gates"), anchor=False)
        names = {"all": words("common.all"), "failed": words("status.only_failed")}
        switch.segmented_control(
            words("status.gates"),
            list(names),
            format_func=lambda one: names[one],
            key=failed_only.key,
            required=True,
            label_visibility="collapsed",
        )
        st.caption(words("status.gates_lead"))
        shown = checks if failed_only.value == "all" else checks.filter(~pl.col("success").fill_null(True))
        if checks.is_empty():
            st.caption(words("status.nothing"))
        elif shown.is_empty():
            st.success(words("status.all_passed"), icon=":material/check_circle:")
        else:
            _results_table(desk, shown, "checks")
    state.save("data", [failed_only])


def _detectors(desk: Desk, snapshot: Snapshot) -> None:
    """Which detectors ran, broken ones first; which kinds have none; what was not seen."""
    words = desk.words
    runs = inventory.detector_runs(snapshot)
    with page.section(words("status.detectors"), words("status.detectors_lead")):
        if runs.is_empty():
            st.caption(words("status.nothing"))
            return
        broken = runs.filter(pl.col("state") == "broken")
        if broken.height:
            names = words("common.list_separator").join(map(words.kind, broken["kind"]))
            st.error(words("status.broken", names=names), icon=":material/error:")
        states = {name: words(f"detector_state.{name}") for name in runs["state"].unique()}
        page.table(
            desk,
            runs.with_columns(
                pl.col("state").replace_strict(states, return_dtype=pl.String),
                _kinds(desk, runs),
                pl.Series("reason", [_reason(desk, one) for one in runs["reason"]], dtype=pl.String),
            ),
            "detectors",
        )
        unwatched = [words.kind(kind) for kind in KINDS if kind not in set(runs["kind"])]
        st.caption(words("status.unwatched", names=words("common.list_separator").join(unwatched)))
        _not_covered(desk, inventory.not_covered(snapshot))


def _not_covered(desk: Desk, rows: pl.DataFrame) -> None:
    words = desk.words
    st.markdown(f"**{safety.markdown(words('status.not_covered'))}**")
    if rows.is_empty():
        st.success(words("status.all_covered"), icon=":material/check_circle:")
        return
    blind = rows.filter(pl.col("state") == "blind").height
    if blind:
        st.warning(words("status.blind", count=words.number(blind)), icon=":material/visibility_off:")
    states = {name: words(f"detector_state.{name}") for name in rows["state"].unique()}
    reasons = {name: words(f"coverage_reason.{name}") for name in rows["reason"].unique()}
    shown = rows.with_columns(
        pl.col("state").replace_strict(states, return_dtype=pl.String),
        pl.col("reason").replace_strict(reasons, return_dtype=pl.String),
        _kinds(desk, rows),
    )
    page.table(desk, shown, "not_covered")


def _kinds(desk: Desk, rows: pl.DataFrame) -> pl.Series:
    return pl.Series("kind", [desk.words.kind(kind) for kind in rows["kind"]], dtype=pl.String)


def _reason(desk: Desk, reason: str | None) -> str | None:
    """Why a detector did not run, with the names of the marts in which it found no rows."""
    if reason is None or not reason.startswith(NO_ROWS_OF):
        return reason
    words = desk.words
    marts = reason.removeprefix(NO_ROWS_OF).split(", ")
    names = words("common.list_separator").join(words.code("table", mart) for mart in marts)
    return words("status.no_rows_of", names=names)


def _tables(desk: Desk, snapshot: Snapshot) -> None:
    words, config = desk.words, st.column_config
    with page.section(words("status.freshness"), words("status.freshness_lead")):
        rows = inventory.freshness(snapshot)
        names = pl.Series("name", [words.code("table", one) for one in rows["mart"]], dtype=pl.String)
        st.dataframe(
            rows.with_columns(names).select("name", "mart", "rows", "first", "last"),
            hide_index=True,
            placeholder="",
            height=min(38 + 35 * rows.height, 388),
            column_config={
                "name": config.TextColumn(words("common.table")),
                "mart": config.TextColumn(words("status.mart")),
                "rows": config.NumberColumn(words("status.rows"), format="localized"),
                "first": config.TextColumn(words("status.first_period")),
                "last": config.TextColumn(words("status.last_period")),
            },
        )


def _kept(desk: Desk, snapshot: Snapshot) -> None:
    words, config = desk.words, st.column_config
    rows = [
        {
            "snapshot": str(one.get("snapshot_id", "")),
            "as_of": str(one.get("as_of", "")),
            "created": page.moment(desk, one.get("created_at")),
            "current": one.get("snapshot_id") == snapshot.id,
        }
        for one in data.snapshots(desk.settings)
    ]
    with st.container(border=True, height="stretch"):
        st.subheader(words("status.snapshots"), anchor=False)
        st.dataframe(
            pl.DataFrame(rows),
            hide_index=True,
            column_config={
                "snapshot": config.TextColumn(words("status.snapshot")),
                "as_of": config.TextColumn(words("status.as_of")),
                "created": config.TextColumn(words("status.created")),
                "current": config.CheckboxColumn(words("status.current")),
            },
        )


def _docs(desk: Desk, snapshot: Snapshot) -> None:
    words = desk.words
    pages: list[Path] = inventory.data_docs(snapshot)
    home = snapshot.folder.parents[1]
    with st.container(border=True, height="stretch"):
        st.subheader(words("status.docs"), anchor=False)
        st.caption(words("status.docs_lead") if pages else words("status.nothing"))
        for path in pages:
            st.code(str(path.relative_to(home)), language=None, wrap_lines=True)


def main() -> None:
    """A refusal first, then identity, deliveries, completeness, checks, detectors, tables, files."""
    desk: Any = page.this_desk()
    page.heading(desk, "data_status")
    _refused(desk)
    if desk.snapshot is None:
        page.no_publication(desk)
        return
    snapshot = desk.snapshot
    rows = accounts.accounting(snapshot)
    checks = inventory.quality_results(snapshot, desk.words.language)
    _identity(desk, snapshot)
    _tiles(desk, rows, checks)
    _ages(desk, snapshot)
    _deliveries(desk, inventory.deliveries(snapshot))
    _completeness(desk, inventory.gaps(snapshot, desk.words.language))
    _gates(desk, checks)
    _detectors(desk, snapshot)
    _tables(desk, snapshot)
    left, right = st.columns(2)
    with left:
        _kept(desk, snapshot)
    with right:
        _docs(desk, snapshot)


if __name__ == "__main__":
    main()
