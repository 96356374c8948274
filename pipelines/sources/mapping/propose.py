"""A first mapping for a file that nobody has mapped: where its headings stand, what its columns hold.

The proposal is a whole mapping file for one contract table. A column of the contract takes the heading of the
same name; the others are for a person to fill in. Nothing is guessed about meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.contract import schema
from pipelines.contract.checks import typed
from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.core.sql import quoted
from pipelines.sources.mapping.model import OPEN, TAKEN, Column, Input
from pipelines.sources.mapping.notation import look, rewritten
from pipelines.sources.mapping.sql import count
from pipelines.sources.mapping.texts import TextTable
from pipelines.sources.text import headings
from pipelines.sources.text.files import Published, check_file
from pipelines.sources.text.headings import Layout
from pipelines.sources.text.rows import Row
from pipelines.sources.text.sheets import Sheet, sheets

_LOOKED_AT_ROWS = 5_000
_SEARCHED_ROWS = 60
_FITTING_SHARE = 0.98
_TYPES = ("bool", "date", "timestamp", "int64", "float64")
_WIDE_SHARE = 0.6
_NAME_CHARACTERS = 50
_MOST_FURTHER_HEADINGS = 3
_UNIT_WORDS = {"单位", "计量单位", "unit", "units"}
_FIGURE = re.compile(r"^(?=.*\d)[+-]?[\d.,/:\s年月日-]+$")


@dataclass(frozen=True)
class Finding:
    """One column of the file: its heading, the type that its values fit, and two of the values."""

    name: str
    heading: str
    type: str
    values: int
    fitting_share: float
    examples: tuple[str, ...]
    takes: str | None
    remark: str | None = None


@dataclass(frozen=True)
class Proposal:
    """A mapping as YAML, what each column holds, and columns of the contract without a heading."""

    sheet: str
    text: str
    columns: tuple[Finding, ...]
    open_columns: tuple[str, ...]
    notes: tuple[str, ...]


def propose(path: Path, table: str | None = None, encoding: str | None = None) -> Proposal:
    """A mapping for the widest table of the file at `path`, into contract table `table`, else the nearest.

    Raises:
        SourceError: the file cannot be read, or has no line of headings above rows.
    """
    check_file(path)
    layout, further = _widest_table(sheets(Published(path), encoding))
    heads = {name: layout.heading_at(place) for name, place in layout.places.items()}
    contract = TABLES[table] if table else _nearest(list(heads.values()))
    columns = tuple(_findings(layout, heads, contract))
    taken = {finding.takes for finding in columns}
    missing = tuple(
        column.delivered_name
        for column in contract.columns
        if column.delivered_name not in taken and (not column.nullable or column.name in contract.key)
    )
    return Proposal(
        sheet=layout.sheet.name,
        text=_written(path, contract, columns, missing, further, _units(layout)),
        columns=columns,
        open_columns=missing,
        notes=tuple(layout.sheet.notes),
    )


def _widest_table(found: list[Sheet]) -> tuple[Layout, list[Row]]:
    """The layout of the widest table, and the further headings below its headings."""
    best: tuple[int, Sheet, str, Row] | None = None
    for sheet in found:
        for delimiter in sheet.delimiters:
            head = [row for row in islice(sheet.rows(delimiter), _SEARCHED_ROWS) if isinstance(row, Row)]
            heading = _heading(head)
            if heading and (best is None or len(heading.fields) > best[0]):
                best = (len(heading.fields), sheet, delimiter, heading)
    if best:
        _, sheet, delimiter, heading = best
        layout = Layout(sheet, delimiter, heading, _places(heading))
        return layout, _take_further_headings(layout)
    raise SourceError(
        f"{found[0].where}: expected a line of headings with rows below it, found none in the first "
        f"{_SEARCHED_ROWS} rows. Check that the file holds a table."
    )


def _take_further_headings(layout: Layout) -> list[Row]:
    """Lines directly below the headings that have no figure at all, if rows with figures follow them."""
    further = []
    for row in islice(layout.rows(), _MOST_FURTHER_HEADINGS + 1):
        if not isinstance(row, Row) or any(_FIGURE.match(field.strip()) for field in row.fields):
            break
        further.append(row)
    else:
        return []
    if not further or not all(row.fields[0].strip() for row in further):
        return []
    layout.further = further[-1].number - layout.heading.number
    layout.unit_row = next((row for row in further if headings.plain(row.fields[0]) in _UNIT_WORDS), None)
    return further


def _heading(rows: list[Row]) -> Row | None:
    """The first row that is as wide as the table and has no figures, above a row that has some."""
    width = max((sum(bool(field.strip()) for field in row.fields) for row in rows), default=0)
    for row in rows[:-1]:
        filled = [field.strip() for field in row.fields if field.strip()]
        differ = len({headings.plain(field) for field in filled}) == len(filled)
        wide = len(filled) >= max(1, _WIDE_SHARE * width)
        if wide and differ and not any(_FIGURE.match(field) for field in filled):
            return row
    return None


def _places(heading: Row) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, field in enumerate(heading.fields):
        if not field.strip():
            continue
        name = re.sub(r"[^a-z0-9]+", "_", headings.plain(field)).strip("_")
        if not field.isascii() or not re.match(r"[a-z]", name):
            name = f"column_{place + 1}"
        name = name[:_NAME_CHARACTERS]
        while name in places or name in TAKEN:
            name += "_"
        places[name] = place
    return places


def _nearest(names: list[str]) -> Table:
    present = {headings.plain(name) for name in names}

    def share(table: Table) -> float:
        return sum(column.delivered_name in present for column in table.columns) / len(table.columns)

    nearest = max(TABLES.values(), key=share)
    if not share(nearest):
        raise SourceError(
            f"the headings {', '.join(names)}: expected one that is a column of the contract, found none, so "
            "that no table is nearest. Name the contract table with --table."
        )
    return nearest


def _findings(layout: Layout, heads: dict[str, str], table: Table) -> Iterator[Finding]:
    con = duckdb.connect()
    entry = Input(
        table=table.name, rows="a row", columns={name: Column(names=(head,)) for name, head in heads.items()}
    )
    TextTable(con, "looked_at", entry).add(layout, most_rows=_LOOKED_AT_ROWS)
    for name, head in heads.items():
        kind, share, remark = _kind(con, name)
        examples = con.execute(
            f"select distinct {quoted(name)} from text_looked_at "
            f"where {quoted(name)} is not null order by 1 limit 2"
        ).fetchall()
        values = count(con, f"text_looked_at where {quoted(name)} is not null")
        takes = headings.plain(head) if headings.plain(head) in _delivered(table) else None
        yield Finding(
            name,
            head,
            kind,
            values,
            share,
            tuple(row[0] for row in examples),
            takes,
            remark,
        )


def _delivered(table: Table) -> set[str]:
    return {column.delivered_name for column in table.columns}


def _kind(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, float, str | None]:
    """The first type that nearly all values fit, the share that does, and what a person has to choose."""
    seen = look(con, "text_looked_at", [name])[name]
    for kind in _TYPES:
        try:
            text = rewritten(con, "text_looked_at", name, Column(type=kind), seen, "the file")
        except SourceError:
            choice = "date_order" if kind == "date" else "decimal"
            return kind, 1.0, f"values fit two readings: state {choice}"
        check = typed(schema.Column(name, kind, nullable=True), "VARCHAR")
        found = con.execute(
            f"with rewritten as (select {text} as {quoted(name)} from text_looked_at) "
            f"select count({check.value}), count({quoted(name)}) from rewritten"
        ).fetchone()
        # Excel writes a day as a number, and so would quantities of this size be days.
        if kind == "date" and count(
            con, f"text_looked_at where regexp_matches({quoted(name)}, '^\\d{{5}}$')"
        ):
            continue
        if found and found[1] and found[0] / found[1] >= _FITTING_SHARE:
            return kind, found[0] / found[1], None
    return "string", 1.0, None


def _written(
    path: Path,
    table: Table,
    columns: tuple[Finding, ...],
    missing: tuple[str, ...],
    further: list[Row],
    units: dict[str, str],
) -> str:
    inputs: dict[str, Any] = {
        "table": table.name,
        "rows": f"{OPEN} what one row is",
        "key": [finding.name for finding in columns if finding.takes in table.key],
        "columns": {finding.name: _column(finding, units.get(finding.name)) for finding in columns},
    }
    for row in further:
        first = row.fields[0].strip()
        pattern = f"^{re.escape(first)}$"
        if headings.plain(first) in _UNIT_WORDS:
            inputs["unit_row"] = pattern
        else:
            inputs.setdefault("further_headings", []).append(pattern)
    selected = {finding.takes: quoted(finding.name) for finding in columns if finding.takes}
    mapping = {
        "title": f"{OPEN} what {path.name} is",
        "market": {
            "id": OPEN,
            "name_zh": OPEN,
            "name_en": OPEN,
            "currency": "CNY",
            "timezone": "Asia/Shanghai",
        },
        "inputs": {"rows_read": inputs},
        "tables": {
            table.name: {"from": "rows_read", "columns": {**selected, **dict.fromkeys(missing, OPEN)}}
        },
    }
    head = (
        f"# Replace each {OPEN}: a SQL expression over the input's columns, such as 'CEA' or close * 1000;\n"
        "# for a unit, the factor to the unit that the mapping works with.\n"
    )
    return head + yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False, width=110)


def _units(layout: Layout) -> dict[str, str]:
    """The unit that the line of units states for each column, where it states one."""
    line = layout.unit_row
    fields = line.fields if line else []
    stated = {name: fields[place].strip() for name, place in layout.places.items() if place < len(fields)}
    return {name: unit for name, unit in stated.items() if unit}


def _column(finding: Finding, unit: str | None) -> dict[str, Any]:
    column: dict[str, Any] = {"names": [finding.heading]}
    if finding.type != "string":
        column["type"] = finding.type
    if finding.remark:
        column["date_order" if finding.type == "date" else "decimal"] = OPEN
    if unit and finding.type in ("int64", "float64"):
        column["units"] = {unit: OPEN}
    return column
