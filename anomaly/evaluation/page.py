"""The page of measured detectors, from evaluations of simulated markets.

Belongs here: the page's layout and words. Does not belong here: any figure of its own, and making the
markets (`pipelines.cli.measure`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from anomaly.core.kinds import KINDS
from anomaly.core.texts import text
from anomaly.core.track_record import SCHEMA
from anomaly.evaluation.definitions import DEFINITIONS
from anomaly.evaluation.figures import DEPTHS
from anomaly.evaluation.measure import Evaluation

_INTRODUCTION = """\
# How well the detectors detect

<!-- Written by `make detectors`; change the detectors or the measure (`anomaly/evaluation/`) instead. -->

Each market below was simulated with known cases in it and taken through the whole pipeline as a
supervisor's data would be. Then its alerts were compared with the cases, which no run ever reads.
Carbonwarden {version}; `make detectors` measures again. What each detector looks for:
[reference/detectors.md](reference/detectors.md).

**What these figures are, and are not.** They are a starting line on made-up markets. Those who wrote the
cases and those who wrote the detectors had read the same typologies, so that a planted case resembles
what is looked for more than misconduct in life does. Misconduct that nobody thought of planting is in
no figure. Honest participants of a simulation are tidier than real ones, so that false alarms are
probably too few here. An alert that finds no planted case of its kind counts as wrong, whatever it
rests on. What the figures are good for is comparison: of kinds, of faint with blatant cases, of one
version with the next. They are no forecast for a real market, where no one holds the labels.
"""
_MISSED = 60  # cases that are listed one by one; the rest is counted
_NONE = "–"


@dataclass(frozen=True)
class Measured:
    """One simulated market and what its alerts were worth.

    `picture` is a path from the page; `record` the market's part of the detectors' track record.
    """

    scale: str
    seed: int
    emitters: int
    source_rows: int
    result: Evaluation
    picture: str | None = None
    record: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))


def page(markets: Sequence[Measured], version: str, detected: Collection[str]) -> str:
    """The whole page as Markdown; `detected` names the kinds that have a detector."""
    parts = [_INTRODUCTION.format(version=version), _detectors(detected)]
    for market in markets:
        parts += _market(market, detected)
    meanings = [f"- **{name.replace('_', ' ')}**: {meaning}" for name, meaning in DEFINITIONS.items()]
    parts.append("## How it is measured\n\n" + "\n".join(meanings) + "\n")
    return "\n".join(parts)


def _detectors(detected: Collection[str]) -> str:
    without = [kind for kind in KINDS if kind not in detected]
    have = f"{len(KINDS) - len(without)} of the contract's {len(KINDS)} kinds have a detector."
    lack = f" None looks for {_listed(without)} yet: cases of these are missed, and count." if without else ""
    return have + lack + "\n"


def _market(market: Measured, detected: Collection[str]) -> list[str]:
    result = market.result
    return [
        f"## The {market.scale} market\n\n{_summary(market)}\n",
        *(f"> {warning}\n" for warning in result.warnings),
        f"### {market.scale.capitalize()}: by kind\n\n{_by_kind(result, detected)}\n{_empty_kinds(result)}",
        f"### {market.scale.capitalize()}: by family\n\n{_group_table(result.by_family, 'family')}",
        f"### {market.scale.capitalize()}: by severity\n\n{_by_severity(result)}",
        f"### {market.scale.capitalize()}: rows of evidence\n\n{_rows(result)}",
        *_picture(market),
        f"### {market.scale.capitalize()}: what was missed\n\n{_missed(result)}",
    ]


def _summary(market: Measured) -> str:
    whole, mean = market.result.overall, market.result.macro
    return (
        f"Seed {market.seed}, {market.emitters:,} emitters, {market.source_rows:,} source rows; "
        f"{whole['cases']:,} cases of {mean['kinds']} kinds, {whole['alerts']:,} alerts.\n\n"
        f"{whole['found']:,} of {whole['cases']:,} cases were found: recall {_figure(whole, 'recall')}. "
        f"{whole['right']:,} of {whole['alerts']:,} alerts lead to a case: precision "
        f"{_figure(whole, 'precision')}. Average precision over all alerts "
        f"{_figure(whole, 'average_precision')}; "
        + ", ".join(f"P@{k} {_figure(whole, f'precision_at_{k}')}" for k in DEPTHS)
        + f". As means over kinds: recall {_figure(mean, 'recall')}, precision {_figure(mean, 'precision')}, "
        f"average precision {_figure(mean, 'average_precision')}. In brackets: 90 % intervals; "
        "`carbonwarden evaluate --format json` has them for every figure."
    )


def _by_kind(result: Evaluation, detected: Collection[str]) -> str:
    def name(kind: str) -> str:
        return f"[`{kind}`](reference/detectors.md#{kind})" if kind in detected else f"`{kind}` (no detector)"

    return _group_table(result.by_kind.with_columns(pl.col("kind").map_elements(name, pl.String)), "kind")


def _group_table(frame: pl.DataFrame, by: str) -> str:
    head = (
        by, "cases", "found", "recall", "alerts", "right", "precision", "average precision",
        *(f"P@{k}" for k in DEPTHS), "days, median", "days, 90 %",
    )  # fmt: skip
    rows = [
        (
            text(f"families.{row[by]}", "en") if by == "family" else row[by],
            _count(row["cases"]),
            _count(row["found"]),
            _figure(row, "recall"),
            _count(row["alerts"]),
            _count(row["right"]),
            _figure(row, "precision"),
            _figure(row, "average_precision"),
            *(_share(row[f"precision_at_{k}"]) for k in DEPTHS),
            _days(row["days_median"]),
            _days(row["days_p90"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    return _table(head, rows)


def _empty_kinds(result: Evaluation) -> str:
    frame = result.by_kind
    lines = []
    silent = frame.filter((pl.col("cases") > 0) & (pl.col("alerts") == 0))["kind"].to_list()
    if silent:
        lines.append(f"Cases, but not one alert: {_listed(silent)}.")
    unknown = frame.filter((pl.col("cases") == 0) & (pl.col("alerts") > 0))["kind"].to_list()
    if unknown:
        lines.append(f"Alerts, but no case planted, so that each counts as wrong: {_listed(unknown)}.")
    neither = frame.filter((pl.col("cases") == 0) & (pl.col("alerts") == 0))["kind"].to_list()
    if neither:
        lines.append(f"Neither case nor alert, so that nothing is measured: {_listed(neither)}.")
    return "\n".join(lines) + "\n" if lines else ""


def _by_severity(result: Evaluation) -> str:
    rows = [
        (
            row["severity"],
            _count(row["cases"]),
            _count(row["found"]),
            _figure(row, "recall"),
            _days(row["days_median"]),
            _days(row["days_p90"]),
            _share(row["row_recall"]),
        )
        for row in result.by_severity.iter_rows(named=True)
    ]
    head = ("severity", "cases", "found", "recall", "days, median", "days, 90 %", "row recall")
    return "An alert has no severity, so that there is no precision here.\n\n" + _table(head, rows)


def _rows(result: Evaluation) -> str:
    frame = result.by_kind.filter(pl.col("affected_rows") > 0)
    if frame.is_empty():
        return "The labels name no rows.\n"
    totals = {"kind": "all", **result.overall}
    head = (
        "kind", "rows affected", "named", "row recall", "in tables that evidence names",
        "rows of evidence", "right", "broad", "row precision",
    )  # fmt: skip
    rows = [
        (
            row["kind"],
            _count(row["affected_rows"]),
            _count(row["named_rows"]),
            _share(row["row_recall"]),
            _share(row["row_recall_shared"]),
            _count(row["evidence_rows"]),
            _count(row["right_rows"]),
            _count(row["broad_rows"]),
            _share(row["row_precision"]),
        )
        for row in (*frame.iter_rows(named=True), totals)
    ]
    return _table(head, rows)


def _picture(market: Measured) -> list[str]:
    if market.picture is None:
        return []
    return [
        f"![Precision against recall by kind, {market.scale} market]({market.picture})\n",
        "Each curve runs from the highest score down; it ends where the alerts do. The area below it is "
        "the average precision.\n",
    ]


def _missed(result: Evaluation) -> str:
    missed = result.cases.filter(~pl.col("found"))
    if missed.is_empty():
        return "Nothing.\n"
    rows = [
        (row["case_id"], row["kind"], row["severity"], row["description"] or _NONE)
        for row in missed.head(_MISSED).iter_rows(named=True)
    ]
    more = f"\nAnd {missed.height - _MISSED:,} more.\n" if missed.height > _MISSED else ""
    return _table(("case", "kind", "severity", "what was done"), rows) + more


def _figure(row: dict[str, Any], name: str) -> str:
    """A share with its interval, where there is one."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    between = "" if low is None else f" ({_share(low)}–{_share(high)})"
    return _share(row[name]) + between


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _days(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _count(value: int | None) -> str:
    return _NONE if value is None else f"{value:,}"


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in kinds)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = (" | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in cells) + "\n"
