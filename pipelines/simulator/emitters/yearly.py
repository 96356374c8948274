"""The annual reports with their verification, and the annual totals of every unit."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulator import calendar, law
from pipelines.simulator.emitters.reports import Reports
from pipelines.simulator.frames import timestamps

_NONE = pl.lit(None)


def emission_reports(reports: Reports) -> pl.DataFrame:
    """Annual reports, one row an entity, year and revision; small emitters' are not verified."""
    frames = []
    for year in reports.world.timeline.compliance_years:
        key = np.flatnonzero(reports.reporting(year))
        small = np.flatnonzero(reports.small_reporting(year))
        again = key[reports.annual[year].resubmitted[key]]
        frames += [
            _first(reports, year, key),
            _second(reports, year, again),
            _unverified(reports, year, small),
        ]
    return pl.concat(frames)


def _first(reports: Reports, year: int, who: np.ndarray) -> pl.DataFrame:
    annual, total = reports.annual[year], reports.totals(year)
    conclusion = np.where(annual.is_adverse, "does_not_conform", "conforms_with_reservation")
    conclusion = np.where(annual.found, conclusion, "conforms")
    frame = _frame(reports, year, who, 1, 1 + annual.error)
    return frame.with_columns(
        submitted_at=_moments(annual.submitted, annual.moment[0], who),
        verifier_id=_verifiers(reports, who),
        verified_total=pl.Series(np.where(annual.is_adverse, np.nan, total)[who]).fill_nan(None),
        verified_at=_moments(annual.verified, annual.moment[1], who),
        conclusion=pl.Series(conclusion[who]),
    )


def _second(reports: Reports, year: int, who: np.ndarray) -> pl.DataFrame:
    annual, total = reports.annual[year], reports.totals(year)
    frame = _frame(reports, year, who, 2, np.ones(len(total)))
    return frame.with_columns(
        submitted_at=_moments(annual.second_submitted, annual.moment[2], who),
        verifier_id=_verifiers(reports, who),
        verified_total=pl.Series(total[who]),
        verified_at=_moments(annual.second_verified, annual.moment[3], who),
        conclusion=pl.Series(np.full(len(who), "conforms")),
    )


def _unverified(reports: Reports, year: int, who: np.ndarray) -> pl.DataFrame:
    annual = reports.annual[year]
    return _frame(reports, year, who, 1, np.ones(len(reports.world.entities))).with_columns(
        submitted_at=_moments(annual.submitted, annual.moment[0], who),
        verifier_id=_NONE.cast(pl.String),
        verified_total=_NONE.cast(pl.Float64),
        verified_at=_NONE.cast(pl.Datetime("us", "UTC")),
        conclusion=pl.lit("not_verified"),
    )


def _frame(reports: Reports, year: int, who: np.ndarray, revision: int, factor: np.ndarray) -> pl.DataFrame:
    """The figures; a slip is one of adding up the fuels, or of the process where nothing burns."""
    total = reports.totals(year)
    combustion = reports.by_entity(reports.stated.combustion, year)
    process = np.round(total - combustion, 2)
    slip = np.round(total * (factor - 1), 2)
    burns = combustion > 0
    tags = {(t.entity, t.year): t.tag for t in reports.plan.emission_targets}
    return pl.DataFrame(
        {
            "entity_id": np.array(reports.world.entities.id)[who],
            "year": np.full(len(who), year),
            "revision": np.full(len(who), revision),
            "combustion": np.round(combustion + np.where(burns, slip, 0.0), 2)[who],
            "process": np.round(process + np.where(burns, 0.0, slip), 2)[who],
            "waste": pl.Series([None] * len(who), dtype=pl.Float64),
            "purchased_energy": pl.Series([None] * len(who), dtype=pl.Float64),
            "total": np.round(total + slip, 2)[who],
            "tag": pl.Series([tags.get((entity, year), 0) for entity in who.tolist()], dtype=pl.Int64),
        }
    )


def _moments(days: np.ndarray, seconds: np.ndarray, who: np.ndarray) -> pl.Series:
    moments = days[who] * calendar.DAY + seconds[who] * calendar.MICROSECONDS - calendar.SHANGHAI
    return timestamps(moments)


def _verifiers(reports: Reports, who: np.ndarray) -> pl.Series:
    ids = np.array([body.id for body in reports.world.verifiers])
    return pl.Series(ids[reports.world.entities.verifier[who]])


def unit_years(reports: Reports) -> pl.DataFrame:
    """Annual totals as reported, one row a unit and compliance year, also of industrial lines."""
    world, fleet, truth = reports.world, reports.world.fleet, reports.truth
    columns = reports.stated.columns
    energy = np.round(columns["fuel_consumption"] * np.nan_to_num(columns["ncv"]), 2)
    ids = np.array(fleet.id)
    frames = []
    for year in world.timeline.compliance_years:
        generation, _, hours = reports.unit_output(year)
        inside = truth.years == year
        files = (reports.reporting(year) | reports.small_reporting(year))[fleet.entity]
        who = np.flatnonzero(files & (fleet.is_power | (year >= law.industry_since())))
        tags = reports.stated.hours_tag
        frames.append(
            pl.DataFrame(
                {
                    "unit_id": ids[who],
                    "year": np.full(len(who), year),
                    "operating_hours": np.round(hours, 2)[who],
                    "heat_input": _only(fleet.fuel[who] != "none", np.round(energy[inside].sum(0), 2)[who]),
                    "gross_load": _only(fleet.is_power[who], generation[who]),
                    "co2_mass": reports.unit_emissions(year)[who],
                    "fuel": fleet.fuel[who],
                    "tag": pl.Series([tags.get((unit, year), 0) for unit in who.tolist()], dtype=pl.Int64),
                }
            )
        )
    return pl.concat(frames)


def _only(where: np.ndarray, values: np.ndarray) -> pl.Series:
    return pl.Series(np.where(where, values, np.nan)).fill_nan(None)
