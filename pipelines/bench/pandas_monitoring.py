"""Monitoring marts of the pandas baseline: annual reports, unit years, mass balances, laboratory tests."""

from __future__ import annotations

import pandas as pd

from pipelines.bench.pandas_source import Source, month_start, month_text, naive, ratio

CO2_PER_CARBON = 44.0 / 12.0
_UNIT_YEAR = ["unit_id", "year"]
_UNIT_MONTH = ["unit_id", "month"]
_FUEL_MONTH = ["unit_id", "month", "fuel"]


def due_dates(source: Source, duty: str, years: pd.DataFrame) -> pd.DataFrame:
    """Day on which a duty falls due, by `sector` and `year`; a rule of the sector precedes one for all."""
    calendar = source.rules("rule_compliance_calendar").query("duty == @duty and month_day.notna()")
    cases = years[["sector", "year"]].dropna().drop_duplicates()
    found = cases.merge(calendar, how="cross", suffixes=("", "_rule"))
    found["is_own"] = found["sector_rule"] == found["sector"]
    found = found[
        (found["is_own"] | (found["sector_rule"] == "all"))
        & found["year"].ge(found["valid_from"].dt.year)
        & ~found["year"].gt(found["valid_to"].dt.year)
    ]
    found = found.sort_values(["is_own", "valid_from", "known_from"]).drop_duplicates(
        ["sector", "year"], keep="last"
    )
    year = (found["year"] + found["years_after"]).astype("int64").astype("str")
    found["due_on"] = pd.to_datetime(year + "-" + found["month_day"])
    return found[["sector", "year", "due_on"]]


def emission_reports(source: Source, entities: pd.DataFrame) -> pd.DataFrame:
    """One row an entity and year: its latest revision, and how late the first one came."""
    keys = ["entity_id", "year"]
    reports = source.read("emission_reports")
    history = reports.groupby(keys, as_index=False).agg(
        revision_count=("revision", "size"), first_submitted_at=("submitted_at", "min")
    )
    latest = reports.sort_values("revision").drop_duplicates(keys, keep="last")
    latest = latest.merge(history, on=keys).merge(
        entities[["entity_id", "entity_name", "sector", "province_code"]], on="entity_id", how="left"
    )
    due = due_dates(source, "annual_report", latest)
    latest = latest.merge(due, on=["sector", "year"], how="left")
    late = (source.local_day(latest["first_submitted_at"]) - latest["due_on"]).dt.days
    return pd.DataFrame(
        {
            "entity_id": latest["entity_id"],
            "year": latest["year"],
            "period": latest["year"].astype("str"),
            "entity_name": latest["entity_name"],
            "sector": latest["sector"],
            "province_code": latest["province_code"],
            "revision": latest["revision"],
            "revision_count": latest["revision_count"],
            "combustion_tco2": latest["combustion"],
            "process_tco2": latest["process"],
            "waste_tco2e": latest["waste"],
            "purchased_energy_tco2": latest["purchased_energy"],
            "total_tco2e": latest["total"],
            "submitted_at": naive(latest["submitted_at"]),
            "first_submitted_at": naive(latest["first_submitted_at"]),
            "due_on": latest["due_on"],
            "days_late": late.clip(lower=0).astype("Int64"),
            "verifier_id": latest["verifier_id"],
            "verified_total_tco2e": latest["verified_total"],
            "verified_at": naive(latest["verified_at"]),
            "conclusion": latest["conclusion"],
        }
    )


def cems_months(source: Source) -> pd.DataFrame:
    """Sums of the hours of each unit and month; substituted hours count, faulty ones do not."""
    hours = source.read(
        "cems_hourly", "unit_id", "ts", "co2_mass", "heat_input", "gross_load", "operating", "quality"
    )
    operating = hours["operating"].fillna(1)
    running = operating > 0
    figures = pd.DataFrame(
        {
            "unit_id": hours["unit_id"],
            "month": month_start(source.local_day(hours["ts"])),
            "cems_hours": running.astype("int64"),
            "cems_valid_hours": (running & (hours["quality"] == "valid")).astype("int64"),
            "operating_hours": operating,
            "co2_mass": hours["co2_mass"].where(hours["quality"].isin(["valid", "substituted"])),
            "heat_input": hours["heat_input"],
            "gross_load": hours["gross_load"],
        }
    )
    return figures.groupby(_UNIT_MONTH, as_index=False).sum(min_count=1)


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


def fuel_months(source: Source, entities: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
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


def unit_years(source: Source, units: pd.DataFrame, fuels: pd.DataFrame, cems: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and year: as published, else from hours and the fuel with the most energy."""
    stated = source.read("unit_years")
    figures = ["operating_hours", "heat_input", "gross_load", "co2_mass"]
    measured = cems.assign(year=cems["month"].dt.year.astype("int64"))
    measured = measured.groupby(_UNIT_YEAR, as_index=False)[figures].sum(min_count=1)
    measured = measured.merge(stated[_UNIT_YEAR], how="left", indicator="origin")
    measured = measured[measured["origin"] == "left_only"].drop(columns="origin")
    burnt = fuels[fuels["fuel_energy_gj"].notna()]
    burnt = burnt.assign(year=burnt["month"].dt.year.astype("int64"))
    energy = burnt.groupby([*_UNIT_YEAR, "fuel"], as_index=False)["fuel_energy_gj"].sum()
    energy = energy.sort_values(["fuel_energy_gj", "fuel"], ascending=[False, True])
    main = energy.drop_duplicates(_UNIT_YEAR)[[*_UNIT_YEAR, "fuel"]]
    years = pd.concat([stated, measured.merge(main, how="left")], ignore_index=True)
    years = years.merge(
        units.drop(columns=["sector", "cooling", "retired_on"]), on="unit_id", how="left", validate="m:1"
    )
    possible = (years["capacity"] * years["operating_hours"]).where(years["capacity_unit"] == "MW")
    years["period"] = years["year"].astype("str")
    years["load_factor"] = ratio(years["gross_load"], possible)
    years["heat_rate_gj_per_mwh"] = ratio(years["heat_input"], years["gross_load"])
    years["co2_tco2_per_gj"] = ratio(years["co2_mass"], years["heat_input"])
    years["co2_tco2_per_mwh"] = ratio(years["co2_mass"], years["gross_load"])
    names = {"heat_input": "heat_input_gj", "gross_load": "gross_load_mwh", "co2_mass": "co2_mass_tco2"}
    return years.rename(columns=names)


def _meter_months(source: Source) -> pd.DataFrame:
    days = source.read("meters_daily", "unit_id", "date", "meter", "value")
    names = {"coal_feed": "metered_fuel_t", "electricity_out": "metered_electricity_mwh"}
    days = days[days["meter"].isin(list(names))]
    days = days.assign(month=month_start(days["date"]))
    sums = days.groupby([*_UNIT_MONTH, "meter"])["value"].sum(min_count=1).unstack()
    return sums.rename(columns=names).reindex(columns=list(names.values()))


def _filing_days(source: Source, months: pd.DataFrame) -> pd.Series:
    """Days after a month's end within which it is to be filed, by the year of the month."""
    rules = source.rules("rule_compliance_calendar").query("duty == 'monthly_filing' and sector == 'all'")
    days = pd.Series(float("nan"), index=months.index)
    for rule in rules.sort_values(["valid_from", "known_from"]).itertuples():
        holds = months["month"].ge(rule.valid_from) & ~(months["month"] > rule.valid_to)
        days = days.mask(holds, rule.days_after_month_end)
    return days


def mass_balance_months(
    source: Source, units: pd.DataFrame, fuels: pd.DataFrame, cems: pd.DataFrame
) -> pd.DataFrame:
    """One row a unit and month: what its fuels, its meters and its stack say it emitted."""
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
    months["heat_rate_gj_per_mwh"] = ratio(months["fuel_energy_gj"], months["electricity_generated_mwh"])
    months["submitted_at"] = naive(months["submitted_at"])
    months["due_on"] = month_end + pd.to_timedelta(_filing_days(source, months), unit="D")
    hours = ["cems_valid_hours", "cems_hours"]
    months[hours] = months[hours].astype("Int64")
    return months.drop(columns=["combustion_tco2", "solid_tco2", "process_tco2"])


def lab_tests(source: Source, entities: pd.DataFrame) -> pd.DataFrame:
    """One row a sample, with what its dates contradict."""
    tests = source.read("lab_tests")
    bodies = source.read("service_bodies", "body_id", "body_name").set_index("body_id")["body_name"]
    tests = tests.merge(
        entities[["entity_id", "entity_name", "province_code"]], on="entity_id", how="left"
    ).rename(
        columns={
            **{name: f"{name}_pct" for name in ("total_moisture", "moisture", "ash", "volatile")},
            **{name: f"{name}_pct" for name in ("sulphur", "hydrogen", "carbon")},
            "ncv": "ncv_gj_per_t",
        }
    )
    tests["period"] = month_text(tests["sampled_on"])
    tests["lab_name"] = tests["lab_id"].map(bodies)
    combustible = 100 - tests["moisture_pct"] - tests["ash_pct"]
    tests["carbon_daf_pct"] = ratio(tests["carbon_pct"] * 100, combustible)
    tests["tested_before_sampled"] = tests["tested_on"] < tests["sampled_on"]
    tests["tested_before_received"] = tests["tested_on"] < tests["received_on"]
    tests["reported_before_tested"] = tests["reported_on"] < tests["tested_on"]
    tests["received_before_sampled"] = tests["received_on"] < tests["sampled_on"]
    tests["days_to_report"] = (tests["reported_on"] - tests["sampled_on"]).dt.days.astype("Int64")
    return tests
