"""The realism table: every published figure beside that of a source directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.simulator.realism.market import market_measures
from pipelines.simulator.realism.plants import plant_measures
from pipelines.simulator.realism.published import Published, published
from pipelines.simulator.realism.series import exchange_measures
from pipelines.simulator.realism.tables import connect

COLUMNS = ("statistic", "unit", "real", "simulated", "bounds", "like", "source", "verified")


@dataclass(frozen=True)
class Line:
    """A published figure, what was measured by year, and what the exchange's daily file gives."""

    published: Published
    measured: dict[str, float]
    exchange: dict[str, float]

    @property
    def is_like(self) -> bool | None:
        """Whether every year lies within the bounds; None without bounds or without a measure."""
        if self.published.low is None or self.published.high is None or not self.measured:
            return None
        return all(self.published.low <= value <= self.published.high for value in self.measured.values())

    def row(self) -> tuple[str, ...]:
        """The line as text, in the order of `COLUMNS`."""
        bounds = (
            ""
            if self.published.low is None
            else f"{_text(self.published.low)} to {_text(self.published.high)}"
        )
        real = self.published.real
        if self.exchange:
            real = f"{real}; daily file: {_by_year(self.exchange)}"
        like = {True: "yes", False: "no", None: ""}[self.is_like]
        return (
            self.published.what, self.published.unit, real, _by_year(self.measured), bounds, like,
            self.published.source, self.published.verified,
        )  # fmt: skip


def realism(source: Path, daily_quotes: Path | None = None) -> list[Line]:
    """One line a published figure, in the order of `published.yml`.

    Args:
        source: any source directory of the contract.
        daily_quotes: the exchange's daily file, measured alongside where it is given.

    Raises:
        FileNotFoundError: one of them does not exist.
    """
    exchange = exchange_measures(daily_quotes) if daily_quotes else {}
    with connect(source) as con:
        measured = {**market_measures(con), **plant_measures(con)}
    return [Line(one, measured.get(one.id, {}), exchange.get(one.id, {})) for one in published()]


def _by_year(values: dict[str, float]) -> str:
    if len(values) == 1:
        return _text(next(iter(values.values())))
    return ", ".join(f"{_text(value)} ({year})" for year, value in values.items())


def _text(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"
