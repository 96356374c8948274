"""Policy: levels by score and stake, and each detector's thresholds, articles and whether it is critical.

Belongs here: the shape of `anomaly/policy.yml` and of the `policy.yml` beside each detector, and their
checks. A threshold is a number with a unit, the reason for it in both languages and whether that reason was
verified in a document.
Does not belong here: the numbers themselves, or detectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from anomaly.core.texts import DETECTORS, SAFE_LOADER

POLICY_FILE = Path(__file__).parents[1] / "policy.yml"
LEVELS = ("blue", "yellow", "orange", "red")
Level = Literal["blue", "yellow", "orange", "red"]
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


class Cap(_Strict):
    """The highest level that a finding can have, with the reason."""

    highest: Level
    why: Reason
    source: str | None = None
    verified: bool


class Band(Cap):
    """Findings by what is at stake in them.

    Attributes:
        tonnes: tonnes from which a finding belongs to the band.
        money: money from which it does, by currency; in another currency only tonnes count.
        levels: lowest scores of levels that differ from the common ones.
    """

    tonnes: float
    money: dict[str, float]
    levels: dict[Level, float] = Field(default_factory=dict)

    def holds(self, tonnes: float | None, money: float | None, currency: str) -> bool:
        """Whether a stake reaches the band."""
        limit = self.money.get(currency)
        enough = money is not None and limit is not None and money >= limit
        return enough or (tonnes is not None and tonnes >= self.tonnes)


class PricePolicy(_Strict):
    """Which price of the market turns tonnes into money."""

    days: Threshold
    oldest: Threshold


class ExplainedPolicy(_Strict):
    """When quarantined or missing rows could explain a finding, and its highest level then."""

    highest: Level
    share: Threshold
    faulty_share: Threshold


class _Common(_Strict):
    version: int
    levels: dict[str, float]
    stakes: dict[str, Band]
    unknown_stake: Cap
    price: PricePolicy
    explained: ExplainedPolicy

    @field_validator("levels")
    @classmethod
    def _ordered(cls, levels: dict[str, float]) -> dict[str, float]:
        if tuple(levels) != LEVELS or list(levels.values()) != sorted(levels.values()):
            raise ValueError(f"levels must be {', '.join(LEVELS)} with rising scores, found {levels}")
        return levels

    @field_validator("stakes")
    @classmethod
    def _from_nothing(cls, bands: dict[str, Band]) -> dict[str, Band]:
        tonnes = [band.tonnes for band in bands.values()]
        if not tonnes or tonnes[0] != 0 or tonnes != sorted(tonnes):
            raise ValueError(f"stakes must begin at 0 t and rise, found {tonnes}")
        return bands


@dataclass(frozen=True)
class Graded:
    """A level and what decided it: the score, the band of the stake, or an unknown stake."""

    level: str
    decided_by: str


class Policy(_Common):
    """What is common to all detectors, and the policy of each."""

    detectors: dict[str, DetectorPolicy]

    def level(self, score: float) -> str:
        """The warning level of a score alone."""
        return _reached(self.levels, score)

    def grade(
        self,
        score: float,
        tonnes: float | None,
        money: float | None,
        currency: str,
        *,
        is_exposure: bool = False,
    ) -> Graded:
        """The warning level of a score and what is at stake; `is_exposure` as in `stakes.Stake`."""
        plain = self.level(score)
        name = next(
            (name for name, band in reversed(self.stakes.items()) if band.holds(tonnes, money, currency)),
            None,
        )
        # Money in a currency for which no band states a bound is as good as unknown.
        if name is None:
            return _capped(plain, self.unknown_stake.highest, "stake_unknown")
        band = self.stakes[name]
        level = plain if is_exposure else _reached(self.levels | band.levels, score)
        if level != plain:
            return Graded(level, f"stake_{name}")
        return _capped(level, band.highest, f"stake_{name}")

    def explained_level(self, level: str) -> str:
        """The level of a finding that quarantined or missing rows could explain."""
        return lower(level, self.explained.highest)

    def rule_refs(self, kind: str, market_id: str, variant: str = "default") -> list[str]:
        """Articles that a finding may breach in a market: its variant's, or else its kind's."""
        rules = self.detectors[kind].rules
        by_market = rules.get(variant, rules.get("default", {}))
        return list(by_market.get(market_id, []))


def lower(level: str, highest: str) -> str:
    """The level, or the highest where it is above it."""
    return LEVELS[min(LEVELS.index(level), LEVELS.index(highest))]


def _reached(levels: Mapping[str, float], score: float) -> str:
    return next((name for name in reversed(LEVELS) if score >= levels[name]), LEVELS[0])


def _capped(level: str, highest: str, reason: str) -> Graded:
    capped = lower(level, highest)
    return Graded(capped, "score" if capped == level else reason)


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
