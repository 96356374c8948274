"""Order intentions of all accounts for one session, sorted by time for the kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.trading import kernel

END = round(calendar.SESSION_SECONDS * calendar.MICROSECONDS)
_LAST_ENTRY = END - calendar.MICROSECONDS
_RETRIES = 5
_RETRY_SECONDS = 90.0
NEVER = np.inf

Column = np.ndarray | float | int


def session_times(rng: np.random.Generator, count: int) -> np.ndarray:
    """Random seconds of the session, denser after the opening and before the close."""
    even = rng.random(count)
    return (even - 0.45 * np.sin(2 * np.pi * even) / (2 * np.pi)) * (calendar.SESSION_SECONDS - 1)


@dataclass
class Intents:
    """Wishes to trade in one session; times are seconds of the session."""

    _wishes: list[np.ndarray] = field(default_factory=list)
    _opinions: list[np.ndarray] = field(default_factory=list)
    _steps: list[tuple[np.ndarray, int, np.ndarray]] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(
        self,
        second: np.ndarray,
        account: Column,
        side: Column,
        quantity: Column,
        rule: Column,
        ticks: Column = 0,
        *,
        belief: Column = 1.0,
        conviction: Column = 0.0,
        trend: Column = 0.0,
        noise: Column = 0.0,
        impatient: Column = 0,
        until: Column = NEVER,
        amend_at: Column = NEVER,
        amend_ticks: Column = 0,
        tag: Column = 0,
        planned: Column = 0,
    ) -> None:
        """Orders to be entered, amended at `amend_at` and withdrawn at `until` if they are still open."""
        wishes, rows = self._append(len(second), account, side, quantity, tag, planned)
        wishes[:, kernel.RULE] = rule
        wishes[:, kernel.TICKS] = ticks
        wishes[:, kernel.IMPATIENT] = impatient
        wishes[:, kernel.AMEND_TICKS] = amend_ticks
        opinions = self._opinions[-1]
        opinions[:, kernel.BELIEF] = belief
        opinions[:, kernel.CONVICTION] = conviction
        opinions[:, kernel.TREND] = trend
        opinions[:, kernel.NOISE] = noise
        self._steps.append((second, kernel.ENTER, rows))
        for when, what in ((amend_at, kernel.AMEND), (until, kernel.WITHDRAW)):
            times = np.broadcast_to(np.asarray(when, dtype=float), second.shape)
            comes = (times < calendar.SESSION_SECONDS - 1) & (times > second)
            self._steps.append((times[comes], what, rows[comes]))

    def deal(
        self,
        second: Column,
        poster: Column,
        partner: Column,
        side: Column,
        quantity: Column,
        pause: Column,
        *,
        noise: Column = 0.0,
        tag: Column = 0,
        planned: Column = 0,
    ) -> None:
        """Deals: the poster's side is `side`, its partner comes `pause` seconds later, again till met."""
        start = np.atleast_1d(np.asarray(second, dtype=float))
        wishes, rows = self._append(len(start), poster, side, quantity, tag, planned)
        wishes[:, kernel.PARTNER] = partner
        self._opinions[-1][:, kernel.NOISE] = noise
        wait = np.broadcast_to(np.asarray(pause, dtype=float), start.shape)
        for attempt in range(_RETRIES):
            posted = start + attempt * (wait + _RETRY_SECONDS)
            comes = posted + wait < calendar.SESSION_SECONDS - 1
            self._steps.append((posted[comes], kernel.POST, rows[comes]))
            self._steps.append((posted[comes] + wait[comes], kernel.TAKE, rows[comes]))

    def agenda(self, quiet: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What the kernel works through: clock, action, intent, wishes, opinions.

        Wishes of `quiet` accounts (mask over accounts) that are not planned are left out.
        """
        if not self._count:
            none = np.zeros(0, np.int64)
            return (
                none,
                none,
                none,
                np.zeros((0, kernel.INTENT_COLUMNS), np.int64),
                np.zeros((0, kernel.OPINION_COLUMNS)),
            )
        wishes, opinions = np.concatenate(self._wishes), np.concatenate(self._opinions)
        seconds = np.concatenate([step[0] for step in self._steps])
        action = np.concatenate([np.full(len(step[0]), step[1], np.int64) for step in self._steps])
        intent = np.concatenate([step[2] for step in self._steps])
        clock = (seconds * calendar.MICROSECONDS).astype(np.int64).clip(1, _LAST_ENTRY)
        if quiet.any():
            speaks = wishes[:, kernel.PLANNED] == 1
            speaks |= ~quiet[wishes[:, kernel.ACCOUNT]] & ~quiet[wishes[:, kernel.PARTNER]]
            keep = speaks[intent]
            clock, action, intent = clock[keep], action[keep], intent[keep]
        order = np.argsort(clock, kind="stable")
        return clock[order], action[order], intent[order], wishes, opinions

    def _append(
        self, count: int, account: Column, side: Column, quantity: Column, tag: Column, planned: Column
    ) -> tuple[np.ndarray, np.ndarray]:
        wishes = np.zeros((count, kernel.INTENT_COLUMNS), np.int64)
        columns: dict[int, Any] = {
            kernel.ACCOUNT: account,
            kernel.PARTNER: account,
            kernel.SIDE: side,
            kernel.QUANTITY: quantity,
            kernel.TAG: tag,
            kernel.PLANNED: planned,
        }
        for column, values in columns.items():
            wishes[:, column] = values
        self._wishes.append(wishes)
        self._opinions.append(np.ones((count, kernel.OPINION_COLUMNS)))
        rows = np.arange(self._count, self._count + count)
        self._count += count
        return wishes, rows
