"""Reads `policy.yml`: how each expectation is judged, with severity, source and reason."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SEVERITIES = ("critical", "warning", "info")
# The words of the rule seeds, from the full text down to memory (dbt_project/seeds/_rules.yml).
VERIFICATIONS = ("read_two_copies", "read_copy", "page_excerpt", "secondary", "unverified")
RANGES = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "reading_ranges.csv"
_NO_GATES = ("reasons", "samples")
_OVERRIDES = ("markets", "currencies", "only_markets")


@dataclass(frozen=True)
class Market:
    """What the bounds depend on: the market's id and its currency."""

    id: str = "cn"
    currency: str = "CNY"

    @property
    def family(self) -> str:
        """The first part of the id: `us` of `us-ca`."""
        return self.id.partition("-")[0]

    @classmethod
    def of(cls, settings: Any) -> Market:
        """From a mapping, or from any object with `id` and `currency`."""
        if isinstance(settings, Mapping):
            return cls(id=str(settings["id"]), currency=str(settings["currency"]))
        return cls(id=str(settings.id), currency=str(settings.currency))


@dataclass(frozen=True)
class Reason:
    """Why a bound is what it is, in both languages, as officials read it."""

    zh: str
    en: str

    @classmethod
    def of(cls, where: str, given: object) -> Reason:
        """The reason that the policy gives.

        Raises:
            ValueError: it lacks a language.
        """
        texts = given if isinstance(given, Mapping) else {}
        if set(texts) != {"zh", "en"} or not all(isinstance(t, str) and t.strip() for t in texts.values()):
            raise ValueError(
                f"{where}: expected why with a text in zh and in en, found {given!r}; add what is missing"
            )
        return cls(**texts)


@dataclass(frozen=True)
class Bound:
    """How an expectation is judged: its severity, its reason, and the closed interval where it has one.

    At least the share `mostly` of the values must meet the expectation. `rule` is the id of the article or
    guideline that the numbers come from; without one they are the supervisor's own policy and
    `why` is the whole of their justification. `verified` is how the rule's text was verified.
    """

    severity: str
    why: Reason
    minimum: float | None = None
    maximum: float | None = None
    mostly: float = 1.0
    rule: str | None = None
    verified: str | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}, expected one of {', '.join(SEVERITIES)}")
        if self.rule is not None and self.verified not in VERIFICATIONS:
            raise ValueError(
                f"rule {self.rule} has verified: {self.verified!r}, "
                f"expected one of {', '.join(VERIFICATIONS)}"
            )
        if not 0 < self.mostly <= 1:
            raise ValueError(f"mostly is {self.mostly}, expected a share above 0 and up to 1")

    @property
    def is_verified(self) -> bool:
        """True if the full text of the rule was read, False for policy and for secondary sources."""
        return self.verified in ("read_two_copies", "read_copy")

    @property
    def has_interval(self) -> bool:
        """Whether a minimum or a maximum is given."""
        return self.minimum is not None or self.maximum is not None

    @property
    def interval(self) -> str:
        """The interval in signs that need no language; empty where there is none."""
        if not self.has_interval:
            return ""
        if self.minimum is None:
            return f"≤ {self.maximum:.10g}"
        if self.maximum is None:
            return f"≥ {self.minimum:.10g}"
        return f"{self.minimum:.10g} … {self.maximum:.10g}"

    def of_rows(self, expected: str) -> str:
        """What is expected, with the share of the rows of which it is expected where that is not all."""
        return expected if self.mostly == 1 else f"{expected} ({100 * self.mostly:.4g} %)"


@cache
def _ranges() -> dict[str, dict[str, Any]]:
    """What a reading can be, by `table.quantity` or `table.quantity.what it applies to`."""
    found = {}
    with RANGES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            applies_to = "" if row["applies_to"] == "all" else f".{row['applies_to']}"
            settings = {
                "minimum": float(row["minimum"]),
                "maximum": float(row["maximum"]),
                "why": {"zh": row["why_zh"], "en": row["why_en"]},
            }
            rule = {"rule": row["rule_id"], "verified": row["verified"]} if row["rule_id"] else {}
            found[f"{row['source_table']}.{row['quantity']}{applies_to}"] = settings | rule
    return found


@cache
def _entries() -> dict[str, Any]:
    path = Path(__file__).with_name("policy.yml")
    # The parser in C, where PyYAML has it, reads the page ten times faster.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    for name, sample in entries["samples"].items():
        Reason.of(f"policy.yml: samples.{name}", sample.get("why"))
    for gate, suite, name, entry in _listed(entries):
        if "range" not in entry:
            Reason.of(f"policy.yml: {gate}.{suite}.{name}", entry.get("why"))
    return entries


def _listed(entries: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for gate, suites in entries.items():
        if gate not in _NO_GATES:
            for suite, checks in suites.items():
                for name, entry in checks.items():
                    yield gate, suite, name, entry


def sample(name: str) -> int:
    """How much a figure must rest on before it is judged; see `samples` in the policy."""
    return int(_entries()["samples"][name]["at_least"])


def entry_names() -> list[tuple[str, str, str]]:
    """Every (gate, suite, check) that the policy has a bound for."""
    return [(gate, suite, name) for gate, suite, name, _ in _listed(_entries())]


def _applies(only: list[str] | None, market: Market) -> bool:
    return only is None or market.id in only or market.family in only


def bound(gate: str, suite: str, name: str, market: Market) -> Bound | None:
    """The bound of a check in a market; None where the check is not for that market.

    An override by market id goes before one by the id's first part (`us` of `us-ca`), and that before
    one by currency.

    Raises:
        KeyError: the policy has no such entry.
        ValueError: the entry is not complete or holds an unknown setting.
    """
    where = f"policy.yml: {gate}.{suite}.{name}"
    try:
        entry = dict(_entries()[gate][suite][name])
    except KeyError as error:
        raise KeyError(f"{where}: no such bound; add it with severity and why") from error
    if "range" in entry:
        name = entry.pop("range")
        if name not in _ranges():
            name = next(
                (one for one in (f"{name}.{market.currency}", f"{name}.other") if one in _ranges()), name
            )
        if name not in _ranges():
            raise KeyError(f"{where}: no range {name} in {RANGES.name}; add a row to that seed")
        entry = _ranges()[name] | entry
    if not _applies(entry.get("only_markets"), market):
        return None
    markets, currencies = entry.get("markets", {}), entry.get("currencies", {})
    for override in (
        currencies.get(market.currency),
        markets.get(market.family),
        markets.get(market.id),
    ):
        entry |= override or {}
    settings = {key: value for key, value in entry.items() if key not in _OVERRIDES}
    unknown = settings.keys() - {field.name for field in fields(Bound)}
    if unknown:
        raise ValueError(f"{where}: unknown setting {', '.join(sorted(unknown))}")
    try:
        return Bound(**settings | {"why": Reason.of(where, settings.get("why"))})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
