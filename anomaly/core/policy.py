"""Policy: levels, and each detector's thresholds, articles and whether a run may do without it.

Belongs here: the shape of `anomaly/policy.yml` and of the `policy.yml` beside each detector, and their
checks. A threshold is a number with a unit, the reason for it in both languages and whether that reason was
verified in a document.
Does not belong here: the numbers themselves, or detectors.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from anomaly.core.texts import DETECTORS, SAFE_LOADER

POLICY_FILE = Path(__file__).parents[1] / "policy.yml"
LEVELS = ("blue", "yellow", "orange", "red")
M = TypeVar("M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Strict):
    """Why a threshold has its value, as officials read it."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self, language: str) -> str:
        """The reason in one of `texts.LANGUAGES`."""
        return str(getattr(self, language))


class Threshold(_Strict):
    """One number of policy."""

    value: float
    unit: str
    why: Reason
    source: str | None = None
    verified: bool


class DetectorPolicy(_Strict):
    """A detector's `policy.yml`.

    Attributes:
        critical: whether a run in which the detector fails is refused.
        rules: articles that a finding may breach: by variant of its title (`default` for those that are not
            named), then by market; a market that is not named has none on file.
        thresholds: by name.
    """

    critical: bool
    rules: dict[str, dict[str, list[str]]]
    thresholds: dict[str, Threshold]

    @property
    def values(self) -> dict[str, float]:
        """The thresholds' numbers."""
        return {name: threshold.value for name, threshold in self.thresholds.items()}


class _Common(_Strict):
    version: int
    levels: dict[str, float]

    @field_validator("levels")
    @classmethod
    def _ordered(cls, levels: dict[str, float]) -> dict[str, float]:
        if tuple(levels) != LEVELS or list(levels.values()) != sorted(levels.values()):
            raise ValueError(f"levels must be {', '.join(LEVELS)} with rising scores, found {levels}")
        return levels


class Policy(_Common):
    """What is common to all detectors, and the policy of each."""

    detectors: dict[str, DetectorPolicy]

    def level(self, score: float) -> str:
        """The warning level of a score."""
        return next((name for name in reversed(LEVELS) if score >= self.levels[name]), LEVELS[0])

    def rule_refs(self, kind: str, market_id: str, variant: str = "default") -> list[str]:
        """Articles that a finding may breach in a market: its variant's, or else its kind's."""
        rules = self.detectors[kind].rules
        by_market = rules.get(variant, rules.get("default", {}))
        return list(by_market.get(market_id, []))


def checked(file: Path, shape: type[M], content: Any) -> M:
    """Content in a shape; an unknown or missing key or a wrong type is an error that names file and key."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{file}: {place}: {first['msg']}; found {first.get('input')!r}") from error


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506


@cache
def load_policy(file: Path = POLICY_FILE, detectors: Path = DETECTORS) -> Policy:
    """Read and check the common policy and that of every detector's folder."""
    common = checked(file, _Common, _read(file))
    each = {
        own.parent.name: checked(own, DetectorPolicy, _read(own))
        for own in sorted(detectors.glob("*/*/policy.yml"))
    }
    return Policy(**common.model_dump(), detectors=each)
