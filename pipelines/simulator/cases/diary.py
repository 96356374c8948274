"""Which instrument is taken up by what on which day, so that parts in the market do not spoil each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass
class Diary:
    """Days of instruments (columns of the ledger): those of market-wide episodes, and those of single deeds.

    An episode (a run of limits, a drought) has its instrument for itself; deeds of a few accounts may
    share a day with each other, not with an episode.
    """

    episodes: set[tuple[int, date]] = field(default_factory=set)
    deeds: set[tuple[int, date]] = field(default_factory=set)

    def is_calm(self, asset: int, days: Iterable[date]) -> bool:
        """Whether no episode has the instrument on any of these days."""
        return not any((asset, day) in self.episodes for day in days)

    def is_empty(self, asset: int, days: Iterable[date]) -> bool:
        """Whether neither an episode nor a deed has the instrument on any of these days."""
        return not any((asset, day) in self.episodes or (asset, day) in self.deeds for day in days)

    def note_episode(self, asset: int, days: Iterable[date]) -> None:
        """The instrument is an episode's on these days."""
        self.episodes.update((asset, day) for day in days)

    def note_deed(self, asset: int, days: Iterable[date]) -> None:
        """Somebody does something arranged in the instrument on these days."""
        self.deeds.update((asset, day) for day in days)
