"""The monthly reports as published: one row a unit, month, fuel and revision."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator.emitters.reports import PRODUCTS, Reports
from pipelines.simulator.frames import timestamps

_POWER_COLUMNS = ("electricity_generated", "electricity_supplied", "heat_supplied")
_INDUSTRY_COLUMNS = ("electricity_purchased", "product_output", "process_emissions")


def activity_reports(reports: Reports) -> pl.DataFrame:
    """Every monthly report; blast furnace routes have a second row for the coal that is blown in.

    A corrected report has two revisions, of which the first states slightly other fuel. `tag` is for labels.
    """
    month, unit = np.nonzero(reports.filing.filed)
    first = _rows(reports, month, unit, 1)
    corrected = ~np.isnan(reports.filing.corrected_after[month, unit])
    second = _rows(reports, month[corrected], unit[corrected], 2)
    frame = pl.concat([first, second])
    return frame.filter(pl.col("submitted_at") < _end(reports))


def _end(reports: Reports) -> pl.Expr:
    moment = calendar.local(reports.world.timeline.as_of, 24 * 3600)
    return pl.lit(moment).cast(pl.Datetime("us", "UTC"))


def _rows(reports: Reports, month: np.ndarray, unit: np.ndarray, revision: int) -> pl.DataFrame:
    injects = reports.truth.works.injected[unit] > 0
    main = _main(reports, month, unit, revision)
    return pl.concat([main, _injected(reports, month[injects], unit[injects], revision, main.schema)])


def _first_factor(reports: Reports, at: tuple[np.ndarray, np.ndarray], revision: int) -> np.ndarray:
    corrected = ~np.isnan(reports.filing.corrected_after[at])
    return np.where(corrected & (revision == 1), reports.filing.first_factor[at], 1.0)


def _main(reports: Reports, month: np.ndarray, unit: np.ndarray, revision: int) -> pl.DataFrame:
    fleet, columns = reports.world.fleet, reports.stated.columns
    at = (month, unit)
    power = fleet.is_power[unit]
    factor = _first_factor(reports, at, revision)
    fuel = np.round(columns["fuel_consumption"][at] * factor, 2)
    emissions = columns["reported_emissions"][at]
    process = columns["process_emissions"][at] * reports.plan.emission[at]
    emissions = np.where(factor == 1.0, emissions, np.round((emissions - process) * factor + process, 2))
    burns = (fleet.fuel[unit] != "none") & (fuel > 0)
    basis = np.where(reports.analyses.is_default[at], "default", "measured")
    products = np.array([PRODUCTS.get(one, "") for one in fleet.unit_class.tolist()])[unit]
    return pl.DataFrame(
        {
            **_who(reports, month, unit, revision),
            "fuel": fleet.fuel[unit],
            "fuel_consumption": _only(fleet.fuel[unit] != "none", fuel),
            "ncv": _only(burns, columns["ncv"][at]),
            "carbon_content": _only(burns, columns["carbon_content"][at]),
            "carbon_basis": pl.Series(np.where(burns, basis, "")).replace("", None),
            "oxidation_factor": _only(fleet.fuel[unit] != "none", reports.truth.oxidation[unit]),
            **{name: _only(power, columns[name][at]) for name in _POWER_COLUMNS},
            **{name: _only(~power, columns[name][at]) for name in _INDUSTRY_COLUMNS},
            "product": pl.Series(products).replace("", None),
            "reported_emissions": emissions,
            "tag": reports.stated.tag[at],
        }
    )


def _injected(
    reports: Reports, month: np.ndarray, unit: np.ndarray, revision: int, schema: pl.Schema
) -> pl.DataFrame:
    stated, at = reports.stated, (month, unit)
    factor = _first_factor(reports, at, revision)
    count = len(unit)
    carbon = round(calibration.INJECTED_HEAT * calibration.CARBON_PER_HEAT["coal"], 5)
    frame = pl.DataFrame(
        {
            **_who(reports, month, unit, revision),
            "fuel": np.full(count, "coal"),
            "fuel_consumption": np.round(stated.injected_fuel[at] * factor, 2),
            "ncv": np.full(count, calibration.INJECTED_HEAT),
            "carbon_content": np.full(count, carbon),
            "carbon_basis": np.full(count, "default"),
            "oxidation_factor": np.full(count, calibration.OXIDATION),
            "reported_emissions": np.round(stated.injected_emissions[at] * factor, 2),
            "tag": np.zeros(count, dtype=np.int64),
        }
    )
    absent = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in frame.columns
    ]
    return frame.with_columns(absent).select(schema.names()).cast(schema)


def _who(reports: Reports, month: np.ndarray, unit: np.ndarray, revision: int) -> dict[str, object]:
    world, filing = reports.world, reports.filing
    after = filing.after if revision == 1 else filing.corrected_after
    ends = np.array([calendar.utc_midnight(calendar.next_month(one)) for one in reports.truth.months])
    submitted = ends[month] - calendar.SHANGHAI + (after[month, unit] * calendar.DAY).astype(np.int64)
    firsts = np.array([calendar.day_number(one) for one in reports.truth.months], dtype=np.int32)
    return {
        "entity_id": np.array(world.entities.id)[world.fleet.entity[unit]],
        "unit_id": np.array(world.fleet.id)[unit],
        "month": pl.Series(firsts[month]).cast(pl.Date),
        "submitted_at": timestamps(submitted // calendar.MICROSECONDS * calendar.MICROSECONDS),
        "revision": np.full(len(unit), revision, dtype=np.int64),
    }


def _only(where: np.ndarray, values: np.ndarray) -> pl.Series:
    return pl.Series(np.where(where, values, np.nan)).fill_nan(None)
