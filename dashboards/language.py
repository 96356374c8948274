"""The desk's words and number formats in Chinese and English.

Belongs here: looking words up in the message files, and how numbers, dates and codes are written.
Does not belong here: the words themselves (`messages/desk.yml`, and those that alerts share with reports in
`anomaly`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from anomaly.core.texts import Texts, with_folders

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"
NAMES = {"zh": "中文", "en": "English"}
MISSING = "–"
MESSAGES = Path(__file__).with_name("messages")

# Code lists that alerts share with reports stand in the message files of `anomaly`.
_SHARED = {"family": "families", "subject_type": "subject_types", "rule": "rules"}

# Chinese counts in ten-thousands, English in thousands: the steps of a shortened figure.
_STEPS = {
    "zh": ((1e8, "亿"), (1e4, "万")),
    "en": ((1e9, "bn"), (1e6, "M"), (1e3, "k")),
}


def texts() -> Texts:
    """The desk's own texts and those of the findings."""
    return with_folders(MESSAGES)


@dataclass(frozen=True)
class Words:
    """One language's words; called with a key of `desk.yml` it gives the text."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`, with its placeholders filled."""
        return texts().text(f"desk.{key}", self.language, **values)

    def code(self, group: str, code: object) -> str:
        """The name of a code in a code list, or the code itself where no list has a name for it."""
        if code is None or code == "":
            return MISSING
        return self._first((f"desk.{group}.{code}", f"{_SHARED.get(group, group)}.{code}")) or str(code)

    def _first(self, keys: tuple[str, ...]) -> str | None:
        for key in keys:
            with contextlib.suppress(KeyError):
                return texts().text(key, self.language)
        return None

    def column(self, name: str) -> str:
        """A mart column's heading."""
        return self.code("column", name)

    def kind(self, kind: str) -> str:
        """An alert kind's name."""
        return self._first((f"kinds.{kind}.name",)) or kind

    def meaning(self, kind: str) -> str:
        """What an alert of that kind says."""
        return self._first((f"kinds.{kind}.meaning",)) or kind

    def figure_name(self, kind: str, name: str) -> str:
        """The name of a figure that a kind's detector measured, or its own name without underscores."""
        return self._first((f"kinds.{kind}.measures.{name}",)) or name.replace("_", " ")

    def unit(self, unit: str | None) -> str:
        """A unit as it is written on screen."""
        return self.code("unit_name", unit) if unit else ""

    def names(self, group: str, codes: list[str]) -> str:
        """Several codes' names in one line."""
        return self("common.list_separator").join(self.code(group, code) for code in codes)

    def number(self, value: float | None, digits: int = 0) -> str:
        """A figure with thousands separators."""
        return MISSING if value is None else f"{value:,.{digits}f}"

    def figure(self, value: object) -> str:
        """A figure of unknown size: whole numbers whole, others with four significant digits."""
        if value is None or isinstance(value, bool) or not isinstance(value, int | float):
            return MISSING if value is None else str(value)
        if float(value).is_integer() and abs(value) < 1e15:
            return f"{int(value):,}"
        return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:,.4g}"

    def compact(self, value: float | None) -> str:
        """A large figure shortened in the way of the language: 1.23亿, 123M."""
        if value is None:
            return MISSING
        for step, name in _STEPS[self.language]:
            if abs(value) >= step:
                scaled = value / step
                return f"{scaled:,.{0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2}f}{name}"
        return f"{value:,.0f}"

    @property
    def axis_expression(self) -> str:
        """Vega's expression that shortens an axis label like `compact` does."""
        expression = "format(datum.value, ',~r')"
        for step, name in reversed(_STEPS[self.language]):
            shortened = f"format(datum.value / {step:.0f}, ',~r') + '{name}'"
            expression = f"abs(datum.value) >= {step:.0f} ? {shortened} : {expression}"
        return expression

    def currency(self, code: str) -> str:
        """A currency as it is written on screen."""
        return self.code("currency", code)

    def tonnes(self, value: float | None) -> str:
        """A shortened quantity with its unit."""
        return (
            f"{self.compact(value)} {self('unit.tco2e')}"
            if self.language == "en"
            else (f"{self.compact(value)}{self('unit.tco2e')}")
        )

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A fraction of 1 as a percentage."""
        return MISSING if share is None else f"{share * 100:,.{digits}f}%"

    def date(self, value: dt.date | None) -> str:
        """A day, ISO 8601 in both languages."""
        return MISSING if value is None else value.strftime("%Y-%m-%d")

    def moment(self, value: dt.datetime | None) -> str:
        """A point in time to the minute."""
        return MISSING if value is None else value.strftime("%Y-%m-%d %H:%M")
