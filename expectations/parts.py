"""Counts kept by file, so that a gate reads the rows of new files and adds the counts of earlier ones.

That gives the same result only where a suite looks at each row by itself: its checks count rows of one table.
Belongs here: which suites these are, which earlier counts still hold, and sums. Does not belong here:
verdicts on tables that did not change at all (`memory`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expectations.suite import Suite

SAMPLES = 3
"""Rows in breach that a result shows."""


@dataclass(frozen=True)
class Judgement:
    """What one check found in some rows.

    Attributes:
        success: whether the bound is met.
        values: number of values judged; one where the check has a `figure`.
        unexpected: number of values that broke the check.
        figure: of a check of a column as a whole.
        samples: the first rows in breach in the order of their keys: key as texts, and the row as shown.
    """

    success: bool
    values: int
    unexpected: int
    figure: float | None = None
    samples: tuple[tuple[tuple[str, ...], str], ...] = ()


Judgements = Mapping[str, Judgement]
"""By name of the check."""


@dataclass(frozen=True)
class Group:
    """Files that were judged together, by what identifies their content, with what was found in them."""

    files: frozenset[str]
    found: Judgements
    limits: Mapping[str, str] = field(default_factory=dict)
    """Of checks that depend on the as-of date, the latest day that they allowed."""

    def holds(self, files: frozenset[str], limits: Mapping[str, str]) -> bool:
        """Whether its files are all there, and no dated check could answer otherwise on this as-of date."""
        return self.files <= files and all(
            limit == self.limits.get(name)
            or (limit > self.limits.get(name, "~") and not self.found[name].unexpected)
            for name, limit in limits.items()
        )


@dataclass(frozen=True)
class Parts:
    """Groups of files by suite, one JSON file a suite in `folder`.

    `identify` gives what identifies a file's content; `program` identifies code and policy.
    """

    folder: Path
    program: str
    identify: Callable[[Path], str]

    def earlier(self, suite: Suite, files: Iterable[Path]) -> tuple[list[Group], list[Path]]:
        """Groups that still hold, and the files that none of them covers.

        No group where the suite has to be judged as a whole, or where nothing would be left to judge.
        """
        named = {self.identify(path): path for path in files}
        if not is_by_row(suite):
            return [], list(named.values())
        limits, present = _limits(suite), frozenset(named)
        groups = [group for group in self._read(suite) if group.holds(present, limits)]
        covered = {name for group in groups for name in group.files}
        left = [path for name, path in named.items() if name not in covered]
        return (groups, left) if left else ([], list(named.values()))

    def keep(self, suite: Suite, groups: list[Group], judged: Iterable[Path], found: Judgements) -> None:
        """Keep what was found in the judged files beside the earlier groups."""
        if not is_by_row(suite):
            return
        names = frozenset(map(self.identify, judged))
        content = {
            "key": self._key(suite),
            "groups": [_plain(group) for group in (*groups, Group(names, found, _limits(suite)))],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path(suite).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def _read(self, suite: Suite) -> list[Group]:
        try:
            content = json.loads(self._path(suite).read_text(encoding="utf-8"))
            if content["key"] != self._key(suite):
                return []
            return [_group(entry) for entry in content["groups"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _path(self, suite: Suite) -> Path:
        return self.folder / f"{suite.name}.parts.json"

    def _key(self, suite: Suite) -> str:
        checks = [
            f"{check.name} {check.bound} {'' if check.expect.is_dated else dict(check.expect.arguments)}"
            for check in suite.checks
        ]
        return "\n".join([self.program, suite.query, *checks])


def is_by_row(suite: Suite) -> bool:
    """Whether every check judges each row of one table by itself."""
    return (
        suite.rows is None
        and not suite.also
        and all(check.expect.has_share and not check.expect.repeated for check in suite.checks)
    )


def together(suite: Suite, parts: Iterable[Judgements]) -> dict[str, Judgement]:
    """Judgements of several groups of rows as one, by check."""
    every = list(parts)
    return {
        check.name: _sum([part[check.name] for part in every], check.bound.mostly) for check in suite.checks
    }


def _sum(parts: list[Judgement], mostly: float) -> Judgement:
    values, unexpected = sum(part.values for part in parts), sum(part.unexpected for part in parts)
    samples = sorted(sample for part in parts for sample in part.samples)[:SAMPLES]
    return Judgement(
        not values or (values - unexpected) / values >= mostly, values, unexpected, None, tuple(samples)
    )


def _limits(suite: Suite) -> dict[str, str]:
    return {
        check.name: str(check.expect.arguments["max_value"])
        for check in suite.checks
        if check.expect.is_dated
    }


def _plain(group: Group) -> dict[str, Any]:
    found = {
        name: [one.success, one.values, one.unexpected, one.samples] for name, one in group.found.items()
    }
    return {"files": sorted(group.files), "limits": dict(group.limits), "found": found}


def _group(entry: dict[str, Any]) -> Group:
    found = {
        name: Judgement(success, values, unexpected, None, tuple((tuple(key), text) for key, text in samples))
        for name, (success, values, unexpected, samples) in entry["found"].items()
    }
    return Group(frozenset(entry["files"]), found, entry["limits"])
