"""Arrangements at plants, laboratories and monitors: what is stated instead of what is so.

Factor arrays are months by units and multiply a *stated* figure; truth itself changes only through
`efficiency`, `coal_lots`, `shared_coal` and `load_courses`. The lists hold edits of single series.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np


@dataclass(frozen=True)
class LabDates:
    """Dates that a laboratory report states instead of the true ones."""

    unit: int
    month: int
    sampled_on: date | None = None
    received_on: date | None = None
    tested_on: date | None = None
    reported_on: date | None = None
    tag: int = 0


@dataclass(frozen=True)
class LabFigures:
    """Analysis figures that a laboratory report states instead of the true ones.

    `factors` multiplies columns of `lab_tests`; the name `combustible` stands for carbon, hydrogen,
    volatiles and NCV together, with ash making up for it, as poorer coal has it. With `source` (unit,
    month) the figures are first copied from that sample, with a relative noise of `jitter`. The report's
    own NCV and carbon content follow the stated analysis where `in_report`.
    """

    unit: int
    month: int
    factors: tuple[tuple[str, float], ...] = ()
    source: tuple[int, int] | None = None
    jitter: float = 0.0
    in_report: bool = True
    tag: int = 0


@dataclass(frozen=True)
class CopiedMonth:
    """A monthly report whose figures are copied from another unit's or month's, with relative `jitter`.

    `columns` are columns of `activity_reports`; emissions are computed anew from them.
    """

    unit: int
    month: int
    source_unit: int
    source_month: int
    columns: tuple[str, ...]
    jitter: float = 0.0
    tag: int = 0


@dataclass(frozen=True)
class InventedDigits:
    """Figures that somebody makes up: near the truth, with digits as people choose them.

    `table` is `activity_reports`, `meters_daily` or `cems_hourly`, `column` one of its figures (a meter's
    name for meters). `style` is `round` (ends in 0 or 5 at the stated step), `human` (avoids 0 and
    repeats, likes 3 and 7) or `first` (leading digits drawn evenly).
    `share` of the figures within the months is invented.
    """

    unit: int
    first_month: int
    last_month: int
    table: str
    column: str
    style: str
    share: float = 1.0
    tag: int = 0


@dataclass(frozen=True)
class MonitorEdit:
    """Hours of a stack monitor that are not what it saw, from `first` for `hours` hours (Shanghai time).

    `action`: `scale` multiplies mass and flow by `value`; `hold` keeps mass, concentration and flow at
    their level of the first hour with a relative noise of `value`; `repeat` pastes the `value` hours
    before `first` again and again; `cap` cuts the mass at `value` tonnes an hour.
    """

    unit: int
    first: date
    first_hour: int
    hours: int
    action: str
    value: float
    tag: int = 0


@dataclass(frozen=True)
class Downtime:
    """A monitor in fault or substitution during a `share` of the hours with the highest load of a month.

    Substituted hours carry `substitute` times the month's mean mass. `quality` is `fault` or
    `substituted`; `at_random` spreads the hours evenly over the load instead (an honest failure).
    """

    unit: int
    month: int
    share: float
    quality: str = "substituted"
    substitute: float = 0.8
    at_random: bool = False
    tag: int = 0


@dataclass(frozen=True)
class CoalLot:
    """Other coal than routine, really delivered and burnt from `first_month` to `last_month`.

    `ash` and `total_moisture` are percentage points on top of the routine figures (negative: better
    coal); `per_heat` multiplies the carbon per heat. All other figures follow by the chemistry of coal,
    so that laboratory, report and monitor agree about it.
    """

    unit: int
    first_month: int
    last_month: int
    ash: float = 0.0
    total_moisture: float = 0.0
    per_heat: float = 1.0


@dataclass(frozen=True)
class SharedCoal:
    """A unit that is fed from the coal yard of the unit `source`: its true coal is that one's.

    With `one_sample` the laboratory analyses one common sample and states its figures for both;
    otherwise each unit's own sample, equal but for the repeatability of the analysis.
    """

    unit: int
    source: int
    first_month: int
    last_month: int
    one_sample: bool = False


@dataclass(frozen=True)
class LoadCourse:
    """A unit that truly runs from `first` to `last` without a stop, at a load factor near `level`.

    `spread` is the relative spread from day to day and, half of it, from hour to hour; a base-load unit
    has 0.01 or less. Without `spread` the course around the level stays routine, without `level` the
    level does: then it is only that outages fall on other days.
    """

    unit: int
    first: date
    last: date
    level: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class Outage:
    """Days on which a unit really stands still, beside the routine outages and also within a `LoadCourse`."""

    unit: int
    first: date
    last: date


@dataclass(frozen=True)
class MeterStep:
    """A daily meter that reads in whole multiples of `step` (its own unit), as such instruments do."""

    unit: int
    meter: str
    step: float
    first_month: int
    last_month: int


@dataclass(frozen=True)
class MeterEdit:
    """Days of a daily meter that are not what it saw, from `first` for `days` days.

    `action`: `repeat` pastes the `value` days before `first` again and again; `hold` keeps the reading of
    the day before `first` with a relative noise of `value`.
    """

    unit: int
    meter: str
    first: date
    days: int
    action: str
    value: float
    tag: int = 0


@dataclass(frozen=True)
class SelectiveDefault:
    """A unit that states the default carbon where the analysis is worse than the default.

    Of the months in which the true carbon content is above what the default factor gives, the `share`
    where it is furthest above state the default and publish no analysis; the other months are measured.
    Units without analyses of their own have them in the months named.
    """

    unit: int
    first_month: int
    last_month: int
    share: float
    tag: int = 0


@dataclass(frozen=True)
class HoursTarget:
    """Operating hours of a year stated so that the load factor of the year comes to `load_factor`.

    Hours are stretched, never cut, at most to the hours that the year has; every month by the same ratio.
    """

    unit: int
    year: int
    load_factor: float
    tag: int = 0


@dataclass(frozen=True)
class EmissionTarget:
    """Fuel and product of a year stated so that the entity's annual total comes to `total` tonnes.

    Figures are cut, never raised; every unit and month by the same ratio. Meters and monitors stay as
    they are.
    """

    entity: int
    year: int
    total: float
    tag: int = 0


@dataclass
class EmitterPlan:
    """What is arranged at the plants.

    `fuel`, `carbon`, `emission`, `output`, `heat`, `hours`, `product` multiply the figures of the monthly
    report (and of the annual totals made from them); `meter_fuel`, `meter_output`, `meter_product` the daily
    meters' readings; `monitor` the stack monitor's mass and flow in a whole month. `default_carbon` months
    state the default factor.
    `efficiency` multiplies the true heat rate.

    Filing, by (unit, month): `month_filed_after` days after the month's end, `month_missing` never,
    `month_revised_after` the day on which a second revision follows a first one that was on time (it
    states the same but for a correction within rounding). By (entity, year): `year_filed_on`,
    `year_missing`, `year_revised_on` alike. A unit at `standstill` (unit, month) really burns and makes
    nothing; it files a report of zeros. `yearly_emissions` (by small emitter) scales the true activity of
    its units so that it really emits about that many tonnes in each whole year.
    """

    fuel: np.ndarray
    carbon: np.ndarray
    emission: np.ndarray
    output: np.ndarray
    heat: np.ndarray
    hours: np.ndarray
    product: np.ndarray
    meter_fuel: np.ndarray
    meter_output: np.ndarray
    meter_product: np.ndarray
    monitor: np.ndarray
    efficiency: np.ndarray
    default_carbon: np.ndarray
    lab_dates: list[LabDates] = field(default_factory=list)
    lab_figures: list[LabFigures] = field(default_factory=list)
    copied_months: list[CopiedMonth] = field(default_factory=list)
    invented_digits: list[InventedDigits] = field(default_factory=list)
    monitor_edits: list[MonitorEdit] = field(default_factory=list)
    downtimes: list[Downtime] = field(default_factory=list)
    coal_lots: list[CoalLot] = field(default_factory=list)
    shared_coal: list[SharedCoal] = field(default_factory=list)
    load_courses: list[LoadCourse] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    meter_steps: list[MeterStep] = field(default_factory=list)
    meter_edits: list[MeterEdit] = field(default_factory=list)
    selective_defaults: list[SelectiveDefault] = field(default_factory=list)
    hours_targets: list[HoursTarget] = field(default_factory=list)
    emission_targets: list[EmissionTarget] = field(default_factory=list)
    month_filed_after: dict[tuple[int, int], float] = field(default_factory=dict)
    month_missing: set[tuple[int, int]] = field(default_factory=set)
    month_revised_after: dict[tuple[int, int], float] = field(default_factory=dict)
    year_filed_on: dict[tuple[int, int], date] = field(default_factory=dict)
    year_missing: set[tuple[int, int]] = field(default_factory=set)
    year_revised_on: dict[tuple[int, int], date] = field(default_factory=dict)
    standstill: set[tuple[int, int]] = field(default_factory=set)
    yearly_emissions: dict[int, float] = field(default_factory=dict)

    @classmethod
    def empty(cls, months: int, units: int) -> EmitterPlan:
        """A plan in which everybody states what is so."""

        def ones() -> np.ndarray:
            return np.ones((months, units))

        return cls(
            fuel=ones(),
            carbon=ones(),
            emission=ones(),
            output=ones(),
            heat=ones(),
            hours=ones(),
            product=ones(),
            meter_fuel=ones(),
            meter_output=ones(),
            meter_product=ones(),
            monitor=ones(),
            efficiency=ones(),
            default_carbon=np.zeros((months, units), dtype=bool),
        )
