"""Fresh ids after the pattern of a source's own, near those of the neighbouring rows where numbers are free.

Where a source numbers its rows densely in time no number is free: planted rows get numbers that follow the
last one, so that they can be recognised by them. Hiding that would take renumbering the whole table.
"""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from pipelines.contract.tables import TABLES
from pipelines.simulator.injection.copy import SourceCopy

_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_SEARCHED = 50


class Numbers:
    """The ids in use, by table."""

    def __init__(self, copy: SourceCopy) -> None:
        """Nothing is read before it is asked for."""
        self._copy = copy
        self._used: dict[str, set[str]] = {}
        self._largest: dict[tuple[str, str, str], int] = {}
        self._in_time: dict[str, tuple[np.ndarray, list[str]]] = {}

    def fresh(self, name: str, near: str, column: str | None = None) -> str:
        """An id that is not used: the next free one after `near`, or else one beyond the last."""
        column = column or TABLES[name].key[0]
        if f"{name}.{column}" not in self._used:
            self._used[f"{name}.{column}"] = set(self._copy.rows(name)[column].drop_nulls().to_list())
        used = self._used[f"{name}.{column}"]
        match = _NUMBER.match(near)
        if match is None:
            count = len(used)
            while (chosen := f"{near}-{count}") in used:
                count += 1
        else:
            first, digits, last = match.groups()
            number = int(digits)
            for candidate in range(number + 1, number + _SEARCHED):
                chosen = f"{first}{candidate:0{len(digits)}d}{last}"
                if chosen not in used:
                    break
            else:
                while chosen in used:
                    candidate = self._after_last(f"{name}.{column}", first, last, used)
                    chosen = f"{first}{candidate:0{len(digits)}d}{last}"
        used.add(chosen)
        return chosen

    def _after_last(self, table: str, first: str, last: str, used: set[str]) -> int:
        """The number after the largest of that pattern."""
        pattern = table, first, last
        if pattern not in self._largest:
            matches = map(_NUMBER.match, used)
            self._largest[pattern] = max(int(m[2]) for m in matches if m and (m[1], m[3]) == (first, last))
        self._largest[pattern] += 1
        return self._largest[pattern]

    def near(self, name: str, moment: datetime, column: str | None = None) -> str:
        """The id of the last row before a moment, or the table's first."""
        column = column or TABLES[name].key[0]
        if f"{name}.{column}" not in self._in_time:
            rows = self._copy.rows(name).select("ts", column).sort("ts", maintain_order=True)
            self._in_time[f"{name}.{column}"] = rows["ts"].to_physical().to_numpy(), rows[column].to_list()
        times, ids = self._in_time[f"{name}.{column}"]
        wanted = round(moment.timestamp() * 1_000_000)
        return ids[max(int(np.searchsorted(times, wanted, side="right")) - 1, 0)]
