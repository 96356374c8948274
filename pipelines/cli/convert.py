"""Commands that turn published files into the source contract: `formats`, `read`, `map`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import complain, print_table, progress, say
from pipelines.core.errors import UsageError

if TYPE_CHECKING:
    from pipelines.sources import ReadReport
    from pipelines.sources.mapping.propose import Proposal


def _show(proposal: Proposal) -> None:
    print_table(
        ("heading", "values", "type", "fitting %", "examples", "goes to", "to decide"),
        (
            (
                c.heading,
                c.values,
                c.type,
                round(100 * c.fitting_share, 1),
                ", ".join(c.examples),
                c.takes,
                c.remark,
            )
            for c in proposal.columns
        ),
        proposal.sheet,
    )
    for note in proposal.notes:
        say(note)
    if proposal.open_columns:
        say(f"Columns of the contract that need an expression: {', '.join(proposal.open_columns)}")


def _show_reading(report: ReadReport, title: str) -> None:
    columns = ("source", "rows read", "written to", "rows written", "without data", "quarantined", "reason")
    rows = (
        (r.source, r.read, r.table, r.written, r.without_data, r.quarantined, r.reason) for r in report.rows()
    )
    print_table(columns, rows, title)
    print_table(("table", "rows"), sorted(report.tables.items()), "Source tables")
    for note in report.notes:
        say(note)
    for line in report.rows():
        if line.warning:
            complain(f"warning: {line.warning}")


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def formats() -> None:
        """List the published formats that are read; what is behind each stands in its mapping's notes."""
        from pipelines.sources import formats as built_in

        print_table(("format", "what is published"), built_in().items())

    @app.command()
    def read(
        format: Annotated[
            str,
            typer.Argument(help="a format that `carbonwarden formats` lists, or the path of a mapping file"),
        ],
        path: Annotated[Path, typer.Argument(help="what was published")],
        out: Annotated[Path, typer.Option(help="source directory to write")],
        encoding: Annotated[
            str | None, typer.Option(help="encoding of text files [found out, and said where not UTF-8]")
        ] = None,
    ) -> None:
        """Turn published files into the source contract."""
        from pipelines.sources import formats as built_in
        from pipelines.sources import read as convert

        if format not in built_in() and not format.endswith((".yml", ".yaml")):
            raise UsageError(
                f"expected one of {', '.join(built_in())}, or a mapping file (.yml); found {format!r}"
            )
        with progress():
            report = convert(format, path, out, encoding)
        _show_reading(report, f"{format}: {path} -> {out}")

    @app.command("map")
    def map_(
        path: Annotated[Path, typer.Argument(help="a file that holds a table")],
        table: Annotated[str | None, typer.Option(help="contract table [the nearest by names]")] = None,
        out: Annotated[Path | None, typer.Option(help="mapping file to write [print it]")] = None,
        encoding: Annotated[str | None, typer.Option(help="encoding of a text file [found out]")] = None,
    ) -> None:
        """Propose a mapping for a file, and say what its columns hold."""
        from pipelines.contract.tables import TABLES
        from pipelines.sources.mapping.propose import propose

        if table is not None and table not in TABLES:
            raise UsageError(f"expected a table of the contract ({', '.join(TABLES)}); found {table!r}")
        with progress():
            proposal = propose(path, table, encoding)
        _show(proposal)
        if out is None:
            say(proposal.text)
        elif out.exists() or not out.parent.is_dir():
            found = "one" if out.exists() else f"no folder {out.parent}"
            raise UsageError(f"{out}: expected a new file in a folder, found {found}. Name another.")
        else:
            out.write_text(proposal.text, encoding="utf-8")
            say(f"{out} written")
