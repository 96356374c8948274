"""The command `pull`: what declared sources have that is new, into the home's delivery folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import complain, print_table, progress, say
from pipelines.core.errors import SourceError
from pipelines.core.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pipelines.sources.connectors.pull import PullReport

_WRONG_USE, _UNREADABLE = 2, 3


def _show(report: PullReport) -> None:
    counted = ((name, rows) for name, rows in report.rows.items())
    print_table(("from", "rows"), counted, f"{report.source}: new rows")
    for reading in report.readings:
        print_table(
            ("source", "rows read", "written to", "rows written", "without data", "quarantined", "reason"),
            (
                (r.source, r.read, r.table, r.written, r.without_data, r.quarantined, r.reason)
                for r in reading.rows()
            ),
        )
    for note in (*report.notes, *(note for reading in report.readings for note in reading.notes)):
        say(note)
    for problem in report.problems:
        complain(problem)
    if not report.changed:
        say(f"{report.source}: nothing new.")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def pull(
        name: Annotated[
            str | None, typer.Argument(help="a source of sources.yml [all of them, one after the other]")
        ] = None,
        home: Annotated[
            Path | None, typer.Option(help="folder that holds everything [CARBONWARDEN_HOME, else ./data]")
        ] = None,
    ) -> int:
        """Pull declared sources into the home's delivery folder, which `run` reads."""
        from pipelines.sources.connectors import declaration
        from pipelines.sources.connectors.pull import pull as pull_source

        settings = Settings.load(home)
        sources = declaration.load(settings.home)
        code = 0
        for each in [name] if name else list(sources.sources):
            try:
                with progress():
                    report = pull_source(settings, sources, each)
                _show(report)
                failed = _UNREADABLE if report.problems else 0
            except SettingsError as error:
                complain(str(error))
                failed = _WRONG_USE
            except SourceError as error:
                complain(str(error))
                failed = _UNREADABLE
            code = code or failed
        return code
