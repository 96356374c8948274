"""Executing a mapping: from published files to contract tables in a database of the reading's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.intake import Intake
from pipelines.sources.mapping.model import Input, Mapping, Selection
from pipelines.sources.mapping.reading import Reading
from pipelines.sources.mapping.sql import count, execute
from pipelines.sources.text import files, headings
from pipelines.sources.text.files import Published
from pipelines.sources.text.headings import Layout
from pipelines.sources.text.sheets import Sheet, sheets

_MEMORY = "1GB"
_SHOWN_CHARACTERS = 300


def read(
    mapping: Mapping, path: Path, code_lists: Path, scratch: Path, encoding: str | None = None
) -> Reading:
    """The contract tables that `mapping` makes of the published files at `path`.

    `code_lists` is the folder of the mapping's code lists. `scratch` is an empty folder for the reading's
    database, which spills there beyond its memory limit; the mapping's SQL can reach no other file.

    Raises:
        SourceError: the files cannot be read, lack a heading, or fit two readings; or the mapping is wrong.
    """
    con = duckdb.connect(scratch / "reading.duckdb")
    con.execute(f"set memory_limit = '{_MEMORY}'; set timezone = 'UTC'")
    con.execute(f"set allowed_directories = [{literal(str(scratch))}]; set enable_external_access = false")
    reading = Reading(con, mapping.market)
    try:
        for name in mapping.code_lists:
            _take_codes(con, name, code_lists / f"{name}.csv")
        tables = _by_headings(mapping, path, reading, encoding) if mapping.by_headings else None
        for name, entry in mapping.inputs.items():
            intake = Intake(con, name, entry)
            reading.intakes.append(intake)
            layouts = tables[name] if tables else _layouts(mapping, entry, path, reading, encoding)
            for layout in layouts:
                progress.report(f"reading {layout.sheet.name}")
                intake.add(layout)
                if layout.unused:
                    reading.unused_columns[layout.sheet.name] = layout.unused
                for note in layout.sheet.notes:
                    reading.note(note)
            intake.take(str(path))
            reading.notes += intake.notes
        _select(mapping, reading)
    except BaseException:
        con.close()
        raise
    return reading


def _take_codes(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    try:
        codes = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(
            f"{path}: expected the code list {name} as CSV in UTF-8, found {str(error).splitlines()[0]}. "
            "Put it beside the mapping."
        ) from error
    con.register("code_list", codes)
    con.execute(f"create table codes_{name} as select * from code_list")
    con.unregister("code_list")


def _layouts(
    mapping: Mapping, entry: Input, path: Path, reading: Reading, encoding: str | None
) -> Iterator[Layout]:
    """The sheets of an input, which every file has."""
    for published in _published(mapping, entry, path, reading):
        found: list[Layout] = []
        closest: list[str] = []
        passed_over = []
        for sheet in sheets(published, encoding):
            if (
                entry.sheets
                and published.is_workbook
                and not re.search(entry.sheets, sheet.name.partition(":")[2])
            ):
                continue
            layout = _layout(sheet, entry)
            if isinstance(layout, Layout):
                found.append(layout)
            else:
                passed_over.append(sheet.name)
                closest = layout if len(layout) > len(closest) else closest
        if not found:
            raise _without_headings(published, entry, closest)
        if passed_over:
            reading.note(f"sheets without the headings that are read: {', '.join(passed_over)}")
        yield from found


def _by_headings(
    mapping: Mapping, path: Path, reading: Reading, encoding: str | None
) -> dict[str, list[Layout]]:
    """The sheets of each input, by name, where a file has the table of any of them.

    Raises:
        SourceError: a file has the headings of no input, or a sheet those of two.
    """
    tables: dict[str, list[Layout]] = {name: [] for name in mapping.inputs}
    for published in _published(mapping, next(iter(mapping.inputs.values())), path, reading):
        other: dict[str, list[str]] = {}
        passed_over = []
        found = False
        for sheet in sheets(published, encoding):
            looked = {name: _layout(sheet, entry) for name, entry in mapping.inputs.items()}
            fitting = {name: layout for name, layout in looked.items() if isinstance(layout, Layout)}
            if len(fitting) > 1:
                raise SourceError(
                    f"{sheet.where}: expected the headings of one table of the mapping, found those of "
                    f"{' and '.join(fitting)}. State in the mapping which headings are `absent` from each."
                )
            for name, layout in fitting.items():
                tables[name].append(layout)
                found = True
            if not fitting:
                passed_over.append(sheet.name)
                other = other or {name: head for name, head in looked.items() if isinstance(head, list)}
        if not found:
            nearest = min(other, key=lambda name: len(_missing(mapping.inputs[name], other[name])))
            raise _without_headings(published, mapping.inputs[nearest], other[nearest])
        if passed_over:
            reading.note(f"sheets without the headings that are read: {', '.join(passed_over)}")
    return tables


def _published(mapping: Mapping, entry: Input, path: Path, reading: Reading) -> list[Published]:
    if entry.member:
        found, others = files.members(path, mapping.members)
        reading.take_file(path)
        if others:
            reading.note(f"members of the archive that were not read: {', '.join(others)}")
        return [found[entry.member]]
    paths, others = files.files_in(path, files.TABLE_SUFFIXES)
    if entry.file and path.is_dir():
        paths = [each for each in paths if Published(each).name == entry.file]
        if not paths:
            raise SourceError(
                f"{path}: expected a file named {entry.file} with one of the suffixes "
                f"{', '.join(files.TABLE_SUFFIXES)}, found none. Name the folder that has it."
            )
    if others:
        reading.note(f"not read, as they are no tables: {', '.join(others)}")
    return [Published(each) for each in reading.without_copies(paths)]


def _layout(sheet: Sheet, entry: Input) -> Layout | list[str]:
    named = {
        name: column for name, column in entry.columns.items() if column.has_heading and name != entry.spread
    }
    names = {name: tuple(column.headings(name)) for name, column in named.items()}
    spread = {name: _pattern(column.spread) for name, column in entry.columns.items() if column.spread}
    optional = {name for name, column in entry.columns.items() if column.optional}
    return headings.find(
        sheet,
        headings.Wanted(
            required={name: names[name] for name in named if name not in optional},
            optional={name: names[name] for name in named if name in optional},
            further=entry.further_headings,
            unit_row=entry.unit_row,
            absent=entry.absent,
            lines=entry.heading_lines,
            spread={name: pattern for name, pattern in spread.items() if name not in optional},
            optional_spread={name: pattern for name, pattern in spread.items() if name in optional},
            above={name: _pattern(column.above) for name, column in entry.columns.items() if column.above},
        ),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _missing(entry: Input, present: list[str]) -> list[str]:
    """Headings that an input needs and a line of headings does not have."""
    plain = {headings.plain(name) for name in present}
    return [
        column.spread or (column.names or (name,))[0]
        for name, column in entry.columns.items()
        if not (column.optional or column.above or name == entry.spread)
        and not any(headings.plain(heading) in plain for heading in column.headings(name))
        and not (column.spread and any(map(_pattern(column.spread).match, plain)))
    ]


def _without_headings(published: Published, entry: Input, closest: list[str]) -> SourceError:
    missing = _missing(entry, closest)
    if not closest:
        return SourceError(
            f"{published.where}: expected a table with the columns {', '.join(missing)}, found an "
            "empty file. Download the file again."
        )
    strange = [name for name in closest if headings.plain(name) in map(headings.plain, entry.absent)]
    expected = f"the columns {', '.join(missing)}" if missing else f"a table without {', '.join(strange)}"
    return SourceError(
        f"{published.where}: expected {expected}; found {', '.join(closest)}. "
        "Check that this is the format you named, and its published layout."
    )


def _select(mapping: Mapping, reading: Reading) -> None:
    for name, query in mapping.views.items():
        execute(reading.con, f"create view {quoted(name)} as {query}", f"views.{name}")
    for name, selection in mapping.tables.items():
        execute(
            reading.con,
            f"create table {quoted('made_' + name)} as {_query(reading.con, selection)}",
            f"tables.{name}",
        )
        # A table that none of the files has was not delivered; an empty one would say that it was.
        if not mapping.by_headings or count(reading.con, quoted("made_" + name)):
            reading.tables.append(name)
    for remark in mapping.remarks:
        found = execute(reading.con, remark.sql, "remarks").fetchone()
        if found and found[0]:
            values = str(found[1])[:_SHOWN_CHARACTERS] if len(found) > 1 else ""
            reading.note(remark.text.format(n=f"{found[0]:,}", values=values))


def _query(con: duckdb.DuckDBPyConnection, selection: Selection) -> str:
    if selection.sql is not None:
        return selection.sql
    if selection.rows:
        return " union all by name ".join(
            f"select {', '.join(f'{_value(value)} as {quoted(name)}' for name, value in row.items())}"
            for row in selection.rows
        )
    source = quoted(selection.source or "")
    # A column may have the name of an SQL keyword, such as `at`.
    names = {row[0] for row in con.execute(f"describe {source}").fetchall()}
    columns = ", ".join(
        f"{quoted(expression) if expression in names else expression} as {quoted(name)}"
        for name, expression in selection.columns.items()
    )
    where = f" where {selection.where}" if selection.where else ""
    return f"select {columns} from {source}{where}"


def _value(value: str | float | None) -> str:
    if value is None:
        return "null"
    return literal(value) if isinstance(value, str) else repr(value)
