"""Recomputed months of the pandas baseline: what fuels, meters and stack say that a unit emitted."""

from __future__ import annotations

import json

import pandas as pd

from pipelines.bench.pandas_source import Source, month_start, month_text, naive, ratio

CO2_PER_CARBON = 44.0 / 12.0
_UNIT_MONTH = ["unit_id", "month"]
_HOUR_QUANTITIES = [
    "co2_mass",
    "co2_concentration",
    "o2",
    "flow",
    "heat_input",
    "gross_load",
    "operating",
]
_FUEL_MONTH = ["unit_id", "month", "fuel"]


def _cems_months(source: Source) -> pd.DataFrame:
    """Sums of the usable hours of each unit and month by the unit's own clock."""
    hours = source.read("cems_hourly", "unit_id", "ts", "utc_offset_minutes", "quality", *_HOUR_QUANTITIES)
    ranges = source.rules("reading_ranges").query("source_table == 'cems_hourly'").set_index("quantity")
    plausible = pd.Series(True, index=hours.index)
    for name in _HOUR_QUANTITIES:
        low, high = ranges.loc[name, ["minimum", "maximum"]]
        plausible &= hours[name].isna() | hours[name].between(low, high)
    idle = hours["operating"] == 0
    usable = plausible & hours["quality"].isin(["valid", "substituted"]) & hours["co2_mass"].notna()
    figures = pd.DataFrame(
        {
            "unit_id": hours["unit_id"],
            "month": month_start(_own_day(source, hours)),
            "idle_hours": idle.astype("int64"),
            "cems_valid_hours": (~idle & usable & (hours["quality"] == "valid")).astype("int64"),
            "co2_mass": hours["co2_mass"].where(usable),
        }
    )
    months = figures.groupby(_UNIT_MONTH, as_index=False).sum(min_count=1)
    month_hours = 24 * months["month"].dt.days_in_month
    return months.assign(cems_hours=month_hours - months.pop("idle_hours"))


def _own_day(source: Source, hours: pd.DataFrame) -> pd.Series:
    """Day that the clock shows which wrote the hour; in the market's time zone without an offset."""
    offset = pd.to_timedelta(hours["utc_offset_minutes"].astype("float64"), unit="min")
    own_day = naive(hours["ts"] + offset).dt.normalize()
    return own_day.where(offset.notna(), source.local_day(hours["ts"]))


def _default_factors(source: Source, cases: pd.DataFrame) -> pd.DataFrame:
    """Default of each parameter by sector, unit class, fuel and month; the closest rule counts."""
    keys = ["sector", "unit_class", "fuel", "month"]
    rules = source.rules("rule_emission_defaults")
    found = cases[keys].dropna().drop_duplicates().merge(rules, on="fuel", suffixes=("", "_rule"))
    found["own_class"] = found["unit_class_rule"] == found["unit_class"]
    found["own_sector"] = found["sector_rule"] == found["sector"]
    found = found[
        (found["own_class"] | (found["unit_class_rule"] == "all"))
        & (found["own_sector"] | (found["sector_rule"] == "all"))
        & found["month"].ge(found["valid_from"])
        & ~found["month"].gt(found["valid_to"])
    ]
    found = found.sort_values(["own_class", "own_sector", "valid_from", "known_from"])
    found = found.drop_duplicates([*keys, "parameter"], keep="last")
    table = found.pivot(index=keys, columns="parameter", values="value")
    table = table.reindex(columns=["oxidation_factor", "carbon_per_heat", "ncv"])
    return table.add_prefix("default_").reset_index()


def _fuel_months(source: Source, entities: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Latest revision of each unit, month and fuel, with the energy and emissions that follow from it."""
    reports = source.read("activity_reports")
    first = reports.groupby(_FUEL_MONTH, as_index=False).agg(first_submitted_at=("submitted_at", "min"))
    latest = reports.sort_values("revision").drop_duplicates(_FUEL_MONTH, keep="last")
    latest = (
        latest.merge(first, on=_FUEL_MONTH)
        .merge(units[["unit_id", "unit_class"]], on="unit_id", how="left")
        .merge(entities[["entity_id", "sector"]], on="entity_id", how="left")
        .merge(source.rules("rule_fuels")[["fuel", "state", "is_counted"]], on="fuel", how="left")
    )
    defaults = _default_factors(source, latest)
    latest = latest.merge(defaults, on=["sector", "unit_class", "fuel", "month"], how="left")
    ncv = latest["ncv"].fillna(latest["default_ncv"])
    carbon = latest["carbon_content"].fillna(ncv * latest["default_carbon_per_heat"])
    oxidation = latest["oxidation_factor"].fillna(latest["default_oxidation_factor"])
    emissions = latest["fuel_consumption"] * carbon * oxidation * CO2_PER_CARBON
    latest["is_solid"] = latest["state"] == "solid"
    latest["fuel_energy_gj"] = latest["fuel_consumption"] * ncv
    latest["combustion_tco2"] = emissions.where(latest["is_counted"].eq(True))
    return latest


def _meter_months(source: Source) -> pd.DataFrame:
    days = source.read("meters_daily", "unit_id", "date", "meter", "value")
    names = {"coal_feed": "metered_fuel_t", "electricity_out": "metered_electricity_mwh"}
    days = days[days["meter"].isin(list(names))]
    days = days.assign(month=month_start(days["date"]))
    sums = days.groupby([*_UNIT_MONTH, "meter"])["value"].sum(min_count=1).unstack()
    return sums.rename(columns=names).reindex(columns=list(names.values()))


def _lab_months(source: Source) -> pd.DataFrame:
    """Mean carbon as received of the month's samples of a unit, and their ids; of one fuel alone."""
    tests = source.read("lab_tests").query("moisture < 100").dropna(subset=["unit_id", "sampled_on"])
    dry_share = (100 - tests["total_moisture"]) / (100 - tests["moisture"])
    tests = tests.assign(
        month=month_start(tests["sampled_on"]),
        carbon_tc_per_t=tests["carbon"] * dry_share / 100,
        fuel=tests["fuel"].fillna(""),
    )
    grouped = tests[tests["carbon_tc_per_t"] > 0].groupby(_UNIT_MONTH)
    months = grouped.agg(
        carbon_tc_per_t=("carbon_tc_per_t", "mean"),
        fuels=("fuel", "nunique"),
        sample_ids_json=("sample_id", lambda ids: json.dumps(sorted(ids), separators=(",", ":"))),
    )
    months["carbon_tc_per_t"] = months["carbon_tc_per_t"].round(9)
    return months[months.pop("fuels") == 1]


def _filing_days(source: Source, months: pd.DataFrame) -> pd.Series:
    """Days after a month's end within which it is to be filed, by the year of the month."""
    rules = source.rules("rule_compliance_calendar").query("duty == 'monthly_filing' and sector == 'all'")
    days = pd.Series(float("nan"), index=months.index)
    for rule in rules.sort_values(["valid_from", "known_from"]).itertuples():
        holds = months["month"].ge(rule.valid_from) & ~(months["month"] > rule.valid_to)
        days = days.mask(holds, rule.days_after_month_end)
    return days


def mass_balance_months(source: Source, entities: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and month: what its fuels, its meters and its stack say it emitted."""
    fuels, cems = _fuel_months(source, entities, units), _cems_months(source)
    solid = fuels["is_solid"]
    fuels = fuels.assign(
        solid_tco2=fuels["combustion_tco2"].where(solid), solid_t=fuels["fuel_consumption"].where(solid)
    )
    sums = {
        "reported_emissions_tco2": "reported_emissions",
        "combustion_tco2": "combustion_tco2",
        "solid_tco2": "solid_tco2",
        "process_tco2": "process_emissions",
        "fuel_consumption_t": "solid_t",
        "electricity_generated_mwh": "electricity_generated",
        "heat_supplied_gj": "heat_supplied",
        "fuel_energy_gj": "fuel_energy_gj",
    }
    grouped = fuels.sort_values("entity_id").groupby(_UNIT_MONTH)
    months = grouped[list(sums.values())].sum(min_count=1)
    months.columns = list(sums)
    others = grouped.agg(
        entity_id=("entity_id", "last"),
        revision=("revision", "max"),
        submitted_at=("first_submitted_at", "min"),
    )
    months = (
        months.join(others)
        .join(_meter_months(source))
        .join(_lab_months(source))
        .join(cems.set_index(_UNIT_MONTH)[["co2_mass", "cems_valid_hours", "cems_hours"]])
        .rename(columns={"co2_mass": "cems_emissions_tco2"})
        .reset_index()
        .merge(units[["unit_id", "entity_name", "sector", "province_code"]], on="unit_id", how="left")
    )
    emissions = months["combustion_tco2"].add(months["process_tco2"], fill_value=0)
    excess = ratio(months["metered_fuel_t"], months["fuel_consumption_t"]) - 1
    month_end = months["month"] + pd.offsets.MonthEnd(0)
    months["period"] = month_text(months["month"])
    months["fuel_emissions_tco2"] = emissions
    months["metered_emissions_tco2"] = emissions + months["solid_tco2"] * excess
    carbon = months.pop("carbon_tc_per_t")
    months["lab_emissions_tco2"] = months["fuel_consumption_t"] * carbon * CO2_PER_CARBON
    months["heat_rate_gj_per_mwh"] = ratio(months["fuel_energy_gj"], months["electricity_generated_mwh"])
    months["submitted_at"] = naive(months["submitted_at"])
    months["due_on"] = month_end + pd.to_timedelta(_filing_days(source, months), unit="D")
    hours = ["cems_valid_hours", "cems_hours"]
    months[hours] = months[hours].astype("Int64")
    return months.drop(columns=["combustion_tco2", "solid_tco2", "process_tco2"])
