"""Readers that turn published files into the source contract, and write nothing else.

    text/       published files as rows of text: archives, encodings, delimited text, workbooks, headings
    mapping/    a mapping file and what executes it: typing, code lists, keys, contract tables as SQL
    formats/    the built-in mappings, one file a published format, and their code lists in `codes/`
    writer.py   the reading on disk

Belongs here: how published files are read. A new format is one mapping and its test with a handmade sample;
the file's name is the format's.
Does not belong here: checks of plausibility (`expectations`), the lake (`pipelines.lake`), rules of law.

Importing this package loads no data library.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from pipelines.core.errors import SourceError
from pipelines.core.faults import system_fault
from pipelines.sources.report import ReadReport, ReportLine

__all__ = ["ReadReport", "ReportLine", "SourceError", "formats", "read"]


_FORMATS = Path(__file__).parent / "formats"
_CODES = Path(__file__).parent / "codes"


def formats() -> dict[str, str]:
    """Name of each built-in format -> what it is, in alphabetical order."""
    return {
        path.stem: str(yaml.safe_load(path.read_text(encoding="utf-8"))["title"])
        for path in sorted(_FORMATS.glob("*.yml"))
    }


def read(format: str, path: Path, out: Path, encoding: str | None = None) -> ReadReport:
    """Turn the published files at `path` into a source directory at `out`.

    `format` is a built-in format or the path of a mapping file. `encoding` states the encoding of text files
    where none fits alone. `out` appears complete or not at all. An earlier reading there is replaced;
    anything else is left alone.

    Raises:
        ValueError: no such format.
        UsageError: `out` is a file, or holds something else than an earlier reading.
        SourceError: the files cannot be read as that format.
    """
    mapping_path, codes = _FORMATS / f"{format}.yml", _CODES
    if format not in formats():
        mapping_path = Path(format)
        codes = mapping_path.parent
        if mapping_path.suffix not in {".yml", ".yaml"}:
            raise ValueError(
                f"expected a format of {', '.join(formats())}, or a mapping file; found {format!r}"
            )
    from pipelines.sources.mapping import model, run
    from pipelines.sources.mapping.sql import MappingError
    from pipelines.sources.writer import SourceWriter, check_tables

    writer = SourceWriter(Path(out))
    mapping = model.load(mapping_path)
    try:
        check_tables(run.check(mapping, codes), mapping.tables)
        with writer.scratch() as scratch:
            reading = run.read(mapping, Path(path), codes, scratch, encoding)
            try:
                return writer.write(mapping_path.stem, reading, scratch)
            finally:
                reading.con.close()
    except MappingError as error:
        raise SourceError(f"{mapping_path}, {error}") from error
    except OSError as error:
        raise SourceError(
            f"{error.filename or path}: expected files that can be read, found {system_fault(error)}. "
            "Check the path and its permissions."
        ) from error
