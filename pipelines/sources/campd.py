"""US EPA Part 75 monitoring (CAMPD): annual totals by unit, of power plants in the Acid Rain Program.

One row a unit and year; entities are facilities (ORISPL code), units are `<ORISPL>-<unit id>`. Short
tons become tonnes and mmBtu become GJ; heat input is on the higher heating value. Defects of the source:
numbers are text, null is sometimes the word `blank`, headers may have leading blanks, starts and
retirements stand in brackets behind the operating status, nameplate capacity is not published.

Decisions:

* Capacity is the highest mean load of a year, gross load divided by operating hours, over the years
  read, in MW. It is a floor of the true capacity, so a load factor computed from it is relative to the
  unit's own best year. Units that report no load (steam only, or not run) have 0: unknown.
* The unit class follows the latest year: coal by capacity (unconventional where refuse coal or a
  fluidised bed is burned), gas as `gas_other` because the turbine class is not published, else other.
* `fuel` names the primary fuel, then `+` and the others in alphabetical order (`coal+natural gas`),
  since units that burn a second fuel differ from their peers for that reason alone.
* A facility of the latest year read is listed, any other has left. A figure that is missing stays null.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipelines.core.errors import SourceError
from pipelines.sources.intake import Intake, settle_keys
from pipelines.sources.reading import Reading, codes, unknown_codes
from pipelines.sources.tabular import fingerprint, read_csv_file

MARKET = {
    "id": "us-arp",
    "name_zh": "美国酸雨计划",
    "name_en": "US Acid Rain Program",
    "currency": "USD",
    "timezone": "America/New_York",
}
TONNES_PER_SHORT_TON = 0.90718474
GJ_PER_MMBTU = 1.05505585262
_LARGE_COAL_MW = 300
_COLUMNS = {
    "state": ("State",),
    "facility": ("Facility Name",),
    "orispl": ("Facility ID (ORISPL)", "Facility ID"),
    "unit": ("Unit ID",),
    "year": ("Year",),
    "operating_hours": ("Operating Time", "Sum of the Operating Time"),
    "gross_load": ("Gross Load (MW-h)", "Gross Load (MWh)"),
    "co2": ("CO2 (short tons)", "CO2 Mass (short tons)"),
    "heat": ("Heat Input (MMBtu)", "Heat Input (mmBtu)"),
    "unit_type": ("Unit Type",),
    "primary": ("Fuel Type (Primary)", "Primary Fuel Type"),
    "secondary": ("Fuel Type (Secondary)", "Secondary Fuel Type"),
}
_OPTIONAL = {
    "category": ("Source Category",),
    "status": ("Operating Status",),
}
_FIGURES = ("operating_hours", "gross_load", "co2", "heat")


def read(path: Path) -> Reading:
    """Entities, units and unit years of one file, or of all CSV files in a folder."""
    files, notes = _files(path)
    intakes: list[Intake] = []
    unused: dict[str, tuple[str, ...]] = {}
    for file in files:
        source = read_csv_file(file, _COLUMNS, _OPTIONAL)
        notes += source.notes
        unused[source.name] = source.unused
        intakes.append(_typed(Intake(source, null_texts=("blank",))))
    settle_keys(intakes, ("orispl", "unit", "year"))
    rows = pl.concat(intake.frame for intake in intakes)
    fuels = codes("campd_fuels")
    rows = rows.with_columns(fuel=_fuel(rows, fuels))
    units = _units(rows)
    return Reading(
        market=MARKET,
        inputs=[fingerprint(file) for file in files],
        tables={"entities": _entities(rows), "units": units, "unit_years": _unit_years(rows)},
        intakes=[(intake, "unit_years") for intake in intakes],
        unused_columns=unused,
        notes=[*notes, *_notes(rows, fuels, units)],
    )


def _files(path: Path) -> tuple[list[Path], list[str]]:
    if not path.is_dir():
        return [path], []
    found = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    files = [file for file in found if file.name.endswith((".csv", ".csv.gz"))]
    if not files:
        inside = ", ".join(file.name for file in found[:10]) or "nothing"
        raise SourceError(
            f"{path}: expected .csv or .csv.gz files, found {inside}. Name the folder that has them."
        )
    others = [file.name for file in found if file not in files]
    return files, [f"not read, as they are no CSV: {', '.join(others)}"] if others else []


def _typed(intake: Intake) -> Intake:
    intake.require("state", "orispl", "unit", "year")
    intake.integer("orispl", "year")
    intake.number(*_FIGURES)
    intake.frame = intake.frame.with_columns(
        entity_id=pl.col("orispl").cast(pl.String), unit_id=pl.format("{}-{}", "orispl", "unit")
    )
    return intake


def _fuel(rows: pl.DataFrame, fuels: pl.DataFrame) -> pl.Series:
    """Primary fuel first, the others after it; null where no fuel is named."""
    combinations = rows.select("primary", "secondary").unique()
    names = dict(fuels.select("code", "fuel").iter_rows())
    joined = [_joined(primary, secondary, names) for primary, secondary in combinations.iter_rows()]
    lookup = combinations.with_columns(fuel=pl.Series(joined, dtype=pl.String))
    return rows.join(
        lookup, on=["primary", "secondary"], how="left", nulls_equal=True, maintain_order="left"
    )["fuel"]


def _joined(primary: str | None, secondary: str | None, names: dict[str, str]) -> str | None:
    fuels = [names.get(fuel, fuel.lower()) for fuel in (*_parts(primary), *_parts(secondary))]
    return "+".join([fuels[0], *sorted(set(fuels[1:]) - {fuels[0]})]) if fuels else None


def _parts(fuels: str | None) -> Iterator[str]:
    return (part.strip() for part in (fuels or "").split(",") if part.strip())


def _entities(rows: pl.DataFrame) -> pl.DataFrame:
    latest = rows["year"].max()
    sectors = {
        "Petroleum Refinery": "petrochemicals",
        "Industrial Boiler": "other",
        "Industrial Turbine": "other",
    }
    by_facility = (
        rows.sort("orispl", "year", "unit").group_by("entity_id", maintain_order=True).agg(pl.all().last())
    )
    status = pl.when(pl.col("year") == latest).then(pl.lit("listed")).otherwise(pl.lit("exited"))
    return by_facility.select(
        "entity_id",
        pl.coalesce("facility", "entity_id").alias("entity_name"),
        pl.col("category").replace_strict(sectors, default="power").alias("sector"),
        pl.format("US-{}", "state").alias("province_code"),
        status.alias("status"),
    )


def _units(rows: pl.DataFrame) -> pl.DataFrame:
    hourly = pl.when(pl.col("operating_hours") > 0).then(pl.col("gross_load") / pl.col("operating_hours"))
    by_unit = (
        rows.sort("unit_id", "year")
        .group_by("unit_id", maintain_order=True)
        .agg(
            pl.col("entity_id").last(),
            hourly.max().fill_null(0.0).alias("capacity"),
            pl.col("fuel").drop_nulls().last(),
            pl.col("unit_type").drop_nulls().last(),
            _bracketed_date("Started").drop_nulls().last().alias("commissioned_on"),
            _bracketed_date("Retired").drop_nulls().last().alias("retired_on"),
        )
    )
    return by_unit.select(
        "unit_id",
        "entity_id",
        _unit_class().alias("unit_class"),
        "capacity",
        pl.lit("MW").alias("capacity_unit"),
        "commissioned_on",
        "retired_on",
    )


def _bracketed_date(word: str) -> pl.Expr:
    return (
        pl.col("status").str.extract(rf"\({word} (\d\d/\d\d/\d{{4}})\)").str.to_date("%m/%d/%Y", strict=False)
    )


def _unit_class() -> pl.Expr:
    primary = pl.col("fuel").str.split("+").list.first()
    fluidised = pl.col("unit_type").str.contains("(?i)fluidized").fill_null(value=False)
    gasified = pl.col("unit_type").str.contains("(?i)gasification").fill_null(value=False)
    by_size = (
        pl.when(pl.col("capacity") > _LARGE_COAL_MW)
        .then(pl.lit("coal_gt300"))
        .otherwise(pl.lit("coal_le300"))
    )
    return (
        pl.when(gasified)
        .then(pl.lit("other"))
        .when((primary == "coal refuse") | ((primary == "coal") & fluidised))
        .then(pl.lit("coal_unconventional"))
        .when(primary == "coal")
        .then(by_size)
        .when(primary == "natural gas")
        .then(pl.lit("gas_other"))
        .otherwise(pl.lit("other"))
    )


def _unit_years(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "unit_id",
        "year",
        "operating_hours",
        (pl.col("heat") * GJ_PER_MMBTU).alias("heat_input"),
        "gross_load",
        (pl.col("co2") * TONNES_PER_SHORT_TON).alias("co2_mass"),
        "fuel",
    )


def _notes(rows: pl.DataFrame, fuels: pl.DataFrame, units: pl.DataFrame) -> list[str]:
    named = rows.select(
        fuel=pl.concat_list(pl.col("primary", "secondary").str.split(",")).list.drop_nulls()
    ).explode("fuel")
    notes = unknown_codes(
        named.with_columns(pl.col("fuel").str.strip_chars()), "fuel", fuels, "their own name in lower case"
    )
    without = units.filter(pl.col("capacity") == 0).height
    return [*notes, f"capacity: {without} units show no load in the years read and have capacity 0 (unknown)"]
