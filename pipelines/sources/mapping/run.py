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
from pipelines.sources.mapping.sql import execute
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
        for name, entry in mapping.inputs.items():
            intake = Intake(con, name, entry)
            reading.intakes.append(intake)
            for layout in _layouts(mapping, name, entry, path, reading, encoding):
                progress.report(f"reading {layout.sheet.name}")
                intake.add(layout)
                if layout.unused:
                    reading.unused_columns[layout.sheet.name] = layout.unused
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
    mapping: Mapping, name: str, entry: Input, path: Path, reading: Reading, encoding: str | None
) -> Iterator[Layout]:
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
        for layout in found:
            for note in layout.sheet.notes:
                reading.note(note)
            yield layout


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
    for each in paths:
        reading.take_file(each)
    return [Published(each) for each in paths]


def _layout(sheet: Sheet, entry: Input) -> Layout | list[str]:
    names = {name: column.names or (name,) for name, column in entry.columns.items()}
    required = {name: names[name] for name, column in entry.columns.items() if not column.optional}
    optional = {name: names[name] for name, column in entry.columns.items() if column.optional}
    return headings.find(sheet, required, optional, entry.further_headings, entry.unit_row)


def _without_headings(published: Published, entry: Input, closest: list[str]) -> SourceError:
    present = {headings.plain(name) for name in closest}
    missing = [
        (column.names or (name,))[0]
        for name, column in entry.columns.items()
        if not column.optional
        and not any(headings.plain(heading) in present for heading in column.names or (name,))
    ]
    if not closest:
        return SourceError(
            f"{published.where}: expected a table with the columns {', '.join(missing)}, found an "
            "empty file. Download the file again."
        )
    return SourceError(
        f"{published.where}: expected the columns {', '.join(missing)}; found {', '.join(closest)}. "
        "Check that this is the format you named, and its published layout."
    )


def _select(mapping: Mapping, reading: Reading) -> None:
    for name, query in mapping.views.items():
        execute(reading.con, f"create view {quoted(name)} as {query}", f"views.{name}")
    for name, selection in mapping.tables.items():
        execute(
            reading.con, f"create table {quoted('made_' + name)} as {_query(selection)}", f"tables.{name}"
        )
        reading.tables.append(name)
    for remark in mapping.remarks:
        found = execute(reading.con, remark.sql, "remarks").fetchone()
        if found and found[0]:
            values = str(found[1])[:_SHOWN_CHARACTERS] if len(found) > 1 else ""
            reading.note(remark.text.format(n=f"{found[0]:,}", values=values))


def _query(selection: Selection) -> str:
    if selection.sql is not None:
        return selection.sql
    if selection.rows:
        return " union all by name ".join(
            f"select {', '.join(f'{_value(value)} as {quoted(name)}' for name, value in row.items())}"
            for row in selection.rows
        )
    columns = ", ".join(f"{expression} as {quoted(name)}" for name, expression in selection.columns.items())
    where = f" where {selection.where}" if selection.where else ""
    return f"select {columns} from {quoted(selection.source or '')}{where}"


def _value(value: str | float | None) -> str:
    if value is None:
        return "null"
    return literal(value) if isinstance(value, str) else repr(value)
