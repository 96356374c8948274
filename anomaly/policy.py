"""Thresholds as policy: a typed reader of `policy.yml`.

Belongs here: the file's shape and its checks. A threshold is a number with a unit, the reason for it and
whether that reason was verified in a document; who changes one signs for it.
Does not belong here: the numbers themselves, or detectors.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from anomaly.catalogue import SAFE_LOADER

POLICY_FILE = Path(__file__).with_name("policy.yml")
LEVELS = ("blue", "yellow", "orange", "red")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Threshold(_Strict):
    """One number of policy."""

    value: float
    unit: str
    why: str
    source: str | None = None
    verified: bool


class Deadline(_Strict):
    """When a compliance year's surrender is due, unless the source's own date says otherwise."""

    month: int
    day: int
    years_after: int
    source: str
    verified: bool


class Policy(_Strict):
    """The whole of `policy.yml`."""

    version: int
    levels: dict[str, float]
    surrender_deadlines: dict[str, Deadline]
    rules: dict[str, dict[str, list[str]]]
    detectors: dict[str, dict[str, Threshold]]

    @field_validator("levels")
    @classmethod
    def _ordered(cls, levels: dict[str, float]) -> dict[str, float]:
        if tuple(levels) != LEVELS or list(levels.values()) != sorted(levels.values()):
            raise ValueError(f"levels must be {', '.join(LEVELS)} with rising scores, found {levels}")
        return levels

    def level(self, score: float) -> str:
        """The warning level of a score."""
        return next((name for name in reversed(LEVELS) if score >= self.levels[name]), LEVELS[0])

    def threshold(self, detector: str, name: str) -> float:
        """A detector's threshold by name."""
        try:
            return self.detectors[detector][name].value
        except KeyError:
            raise KeyError(f"policy: no threshold {name!r} of detector {detector!r}") from None

    def thresholds(self, detector: str) -> dict[str, float]:
        """All thresholds of a detector by name."""
        return {name: threshold.value for name, threshold in self.detectors[detector].items()}

    def rule_refs(self, kind: str, market_id: str, variant: str = "default") -> list[str]:
        """Articles that a finding may breach in a market: its variant's, or else its kind's.

        None where the market's law is not kept.
        """
        by_market = self.rules.get(f"{kind}.{variant}", self.rules.get(kind, {}))
        return list(by_market.get(market_id, []))

    def surrender_due(self, market_id: str, year: int) -> date:
        """The surrender deadline of a compliance year by the market's rule."""
        rule = self.surrender_deadlines.get(market_id, self.surrender_deadlines["default"])
        return date(year + rule.years_after, rule.month, rule.day)


@cache
def load_policy(path: Path = POLICY_FILE) -> Policy:
    """Read and check a policy file; a key that is not known or a wrong type is an error."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {place}: {first['msg']}; found {first.get('input')!r}") from error
