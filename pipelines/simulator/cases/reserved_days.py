"""Which instrument is reserved on which day, so that cases in the market do not disturb each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass
class ReservedDays:
    """Days of instruments (columns of the ledger): of market-wide episodes and of single accounts.

    An episode (a run of limits, a drought) has its instrument alone; conduct of a few accounts may
    share a day with each other, not with an episode.
    """

    episodes: set[tuple[int, date]] = field(default_factory=set)
    shared: set[tuple[int, date]] = field(default_factory=set)

    def is_calm(self, asset: int, days: Iterable[date]) -> bool:
        """Whether no episode has the instrument on any of these days."""
        return not any((asset, day) in self.episodes for day in days)

    def is_empty(self, asset: int, days: Iterable[date]) -> bool:
        """Whether neither an episode nor arranged conduct has the instrument on any of these days."""
        return not any((asset, day) in self.episodes or (asset, day) in self.shared for day in days)

    def reserve_alone(self, asset: int, days: Iterable[date]) -> None:
        """Reserve these days for a market-wide episode."""
        self.episodes.update((asset, day) for day in days)

    def reserve_shared(self, asset: int, days: Iterable[date]) -> None:
        """Reserve these days for arranged conduct; other conduct may share them."""
        self.shared.update((asset, day) for day in days)
