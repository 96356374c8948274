"""Units of figures and how they stand in the names of warehouse columns.

Belongs here: which suffix says which unit. Does not belong here: conversion of figures.
"""

from __future__ import annotations

from pipelines.contract.schema import Column

SUFFIXES = {
    "gj_per_t": "GJ/t",
    "gj_per_mwh": "GJ/MWh",
    "tco2_per_gj": "tCO2/GJ",
    "tco2_per_mwh": "tCO2/MWh",
    "tc_per_gj": "tC/GJ",
    "nm3_per_h": "Nm3/h",
    "tco2e": "tCO2e",
    "tco2": "tCO2",
    "mwh": "MWh",
    "gj": "GJ",
    "hours": "h",
    "minutes": "min",
    "ha": "ha",
    "cny": "CNY",
    "pct": "%",
    "t": "t",
}
"""Unit by the last part of a column's name; the longest suffix that fits counts."""

_BY_UNIT = {unit: suffix for suffix, unit in SUFFIXES.items()}
_UNNAMED = ("fraction of", "CNY")
"""Units that no name carries: parts of one have none, and a price is in the market's own currency."""


def unit_in_name(name: str) -> str | None:
    """The unit that a column's name ends with, or None."""
    fitting = [suffix for suffix in SUFFIXES if name.endswith(f"_{suffix}")]
    return SUFFIXES[max(fitting, key=len)] if fitting else None


def warehouse_name(column: Column) -> str:
    """Name of a contract column in the warehouse: with its unit, unless the name has it.

    A unit that depends on another column of the row (tonnes or cubic metres by fuel) stays in the
    description.

    Raises:
        ValueError: `SUFFIXES` lacks the column's unit.
    """
    unit = column.unit or ""
    depends_on_row = ";" in unit or " or " in unit or unit.count(",") > 1
    if not unit or depends_on_row or unit.startswith(_UNNAMED):
        return column.name
    plain = "%" if unit.startswith("%") else unit.partition(",")[0]
    if plain not in _BY_UNIT:
        known = ", ".join(SUFFIXES.values())
        raise ValueError(
            f"column {column.name}: unit {unit!r} has no suffix, known are {known}; "
            "add it to SUFFIXES in pipelines/contract/units.py"
        )
    if unit_in_name(column.name) == plain:
        return column.name
    return f"{column.name}_{_BY_UNIT[plain]}"
