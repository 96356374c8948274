"""Readers that turn published foreign formats into the source contract, and write nothing else.

Belongs here: one module a format with `read(path) -> Reading`, the code lists of the formats
(`codes/`), and the one writer that all share. A new format is a module, a line in `FORMATS` and
tests with a handmade sample.
Does not belong here: checks of plausibility (`expectations`), the lake (`pipelines.lake`), rules of law.

Importing this package loads none of the formats and no data library.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pipelines.core.errors import SourceError
from pipelines.sources.report import ReadReport, ReportLine

__all__ = ["FORMATS", "ReadReport", "ReportLine", "SourceError", "read"]

FORMATS: dict[str, str] = {
    "eutl": "EU Transaction Log: the euets.info download, one zip of CSV files",
    "campd": "US EPA Part 75 monitoring: annual unit totals, a CSV file (may be gzipped) or a folder of them",
    "mrr": "California mandatory reporting: facility years with their verification, CSV (may be gzipped)",
    "cea": "Chinese national allowance: daily listed and block quotes, CSV (may be gzipped)",
    "eua": "EU allowance December future: daily quotes, CSV (may be gzipped)",
}
"""Format name -> what it is."""


def read(format: str, path: Path, out: Path) -> ReadReport:
    """Turn the published files at `path` into a source directory at `out`.

    `out` appears complete or not at all. An earlier reading there is replaced; anything else is left alone.

    Raises:
        ValueError: no such format.
        SourceError: the files cannot be read as that format, or `out` holds something else.
    """
    if format not in FORMATS:
        raise ValueError(f"expected a format of {', '.join(FORMATS)}; found {format!r}")
    writer = import_module("pipelines.sources.writer").SourceWriter(Path(out))
    try:
        reading = import_module(f"pipelines.sources.{format}").read(Path(path))
    except OSError as error:
        raise SourceError(
            f"{path}: expected files that can be read, found {error}. Check the path and its permissions."
        ) from error
    report: ReadReport = writer.write(format, reading)
    return report
