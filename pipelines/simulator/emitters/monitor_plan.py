"""Carries out what the plan says about stack monitors: edited hours, downtimes, invented digits.

Edits may run on over the end of a month, so what they refer to (the hours before them, the level of their
first hour) is remembered from month to month.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.emitters.digits import invented
from pipelines.simulator.emitters.monitored import DECIMALS, QUALITIES, SEEN, Hours
from pipelines.simulator.plan.emitting import Downtime, EmitterPlan, MonitorEdit
from pipelines.simulator.seeds import Streams

_HOUR = 3600 * calendar.MICROSECONDS


class MonitorEdits:
    """The plan's edits of stack monitors; months must come in time."""

    def __init__(self, plan: EmitterPlan, units: np.ndarray, streams: Streams) -> None:
        """Take over the plan; `units` says which unit is in which column."""
        self._plan, self._streams = plan, streams
        self._place = {unit: column for column, unit in enumerate(units.tolist())}
        self._edits = [edit for edit in plan.monitor_edits if edit.unit in self._place]
        self._before: dict[int, dict[str, np.ndarray]] = {}
        self._level: dict[int, dict[str, float]] = {}

    def carry_out(self, hours: Hours, month: date, number: int) -> None:
        """Change a month's hours as the plan says, and tag what is changed."""
        rng = self._streams.of("emitters", "cems", "edits", f"{month:%Y-%m}")
        for downtime in self._plan.downtimes:
            if downtime.month == number and downtime.unit in self._place:
                _fail(hours, self._place[downtime.unit], downtime, rng)
        start = calendar.local(month, 0.0)
        for position, edit in enumerate(self._edits):
            first = (calendar.local(edit.first, edit.first_hour * 3600.0) - start) // _HOUR
            self._apply(hours, position, edit, first, rng)
        for made in self._plan.invented_digits:
            if made.table == "cems_hourly" and made.first_month <= number <= made.last_month:
                if made.unit not in self._place:
                    continue
                column = self._place[made.unit]
                values = getattr(hours, made.column)
                seen = np.where(hours.quality[:, column] == 0, values[:, column], np.nan)
                figures, chosen = invented(seen, made, DECIMALS[made.column], rng)
                values[chosen, column] = figures[chosen]
                hours.tag[chosen, column] = made.tag

    def _apply(
        self, hours: Hours, position: int, edit: MonitorEdit, first: int, rng: np.random.Generator
    ) -> None:
        """One edit within this month; `first` counts from the month's first hour and may lie outside it."""
        column, count = self._place[edit.unit], len(hours.quality)
        if edit.action == "repeat":
            self._remember(hours, position, column, first - int(edit.value), first)
        low, high = max(first, 0), min(first + edit.hours, count)
        if low >= high:
            return
        span = slice(low, high), column
        if edit.action == "scale":
            for name in ("co2_mass", "flow"):
                values = getattr(hours, name)
                values[span] = np.round(values[span] * edit.value, DECIMALS[name])
        elif edit.action == "cap":
            most = round(edit.value, DECIMALS["co2_mass"])
            hours.co2_mass[span] = np.minimum(hours.co2_mass[span], most)
        elif edit.action == "hold":
            self._hold(hours, position, edit, span, rng)
        else:
            self._paste(hours, position, span, low - first)
        hours.tag[span] = edit.tag

    def _remember(self, hours: Hours, position: int, column: int, low: int, high: int) -> None:
        """Keep the hours before an edit, part by part if they lie in two months."""
        inside = slice(max(low, 0), max(0, min(high, len(hours.quality))))
        if inside.start >= inside.stop:
            return
        part = {name: getattr(hours, name)[inside, column].copy() for name in (*SEEN, "quality")}
        before = self._before.get(position)
        self._before[position] = (
            part if before is None else {name: np.concatenate([before[name], part[name]]) for name in part}
        )

    def _paste(self, hours: Hours, position: int, span: tuple[slice, int], passed: int) -> None:
        source = self._before.get(position)
        if source is None:
            return
        size = len(source["quality"])
        turn = (np.arange(span[0].stop - span[0].start) + passed) % size
        for name in (*SEEN, "quality"):
            getattr(hours, name)[span] = source[name][turn]

    def _hold(
        self,
        hours: Hours,
        position: int,
        edit: MonitorEdit,
        span: tuple[slice, int],
        rng: np.random.Generator,
    ) -> None:
        for name in ("co2_mass", "co2_concentration", "flow"):
            values = getattr(hours, name)
            seen = values[span][~np.isnan(values[span]) & (values[span] > 0)]
            if name not in self._level.setdefault(position, {}):
                if not len(seen):
                    continue
                self._level[position][name] = float(seen[0])
            noise = 1 + edit.value * rng.normal(0, 1, len(values[span])).clip(-3, 3)
            held = np.round(self._level[position][name] * noise, DECIMALS[name])
            values[span] = np.where(np.isnan(values[span]), np.nan, held)


def _fail(hours: Hours, column: int, downtime: Downtime, rng: np.random.Generator) -> None:
    """A monitor that is not there in the hours of highest load, or at random hours of operation."""
    load = np.nan_to_num(hours.gross_load[:, column])
    running = np.flatnonzero(load > 0)
    count = round(downtime.share * len(running))
    if not count:
        return
    order = (
        rng.permutation(running) if downtime.at_random else running[np.argsort(-load[running], kind="stable")]
    )
    chosen = np.sort(order[:count])
    mass = hours.co2_mass[:, column]
    mean = float(np.nanmean(mass[running])) if np.isfinite(mass[running]).any() else 0.0
    hours.quality[chosen, column] = QUALITIES.index(downtime.quality)
    for name in SEEN[1:]:
        getattr(hours, name)[chosen, column] = np.nan
    bridged = downtime.quality == "substituted"
    hours.co2_mass[chosen, column] = (
        round(downtime.substitute * mean, DECIMALS["co2_mass"]) if bridged else np.nan
    )
    hours.tag[chosen, column] = downtime.tag
