"""The command that compares a source directory with published figures: `realism`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Format, print_rows, print_table, progress, say
from pipelines.core.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def realism(
        source: Annotated[Path, typer.Option(help="source directory to measure")],
        daily_quotes: Annotated[
            Path | None, typer.Option(help="the real exchange's daily file, measured alongside")
        ] = None,
        identities: Annotated[
            bool, typer.Option("--identities", help="what must hold exactly in a clean market, instead")
        ] = False,
        format: Annotated[Format, typer.Option(help="table, json or csv")] = Format.table,
    ) -> None:
        """Compare a market with published figures of the national one: volumes, prices, plants."""
        from pipelines.simulator.identities import identities as check
        from pipelines.simulator.realism.table import COLUMNS
        from pipelines.simulator.realism.table import realism as measure

        with progress():
            try:
                held = check(source) if identities else []
                lines = [] if identities else measure(source, daily_quotes)
            except FileNotFoundError as error:
                raise UsageError(f"{error}. Check --source and --daily-quotes.") from error
        if identities:
            columns = ("identity", "checked", "broken")
            print_rows(columns, [(one.what, one.checked, one.broken) for one in held], format)
            return
        rows = [line.row() for line in lines]
        if format is not Format.table:
            print_rows(COLUMNS, rows, format)
            return
        print_table(COLUMNS, rows, f"{source.name} beside the national market")
        bounded = [line for line in lines if line.is_like is not None]
        like = sum(bool(line.is_like) for line in bounded)
        say(f"{like:,} of {len(bounded):,} bounded figures are like it.")
