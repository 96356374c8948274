"""Rules of law as data: the project's seeds, and which of their rows hold on a day.

Who reads rules how: dbt models use the macro `rule_in_force` (`dbt_project/macros/rules.sql`); detectors read
the rule tables that are published with a snapshot (`anomaly.core.rules`); the command `rules`
(`pipelines.cli.rules`) and the simulated market (`pipelines.simulator.law`) read the seeds with this module.

Belongs here: reading the seeds and choosing rows by validity, by the same rule as the macro.
Does not belong here: what a rule means for a market, an entity or a figure.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipelines.core.settings import ROOT

SEEDS = ROOT / "dbt_project" / "seeds"
_SCHEMA = "_rules.yml"
_COMMON = ("rule_id", "valid_from", "valid_to", "applies_by", "known_from", "status", "note")
VERIFIED = ("read_two_copies", "read_copy")


class RuleError(Exception):
    """A rule that was asked for is not on file, or several are."""


@dataclass(frozen=True)
class Rule:
    """One row of a seed of values: `keys` say what it is for, `values` what it says; empty cells are None."""

    table: str
    rule_id: str
    keys: Mapping[str, str]
    values: Mapping[str, str | None]
    valid_from: date
    valid_to: date | None
    applies_by: str
    known_from: date
    status: str
    note: str | None

    def holds_on(self, day: date) -> bool:
        """Whether the day lies in the row's validity; both bounds are included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def number(self, name: str = "value") -> float:
        """A value as a number.

        Raises:
            RuleError: the cell is empty or no number.
        """
        text = self.values.get(name)
        try:
            return float(text or "")
        except ValueError as error:
            raise RuleError(
                f"{self.table} {self.rule_id} {dict(self.keys)}: expected a number in {name}, "
                f"found {text!r}; correct the row of the seed"
            ) from error


@dataclass(frozen=True)
class Rules:
    """The seeds of one folder: value rows by table, articles by rule id, documents by document id."""

    rows: Mapping[str, tuple[Rule, ...]]
    articles: Mapping[str, Mapping[str, str]]
    documents: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, folder: Path = SEEDS) -> Rules:
        """Every seed whose keys the schema file of the folder declares (its test `no_overlap`)."""
        schema = yaml.safe_load((folder / _SCHEMA).read_text(encoding="utf-8"))
        keys = {seed["name"]: _keys(seed) for seed in schema["seeds"]}
        return cls(
            rows={
                name: tuple(_rule(name, columns, cells) for cells in _cells(folder / f"{name}.csv"))
                for name, columns in keys.items()
                if columns
            },
            articles={cells["rule_id"]: cells for cells in _cells(folder / "rule_articles.csv")},
            documents={cells["document_id"]: cells for cells in _cells(folder / "rule_documents.csv")},
        )

    def held(self, table: str, on: date, known_at: date | None = None, *, drafts: bool = False) -> list[Rule]:
        """The rows that hold on a day, one for each combination of keys, in the order of the keys.

        Args:
            table: name of a seed of values.
            on: day in the sense of each row's `applies_by`.
            known_at: only what was known on this day counts; None: all that is on file.
            drafts: whether drafts may hold.
        """
        chosen: dict[tuple[str, ...], Rule] = {}
        for rule in self._candidates(table, on, known_at, drafts):
            key = (*rule.keys.values(), rule.applies_by)
            if key not in chosen or _order(rule) > _order(chosen[key]):
                chosen[key] = rule
        return [chosen[key] for key in sorted(chosen)]

    def in_force(
        self,
        table: str,
        on: date,
        keys: Mapping[str, str],
        *,
        known_at: date | None = None,
        drafts: bool = False,
        general: Iterable[str] = (),
    ) -> Rule:
        """The one row that holds on a day for these keys.

        For a key in `general` the row may say 'all'; a row of the key's own value precedes it.

        Raises:
            RuleError: no row holds, or the keys leave several.
        """
        general = set(general)
        found = [
            rule
            for rule in self.held(table, on, known_at, drafts=drafts)
            if all(
                rule.keys[name] == value or (name in general and rule.keys[name] == "all")
                for name, value in keys.items()
            )
        ]
        closest = max((_matches(rule, keys) for rule in found), default=0)
        best = [rule for rule in found if _matches(rule, keys) == closest]
        if len(best) != 1:
            raise RuleError(
                f"{table}: expected one row in force on {on} for {keys}, found {len(best)}; add it to the "
                "seed or complete the keys"
            )
        return best[0]

    def spans(self, table: str, **keys: str) -> list[Rule]:
        """All rows of these keys whatever the day, in order of validity."""
        rows = [r for r in self._table(table) if all(r.keys[k] == value for k, value in keys.items())]
        return sorted(rows, key=_order)

    def is_verified(self, rule: Rule) -> bool:
        """Whether the rule's text was read in full and the row does not stand in for another."""
        return rule.status != "stand_in" and self.articles[rule.rule_id]["verified"] in VERIFIED

    def _candidates(self, table: str, on: date, known_at: date | None, drafts: bool) -> Iterable[Rule]:
        for rule in self._table(table):
            is_known = known_at is None or rule.known_from <= known_at
            if rule.holds_on(on) and is_known and (drafts or rule.status != "draft"):
                yield rule

    def _table(self, table: str) -> tuple[Rule, ...]:
        if table not in self.rows:
            raise RuleError(f"expected one of {', '.join(self.rows)}; found {table!r}")
        return self.rows[table]


def _order(rule: Rule) -> tuple[date, date]:
    return rule.valid_from, rule.known_from


def _matches(rule: Rule, keys: Mapping[str, str]) -> int:
    return sum(rule.keys[name] == value for name, value in keys.items())


def _keys(seed: Mapping[str, Any]) -> tuple[str, ...]:
    for test in seed.get("data_tests", ()):
        if isinstance(test, dict) and "no_overlap" in test:
            return tuple(test["no_overlap"]["arguments"]["columns"])
    return ()


def _cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _rule(table: str, keys: tuple[str, ...], cells: Mapping[str, str]) -> Rule:
    return Rule(
        table=table,
        rule_id=cells["rule_id"],
        keys={name: cells[name] for name in keys},
        values={name: cell or None for name, cell in cells.items() if name not in (*keys, *_COMMON)},
        valid_from=date.fromisoformat(cells["valid_from"]),
        valid_to=date.fromisoformat(cells["valid_to"]) if cells["valid_to"] else None,
        applies_by=cells["applies_by"],
        known_from=date.fromisoformat(cells["known_from"]),
        status=cells["status"],
        note=cells["note"] or None,
    )
