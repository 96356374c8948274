"""The command `receive`: data of stack monitors, from the socket to hours of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import print_table, progress, say
from pipelines.core.errors import UsageError
from pipelines.core.settings import Settings

FOLDER = "telemetry"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def receive(
        config: Annotated[Path, typer.Option(help="the file of stations (stations.yml)")],
        home: Annotated[Path | None, typer.Option(help="folder of everything that is kept")] = None,
        close: Annotated[
            bool,
            typer.Option("--close", help="close the hours that are due and write them, instead of receiving"),
        ] = False,
        out: Annotated[Path | None, typer.Option(help="source directory that gets cems_hourly")] = None,
        bind: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=0, max=65535, help="port to listen on; 0: any")] = 9212,
    ) -> None:
        """Receive stack monitors (HJ 212-2017) until SIGTERM; with --close, write their hours."""
        from pipelines.sources.telemetry.stations import load

        if close and out is None:
            raise UsageError(
                "--close: expected --out, the source directory that gets cems_hourly; found none"
            )
        if out is not None and not close:
            raise UsageError("--out: expected --close beside it; a receiver alone writes no hours")
        stations = load(config)
        folder = Settings.load(home).home / FOLDER
        if out is not None:
            from pipelines.sources.telemetry import closing

            with progress():
                closed = closing.close(stations, folder, out, datetime.now(UTC))
            print_table(closing.COLUMNS, closed.rows(), f"{folder} -> {out}")
            return
        from pipelines.sources.telemetry import metrics, server

        counted = server.serve(stations, folder, bind, port, say)
        print_table(metrics.COLUMNS, counted.rows(), str(folder))
