"""The energy-use monitoring: what belt scales, gas, electricity and heat meters and weighbridges count a day.

Meters see the truth with a small error of their own: a bias that stays and a noise of the day, at most
1.4 and 2 times the errors of `calibration_plants.METER_ERRORS`, so a month's fuel reading and an honest
report agree within one per cent. `electricity_out` is counted at the generator's terminals, as generation is
reported.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.calibration_plants import METER_ERRORS
from pipelines.simulator.emitters.digits import invented
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.world import World

METERS = tuple(METER_ERRORS)
_DECIMALS = 3
_PLANNED = {
    "coal_feed": "meter_fuel",
    "gas_flow": "meter_fuel",
    "electricity_out": "meter_output",
    "product": "meter_product",
}
_SILENT_SHARE = 0.0006  # days without a reading


class MeterBook:
    """Readings of one meter kind after the other, all days at once, then handed out by month."""

    def __init__(self, world: World, truth: Truth, plan: EmitterPlan, streams: Streams) -> None:
        """Take over what is to be read; nothing is read yet."""
        self._world, self._truth, self._plan, self._streams = world, truth, plan, streams

    def fitted(self, meter: str) -> np.ndarray:
        """Units that have this meter."""
        fleet = self._world.fleet
        solid = fleet.is_coal | (fleet.fuel == "coke")
        return np.flatnonzero(
            {
                "coal_feed": solid,
                "gas_flow": fleet.is_gas,
                "electricity_out": fleet.is_power,
                "electricity_in": ~fleet.is_power,
                "heat_out": fleet.heat_per_mw > 0,
                "product": ~fleet.is_power,
            }[meter]
        )

    def readings(self, meter: str) -> tuple[np.ndarray, np.ndarray]:
        """Readings and tags of one kind of meter, days by fitted units; NaN where a day is missing."""
        truth, units = self._truth, self.fitted(meter)
        seen = {
            "coal_feed": truth.burn.fuel,
            "gas_flow": truth.burn.fuel,
            "electricity_out": truth.run.generation,
            "electricity_in": truth.works.electricity,
            "heat_out": truth.run.heat,
            "product": truth.works.product,
        }[meter]
        rng = self._streams.of("emitters", "meters", meter)
        bias, noise = METER_ERRORS[meter]
        lasting = rng.normal(0, bias, len(units)).clip(-1.4 * bias, 1.4 * bias)
        values = rng.normal(0, noise, (len(truth.days), len(units))).clip(-2 * noise, 2 * noise)
        values += 1 + lasting
        values *= seen[:, units]
        if meter in _PLANNED:
            values *= getattr(self._plan, _PLANNED[meter])[truth.month][:, units]
        tags = self._edited(meter, values, units)
        np.round(values, _DECIMALS, out=values)
        values[rng.random(values.shape) < _SILENT_SHARE] = np.nan
        return values, tags

    def _edited(self, meter: str, values: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Carry out what the plan says about single meters; returns the tags."""
        tags = np.zeros(values.shape, dtype=np.int64)
        place = {unit: n for n, unit in enumerate(units.tolist())}
        rng = self._streams.of("emitters", "meters", meter, "edits")
        for step in self._plan.meter_steps:
            if step.meter == meter and step.unit in place:
                at = self._months(step.first_month, step.last_month), place[step.unit]
                values[at] = np.round(values[at] / step.step) * step.step
        for edit in self._plan.invented_digits:
            if (edit.table, edit.column) == ("meters_daily", meter) and edit.unit in place:
                at = self._months(edit.first_month, edit.last_month), place[edit.unit]
                values[at], chosen = invented(values[at], edit, _DECIMALS, rng)
                tags[at] = np.where(chosen, edit.tag, tags[at])
        for pasted in self._plan.meter_edits:
            if pasted.meter == meter and pasted.unit in place:
                first = (pasted.first - self._truth.days[0]).days
                last = min(first + pasted.days, len(values))
                column = values[:, place[pasted.unit]]
                if pasted.action == "repeat":
                    block = max(1, min(int(pasted.value), first))
                    column[first:last] = np.resize(column[first - block : first], last - first)
                else:
                    level = column[first - 1] * (1 + pasted.value * rng.normal(0, 1, last - first))
                    column[first:last] = level
                tags[first:last, place[pasted.unit]] = pasted.tag
        return tags

    def _months(self, first: int, last: int) -> slice:
        month = self._truth.month
        return slice(int(np.searchsorted(month, first)), int(np.searchsorted(month, last, side="right")))


def write_meters(world: World, truth: Truth, plan: EmitterPlan, streams: Streams, sink: Sink) -> None:
    """Write the daily readings month by month: all of monitoring, at the largest scale the trading years."""
    book = MeterBook(world, truth, plan, streams)
    kept = {meter: (book.fitted(meter), *book.readings(meter)) for meter in METERS}
    ids = pl.Series(world.fleet.id, dtype=pl.String)
    since = world.timeline.metered_since(world.scale)
    for number, month in enumerate(truth.months):
        if month < since:
            continue
        inside = np.flatnonzero(truth.month == number)
        there = np.array([day is None or day >= month for day in world.fleet.retired_on])
        frames = []
        for meter, (units, values, tags) in kept.items():
            at = np.ix_(inside, np.flatnonzero(there[units]))
            frames.append(_frame(ids, meter, month, units[there[units]], values[at], tags[at]))
        sink.write("meters_daily", pl.concat(frames), f"{month:%Y-%m}")


def _frame(
    ids: pl.Series, meter: str, first: date, units: np.ndarray, values: np.ndarray, tags: np.ndarray
) -> pl.DataFrame:
    days = np.arange(len(values), dtype=np.int32) + calendar.day_number(first)
    return pl.DataFrame(
        {
            "unit_id": ids.gather(np.tile(units, len(values))),
            "date": pl.Series(np.repeat(days, len(units))).cast(pl.Date),
            "meter": pl.repeat(meter, values.size, eager=True),
            "value": pl.Series(values.ravel()).fill_nan(None),
            "tag": tags.ravel(),
        }
    )
