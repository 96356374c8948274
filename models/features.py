"""What the peer model of unit years looks at: fuel groups, feature matrix, targets.

Belongs here: everything computed from one row of `fct_unit_years` before a model sees it.
Does not belong here: fitting (`models.expected_emissions`) or judging (`anomaly`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

TARGETS = ("co2_tco2_per_gj", "co2_tco2_per_mwh")
INPUT_COLUMNS = (
    "unit_id", "year", "period", "entity_id", "province_code", "unit_class", "capacity",
    "commissioned_on", "fuel", "operating_hours", "heat_input_gj", "gross_load_mwh", "co2_mass_tco2",
    "load_factor",
)  # fmt: skip
FEATURES = (
    "fuel_group", "province", "unit_class", "log_hours", "log_heat_per_hour", "log_load_per_hour",
    "load_factor", "log_capacity", "age", "lists_oil", "lists_gas", "lists_biomass", "lists_refuse",
)  # fmt: skip
CATEGORICAL = ("fuel_group", "province", "unit_class")
MAX_CATEGORIES = 200
# Histogram boosting refuses a column that is missing throughout, which a source may well give.
ABSENT = -99.0

_WORDS = {
    "gas": re.compile(r"\bgas\b|natural_gas|\blng\b|\blpg\b|methane"),
    "refuse": re.compile(r"refuse|gangue|slime|culm|petroleum coke|petcoke"),
    "coal": re.compile(r"coal|lignite|anthracite|bituminous|gangue|slime"),
    "oil": re.compile(r"\boil\b|fuel_oil|diesel|kerosene|naphtha"),
    "biomass": re.compile(r"wood|biomass|waste|tire|straw|other solid"),
}
_CLASS_FUEL = (("coal", "coal"), ("gas", "gas"))


@dataclass(frozen=True)
class FuelMix:
    """What a fuel text names: the main group and which other fuels are listed."""

    group: str
    gas: bool = False
    oil: bool = False
    biomass: bool = False
    refuse: bool = False


def _named(text: str) -> set[str]:
    return {name for name, pattern in _WORDS.items() if pattern.search(text)}


def fuel_mix(fuel: str | None, unit_class: str | None = None) -> FuelMix:
    """The mix that a fuel text such as 'coal, natural gas+diesel oil' names.

    Text before the first '+' is the primary fuel. Coal that lists gas as a primary fuel, coal that
    lists it as a secondary one and coal alone are three groups: co-fired gas lowers CO2 per GJ, so
    their reported rates must not be measured by one another. Without a text the unit class decides.
    """
    primary_text, _, secondary_text = (fuel or "").lower().replace("_", " ").partition("+")
    primary, secondary = _named(primary_text), _named(secondary_text)
    if not primary and not secondary:
        prefix = next((name for start, name in _CLASS_FUEL if (unit_class or "").startswith(start)), None)
        return FuelMix(prefix or "other")
    listed = primary | secondary
    flags = {name: name in listed for name in ("gas", "oil", "biomass", "refuse")}
    return FuelMix(_group(primary or secondary, secondary), **flags)


def _group(primary: set[str], secondary: set[str]) -> str:
    if "coal" in primary or "refuse" in primary:
        if "gas" in primary:
            return "coal_and_gas"
        if "gas" in secondary:
            return "coal_with_gas"
        if primary & {"refuse"} or (primary | secondary) & {"biomass", "refuse"}:
            return "coal_with_other_solids"
        return "coal"
    if "gas" in primary:
        return "gas_and_coal" if "coal" in secondary else "gas"
    for name in ("oil", "biomass"):
        if name in primary:
            return name
    return "other"


def _log(column: pl.Expr) -> pl.Expr:
    return pl.when((column > 0) & column.is_finite()).then(column.log()).otherwise(None)


def unit_year_features(unit_years: pl.DataFrame) -> pl.DataFrame:
    """One row a unit and year: keys, features, and the log of each target (null where not computable).

    Rows come out sorted by unit and year, so nothing later depends on the order they came in.
    """
    missing = [name for name in INPUT_COLUMNS if name not in unit_years.columns]
    if missing:
        raise ValueError(
            f"fct_unit_years: expected columns {', '.join(INPUT_COLUMNS)}; missing {', '.join(missing)}"
        )
    rows = unit_years.select(INPUT_COLUMNS).sort("unit_id", "year")
    mixes = [fuel_mix(fuel, kind) for fuel, kind in rows.select("fuel", "unit_class").iter_rows()]
    heat, load, hours = pl.col("heat_input_gj"), pl.col("gross_load_mwh"), pl.col("operating_hours")
    co2 = pl.col("co2_mass_tco2")
    age = pl.col("year") - pl.col("commissioned_on").dt.year()
    return rows.with_columns(
        pl.Series("fuel_group", [mix.group for mix in mixes], dtype=pl.String),
        *(
            pl.Series(f"lists_{name}", [getattr(mix, name) for mix in mixes], dtype=pl.Float64)
            for name in ("oil", "gas", "biomass", "refuse")
        ),
        pl.coalesce("province_code", pl.lit("unknown")).alias("province"),
        pl.coalesce("unit_class", pl.lit("unknown")).alias("unit_class"),
        _log(hours).alias("log_hours"),
        _log(heat / hours).alias("log_heat_per_hour"),
        _log(load / hours).alias("log_load_per_hour"),
        _log(pl.col("capacity")).alias("log_capacity"),
        age.cast(pl.Float64).alias("age"),
        _log(co2 / heat).alias("y_co2_tco2_per_gj"),
        _log(co2 / load).alias("y_co2_tco2_per_mwh"),
    )


def matrix(features: pl.DataFrame, target: str) -> np.ndarray:
    """The feature columns as floats, categories as codes of their sorted names.

    A target's own denominator would let the model read the answer from the unit's own figures in part:
    for CO2 per MWh the heat per hour is left out, or a unit that understates fuel and CO2 alike would
    be expected to be low.
    """
    hidden = {"co2_tco2_per_mwh": {"log_heat_per_hour"}, "co2_tco2_per_gj": set()}[target]
    columns = []
    for name in FEATURES:
        if name in CATEGORICAL:
            values = features[name]
            kept = sorted(values.unique().to_list())[:MAX_CATEGORIES]
            codes = {value: float(code) for code, value in enumerate(kept)}
            columns.append(np.array([codes.get(value, np.nan) for value in values]))
        elif name in hidden:
            columns.append(np.zeros(features.height))
        else:
            columns.append(features[name].cast(pl.Float64).fill_nan(None).fill_null(ABSENT).to_numpy())
    return np.column_stack(columns)
