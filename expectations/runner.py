"""Runs a gate: tables in, a `GateResult` and its Data Docs out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from expectations.data_docs import page_of, write_data_docs
from expectations.engine import Engine, Outcome
from expectations.gates import suites_of
from expectations.memory import Memory
from expectations.parts import Group, Judgement, Parts, together
from expectations.policy import Market
from expectations.results import SKIPPED, GateResult, QualityResult
from expectations.session import (
    GATE_TABLES,
    Limits,
    Sources,
    create_suite_views,
    files_of,
    open_tables,
    rows_in,
    sample_breaches,
)
from expectations.suite import Check, Frame, Suite

Describe = Callable[..., str]
"""Text of a key in a language, with values; the keys are those of the files in `MESSAGES`."""
MESSAGES = Path(__file__).with_name("messages")


def validate(
    gate: str,
    tables: Sources,
    *,
    market: Any,
    as_of: date | str,
    work_dir: Path,
    describe: Describe,
    docs_dir: Path | None = None,
    limits: Limits | None = None,
    memory: Memory | None = None,
) -> GateResult:
    """Judge a gate's tables by its suites.

    Args:
        gate: `ingestion` (the lake's kept tables, `row_accounting`, and `previous_row_accounting` of the last
            publication where there is one) or `publication` (the candidate's marts).
        tables: Parquet files of each table, or their folder. A table that is left out, or whose folder has no
            files, is skipped and reported as such.
        market: settings with `id` and `currency`.
        as_of: the day the run is for.
        work_dir: where the gate may write while it runs; it leaves nothing behind.
        describe: looks up a text of the message files, called as `describe(key, language, **values)`.
        docs_dir: folder of the Data Docs site; its content is replaced. None writes no site.
        limits: DuckDB's memory and threads.
        memory: verdicts of earlier runs; suites over unchanged tables take theirs from it.

    Raises:
        CheckError: a check broke; this is never reported as bad data.
        ValueError: there is no such gate, or no table was given.
    """
    if not tables:
        raise ValueError(
            f"gate {gate}: expected at least one table, found none; pass the tables the run built"
        )
    day = as_of if isinstance(as_of, date) else date.fromisoformat(as_of)
    suites = suites_of(Frame(gate, Market.of(market), day))
    work_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gate-", dir=work_dir.absolute()) as folder:
        run = _Run(Path(folder) / "gate.duckdb", (limits or Limits()).config(Path(folder)), describe)
        names = frozenset({*tables, GATE_TABLES})
        earlier = _recalled(memory, suites, names) if docs_dir is not None else {}
        judged = [suite for suite in suites if suite.name not in earlier]
        outcomes = run.judge(judged, tables, memory.parts if memory else None)
        found = {suite.name: list(run.report([suite], outcomes)) for suite in judged} | earlier
        rows = (row for suite in suites for row in found[suite.name])
        result = GateResult(gate, tuple(_numbered(rows)))
        if docs_dir is not None:
            pages = [memory.page(name) for name in earlier] if memory else []
            write_data_docs(run.context, result, docs_dir.absolute(), describe, pages, run.narrowed)
            if memory:
                for suite in judged:
                    kept = [row for row in result.results if row.suite == suite.name]
                    memory.keep(suite, names, kept, page_of(docs_dir, suite.name))
    return result


def _recalled(
    memory: Memory | None, suites: list[Suite], tables: frozenset[str]
) -> dict[str, list[dict[str, Any]]]:
    """Rows of earlier verdicts that still hold, by suite."""
    recalled = {suite.name: memory.recall(suite, tables) for suite in suites} if memory else {}
    return {name: rows for name, rows in recalled.items() if rows is not None}


def _numbered(rows: Iterable[dict[str, Any]]) -> Iterator[QualityResult]:
    for position, row in enumerate(rows, start=1):
        yield QualityResult(**row, position=position)


@dataclass
class _Run:
    """One pass over a gate's suites in its own database file."""

    database: Path
    config: Mapping[str, Any]
    describe: Describe
    context: Any = None
    narrowed: set[str] = field(default_factory=set)
    """Suites of which only the rows of new files were read."""

    def judge(
        self, suites: list[Suite], tables: Sources, parts: Parts | None
    ) -> dict[str, dict[str, Judgement] | str]:
        """By suite: what each check found, or why the suite was skipped."""
        counts = open_tables(self.database, tables, self.config)
        skipped = {suite.name: reason for suite in suites if (reason := _reason_to_skip(suite, counts))}
        plans = [_Plan.of(suite, tables, parts) for suite in suites if suite.name not in skipped]
        self.narrowed = {plan.suite.name for plan in plans if plan.groups}
        create_suite_views(self.database, [plan.read for plan in plans], self.config)
        with Engine(self.database, self.config) as engine:
            self.context = engine.context
            outcomes = [engine.validate(plan.read, self._descriptions(plan.suite)) for plan in plans]
        # The engine holds the file, so rows are read when it is closed.
        found = {
            plan.suite.name: self._together(plan, outcome, parts)
            for plan, outcome in zip(plans, outcomes, strict=True)
        }
        return found | skipped

    def _together(
        self, plan: _Plan, outcomes: Mapping[str, Outcome], parts: Parts | None
    ) -> dict[str, Judgement]:
        """What was found in the rows that were read, with what is known of the others."""
        found = {
            check.name: self._judgement(plan.read, check, outcomes[check.name]) for check in plan.suite.checks
        }
        if parts and plan.files:
            parts.keep(plan.suite, plan.groups, plan.files, found)
        if not plan.groups:
            return found
        return together(plan.suite, [*(group.found for group in plan.groups), found])

    def _judgement(self, suite: Suite, check: Check, outcome: Outcome) -> Judgement:
        samples: list[tuple[tuple[str, ...], str]] = []
        if outcome.values and outcome.unexpected and outcome.breaches is not None:
            samples = sample_breaches(self.database, suite, check, outcome.breaches, self.config)
        return Judgement(outcome.success, outcome.values, outcome.unexpected, outcome.figure, tuple(samples))

    def _descriptions(self, suite: Suite) -> dict[str, str]:
        texts = {check.name: described(self.describe, suite, check) for check in suite.checks}
        return {name: f"{zh} / {en}" for name, (zh, en) in texts.items()}

    def report(
        self, suites: list[Suite], outcomes: Mapping[str, dict[str, Judgement] | str]
    ) -> Iterator[dict[str, Any]]:
        """Rows of the result, suites and checks in their order."""
        for suite in suites:
            outcome = outcomes[suite.name]
            if isinstance(outcome, str):
                yield self._skipped(suite, outcome)
            else:
                yield from (self._row(suite, check, outcome[check.name]) for check in suite.checks)

    def _skipped(self, suite: Suite, reason: str) -> dict[str, Any]:
        return {
            "gate": suite.gate,
            "table_name": suite.table,
            "expectation": suite.label(SKIPPED),
            "column_name": None,
            "severity": "info",
            "success": None,
            "observed": reason,
            "expected": None,
            "unexpected_count": None,
            "element_count": 0,
            "rule_ref": None,
            "description_zh": self.describe("quality.skipped", "zh", table=suite.table),
            "description_en": self.describe("quality.skipped", "en", table=suite.table),
            "why_zh": None,
            "why_en": None,
        }

    def _row(self, suite: Suite, check: Check, outcome: Judgement) -> dict[str, Any]:
        zh, en = described(self.describe, suite, check)
        return {
            "gate": suite.gate,
            "table_name": suite.table,
            "expectation": suite.label(check.name),
            "column_name": check.expect.column,
            "severity": check.bound.severity,
            "success": outcome.success if outcome.values else None,
            "observed": _observed(outcome),
            "expected": check.expected,
            "unexpected_count": outcome.unexpected,
            "element_count": outcome.values,
            "rule_ref": check.bound.rule,
            "description_zh": zh,
            "description_en": en,
            "why_zh": check.bound.why.zh,
            "why_en": check.bound.why.en,
        }


def described(describe: Describe, suite: Suite, check: Check) -> tuple[str, str]:
    """What a check asks, in Chinese and in English, with the figures of its bound."""
    bound = check.bound
    values = {
        "minimum": _number(bound.minimum),
        "maximum": _number(bound.maximum),
        "share": f"{bound.mostly:.4g}" if bound.mostly == 1 else f"{100 * bound.mostly:.4g} %",
    }
    key = f"quality.{suite.gate}.{suite.name}.{check.name}"
    return describe(key, "zh", **values), describe(key, "en", **values)


def _observed(outcome: Judgement) -> str:
    if not outcome.values:
        return "no values"
    if outcome.figure is not None:
        return f"{outcome.figure:.6g}"
    summary = f"{outcome.unexpected} / {outcome.values}"
    return "; ".join([summary, *(text for _, text in outcome.samples)])


@dataclass(frozen=True)
class _Plan:
    """What is read for a suite: all rows, or those of the files that no earlier group covers.

    `read` is the suite over these rows; `files` is empty where counts are not kept by file.
    """

    suite: Suite
    read: Suite
    groups: list[Group]
    files: list[Path]

    @classmethod
    def of(cls, suite: Suite, tables: Sources, parts: Parts | None) -> _Plan:
        """The plan for a suite, given its table's files and what is kept."""
        if parts is None or suite.table not in tables:
            return cls(suite, suite, [], [])
        groups, left = parts.earlier(suite, files_of(suite.table, tables[suite.table]))
        return cls(suite, replace(suite, rows=rows_in(suite.table, left)) if groups else suite, groups, left)


def _reason_to_skip(suite: Suite, counts: Mapping[str, int]) -> str | None:
    absent = [table for table in (suite.table, *suite.also) if table not in counts]
    if absent:
        return f"no table {', '.join(absent)}"
    return None if counts[suite.table] else "0 rows"


def _number(value: float | None) -> str:
    if value is None:
        return "—"
    if isinstance(value, int) and value > 9999:
        return f"{value:,}"
    return f"{value:g}"
