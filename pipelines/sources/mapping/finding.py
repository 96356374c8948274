"""Where in published files the inputs of a mapping stand: which files, which sheets, which headings."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.core.errors import SourceError
from pipelines.sources.mapping.model import Input, Mapping
from pipelines.sources.mapping.reading import Reading
from pipelines.sources.text import files, headings
from pipelines.sources.text.files import Published
from pipelines.sources.text.headings import Layout
from pipelines.sources.text.sheets import Sheet, sheets


def layouts(
    mapping: Mapping, inputs: dict[str, Input], path: Path, reading: Reading, encoding: str | None
) -> dict[str, list[Layout]]:
    """The sheets of each input, by name, where `inputs` stand in the same files.

    Raises:
        SourceError: a file has the headings of no input, or a sheet those of two.
    """
    found: dict[str, list[Layout]] = {name: [] for name in inputs}
    for published in _published(mapping, next(iter(inputs.values())), path, reading):
        closest: dict[str, list[str]] = {name: [] for name in inputs}
        passed_over = []
        has_table = False
        for sheet in sheets(published, encoding):
            looked = {
                name: _layout(sheet, entry) for name, entry in inputs.items() if _may_have(sheet, entry)
            }
            fitting = {name: layout for name, layout in looked.items() if isinstance(layout, Layout)}
            if len(fitting) > 1:
                raise SourceError(
                    f"{sheet.where}: expected the headings of one table of the mapping, found those of "
                    f"{' and '.join(fitting)}. State in the mapping which headings are `absent` from each."
                )
            for name, layout in fitting.items():
                found[name].append(layout)
                has_table = True
            if looked and not fitting:
                passed_over.append(sheet.name)
                heads = {name: head for name, head in looked.items() if isinstance(head, list)}
                closest.update((name, max(closest[name], head, key=len)) for name, head in heads.items())
        if not has_table:
            nearest = min(inputs, key=lambda name: len(_missing(inputs[name], closest[name])))
            raise _without_headings(published, inputs[nearest], closest[nearest])
        if passed_over:
            reading.note(f"sheets without the headings that are read: {', '.join(passed_over)}")
    return found


def _may_have(sheet: Sheet, entry: Input) -> bool:
    """Whether a sheet of that name may have the table of an input."""
    is_named = entry.sheets and sheet.published.is_workbook
    return not is_named or bool(re.search(entry.sheets or "", sheet.name.partition(":")[2]))


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
