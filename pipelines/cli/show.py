"""Commands that show what is published: `alerts`, `sql`, `dashboard`."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import polars as pl
import typer

from anomaly.core.kinds import KINDS, LEVELS
from pipelines.cli.console import Format, print_rows, print_table, say
from pipelines.cli.options import Home
from pipelines.contract.outputs.findings import ALERTS
from pipelines.core.errors import UsageError
from pipelines.core.faults import system_fault
from pipelines.core.settings import ROOT, Settings
from pipelines.publication.query import current_marts
from pipelines.publication.query import query as run_query

Form = Annotated[Format, typer.Option("--format", help="how to print")]

ALERT_COLUMNS = ALERTS.table.names


def published_alerts(settings: Settings) -> pl.LazyFrame:
    """Alerts of the current snapshot with the columns of the contract, most severe first."""
    frame = pl.scan_parquet(current_marts(settings) / "fct_alerts.parquet")
    lists = {"subject_ids": "subject_ids_json", "rule_refs": "rule_refs_json"}
    present = frame.collect_schema().names()
    decode = [
        pl.col(json_name).str.json_decode(pl.List(pl.String)).alias(name)
        for name, json_name in lists.items()
        if json_name in present
    ]
    return (
        frame.with_columns(decode).select(ALERT_COLUMNS).sort(["score", "alert_id"], descending=[True, False])
    )


def _timezone(settings: Settings) -> str:
    """The published market's time zone."""
    manifest = json.loads((settings.current / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["market"]["timezone"])


def _filtered(frame: pl.LazyFrame, kind: str | None, level: str | None, since: str | None) -> pl.LazyFrame:
    if kind:
        unknown = set(kind.split(",")) - set(KINDS)
        if unknown:
            raise UsageError(
                f"--kind: expected {', '.join(sorted(KINDS))}; found {', '.join(sorted(unknown))}"
            )
        frame = frame.filter(pl.col("kind").is_in(kind.split(",")))
    if level:
        unknown = set(level.split(",")) - set(LEVELS)
        if unknown:
            raise UsageError(f"--level: expected {', '.join(LEVELS)}, found {', '.join(sorted(unknown))}")
        frame = frame.filter(pl.col("level").is_in(level.split(",")))
    if since:
        try:
            moment = datetime.fromisoformat(since)
        except ValueError as error:
            raise UsageError(f"--since: expected a day as YYYY-MM-DD, found {since!r}") from error
        frame = frame.filter(pl.col("window_end") > pl.lit(moment.replace(tzinfo=None)))
    return frame


def _print_alerts(frame: pl.DataFrame, form: Format, language: str, limit: int, timezone: str) -> None:
    if form is Format.table:
        zone = ZoneInfo(timezone)

        def day(moment: datetime) -> date:
            return moment.replace(tzinfo=UTC).astimezone(zone).date()

        shown = frame.head(limit)
        title = f"title_{language}"
        print_table(
            ("level", "score", "kind", "subjects", "first day", "last day", "what"),
            (
                (
                    row["level"],
                    row["score"],
                    row["kind"],
                    ", ".join(row["subject_ids"]),
                    day(row["window_start"]),
                    day(row["window_end"] - timedelta(microseconds=1)),
                    row[title],
                )
                for row in shown.iter_rows(named=True)
            ),
        )
        if frame.height > shown.height:
            say(f"{shown.height:,} of {frame.height:,} alerts; --limit shows more, --format json all.")
        return
    rows: list[list[Any]] = []
    for row in frame.iter_rows(named=True):
        decoded = (
            {name: json.loads(row[name]) for name in ("measures", "evidence")} if form is Format.json else {}
        )
        rows.append([decoded.get(name, row[name]) for name in ALERT_COLUMNS])
    print_rows(ALERT_COLUMNS, rows, form)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def alerts(
        home: Home = None,
        form: Form = Format.table,
        kind: Annotated[str | None, typer.Option(help="kinds, joined by commas")] = None,
        level: Annotated[str | None, typer.Option(help="levels, joined by commas")] = None,
        since: Annotated[str | None, typer.Option(help="windows that end after this day")] = None,
        language: Annotated[str, typer.Option(help="zh or en, for titles in a table")] = "en",
        limit: Annotated[int, typer.Option(min=1, help="rows of a table")] = 50,
    ) -> None:
        """Print what was found; JSON is one alert a line with the columns of the contract."""
        if language not in ("zh", "en"):
            raise UsageError(f"--language: expected zh or en, found {language!r}")
        settings = Settings.load(home)
        frame = _filtered(published_alerts(settings), kind, level, since).collect()
        _print_alerts(frame, form, language, limit, _timezone(settings))

    @app.command()
    def sql(
        statement: Annotated[str, typer.Argument(help="one SELECT over the published marts")],
        home: Home = None,
        form: Form = Format.table,
    ) -> None:
        """Query the published marts, read-only."""
        columns, rows = run_query(Settings.load(home), statement)
        print_rows(columns, rows, form)

    @app.command()
    def dashboard(
        home: Home = None,
        port: Annotated[int, typer.Option(min=1, max=65535, help="port to serve on")] = 8501,
        address: Annotated[str, typer.Option(help="address to bind")] = "127.0.0.1",
    ) -> None:
        """Serve the desk in a browser until interrupted."""
        settings = Settings.load(home)
        _check_free(address, port)
        say(f"The desk of {settings.home} is at http://{address}:{port} (Ctrl+C ends it).")
        _serve(settings, address, port)


def _check_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise UsageError(
                f"{address}:{port}: expected a free port, found {system_fault(error)}. "
                "Name another by --port."
            ) from error


def _serve(settings: Settings, address: str, port: int) -> NoReturn:
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(Path(ROOT) / "dashboards" / "app.py"),
        f"--server.address={address}",
        f"--server.port={port}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    ]
    # The server replaces this process, so that a signal to end reaches it.
    os.chdir(ROOT)
    os.execve(command[0], command, {**os.environ, "CARBONWARDEN_HOME": str(settings.home)})  # noqa: S606
