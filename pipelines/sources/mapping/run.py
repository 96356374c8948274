"""Executing a mapping: from published files to contract tables in a database of the reading's own."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.faults import system_fault
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.finding import layouts
from pipelines.sources.mapping.intake import Intake
from pipelines.sources.mapping.model import Mapping, Selection
from pipelines.sources.mapping.reading import Reading
from pipelines.sources.mapping.sql import count, execute

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
    reading = _opened(mapping, code_lists, scratch / "reading.duckdb")
    try:
        _take_inputs(mapping, path, reading, encoding)
        _select(mapping, reading)
    except BaseException:
        reading.con.close()
        raise
    return reading


def check(mapping: Mapping, code_lists: Path) -> Reading:
    """The contract tables that `mapping` makes of inputs without any row, so that all of its SQL is checked.

    Raises:
        SourceError: a code list cannot be read, or SQL cannot be executed; the message names its entry.
    """
    reading = _opened(mapping, code_lists, None)
    try:
        for name, entry in mapping.inputs.items():
            Intake(reading.con, name, entry).take("")
        _select(mapping, reading)
    except BaseException:
        reading.con.close()
        raise
    return reading


def _opened(mapping: Mapping, code_lists: Path, database: Path | None) -> Reading:
    """A reading in a database of its own, on disk or in memory, that has the code lists and no input."""
    con = duckdb.connect(database or ":memory:")
    con.execute(f"set memory_limit = '{_MEMORY}'; set timezone = 'UTC'")
    if database:
        con.execute(f"set allowed_directories = [{literal(str(database.parent))}]")
    con.execute("set enable_external_access = false")
    try:
        for name in mapping.code_lists:
            _take_codes(con, name, code_lists / f"{name}.csv")
    except BaseException:
        con.close()
        raise
    return Reading(con, mapping.market)


def _take_inputs(mapping: Mapping, path: Path, reading: Reading, encoding: str | None) -> None:
    together = [mapping.inputs] if mapping.by_headings else [{n: i} for n, i in mapping.inputs.items()]
    for inputs in together:
        for name, found in layouts(mapping, inputs, path, reading, encoding).items():
            intake = Intake(reading.con, name, mapping.inputs[name])
            reading.intakes.append(intake)
            for layout in found:
                progress.report(f"reading {layout.sheet.name}")
                intake.add(layout)
                if layout.unused:
                    reading.unused_columns[layout.sheet.name] = layout.unused
                for note in layout.sheet.notes:
                    reading.note(note)
            intake.take(str(path))
            reading.notes += intake.notes


def _take_codes(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    try:
        codes = pl.read_csv(path, infer_schema=False)
    except OSError as error:
        raise _no_codes(name, path, system_fault(error)) from error
    except pl.exceptions.PolarsError as error:
        found = "an empty file" if not path.stat().st_size else "lines of other lengths, or other bytes"
        raise _no_codes(name, path, found) from error
    con.register("code_list", codes)
    con.execute(f"create table codes_{name} as select * from code_list")
    con.unregister("code_list")


def _no_codes(name: str, path: Path, found: str) -> SourceError:
    return SourceError(
        f"{path}: expected the code list {name} as CSV in UTF-8 with one line of headings, found {found}. "
        "Put it beside the mapping."
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
