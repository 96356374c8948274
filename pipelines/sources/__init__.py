"""Readers that turn published formats into the source contract, and write nothing else.

Belongs here: one module per format with `read(path) -> Reading`, the code lists of the formats (`codes/`),
and the one writer that all share. A new format is one module and its test with a handmade sample; a module
with a function `read` is found by itself, and the first line of its docstring describes it.
Does not belong here: checks of plausibility (`expectations`), the lake (`pipelines.lake`), rules of law.

Importing this package loads none of the formats and no data library.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

from pipelines.core.errors import SourceError
from pipelines.sources.report import ReadReport, ReportLine

__all__ = ["ReadReport", "ReportLine", "SourceError", "formats", "read"]


@cache
def formats() -> dict[str, str]:
    """Format name -> what it is, in alphabetical order: the modules here that define `read`, not imported."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "read" for node in module.body):
            found[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return found


def read(format: str, path: Path, out: Path) -> ReadReport:
    """Turn the published files at `path` into a source directory at `out`.

    `out` appears complete or not at all. An earlier reading there is replaced; anything else is left alone.

    Raises:
        ValueError: no such format.
        SourceError: the files cannot be read as that format, or `out` holds something else.
    """
    if format not in formats():
        raise ValueError(f"expected a format of {', '.join(formats())}; found {format!r}")
    writer = import_module("pipelines.sources.writer").SourceWriter(Path(out))
    try:
        reading = import_module(f"pipelines.sources.{format}").read(Path(path))
    except OSError as error:
        raise SourceError(
            f"{path}: expected files that can be read, found {error}. Check the path and its permissions."
        ) from error
    report: ReadReport = writer.write(format, reading)
    return report
