"""Commands that run everything: `demo`, `run`."""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from pipelines.cli.console import complain, print_table, progress, say
from pipelines.cli.options import Home
from pipelines.core.errors import UsageError
from pipelines.core.market import as_of_date, read_market
from pipelines.core.settings import Settings
from pipelines.orchestration.run import REFUSED
from pipelines.orchestration.run import run as run_pipeline
from pipelines.publication.query import current_marts
from pipelines.publication.snapshots import current_id


class Engine(StrEnum):
    """What builds the marts."""

    duckdb = "duckdb"
    spark = "spark"


def _day(text: str | None, settings: Settings, source: Path) -> date:
    if text is None:
        return as_of_date(settings, read_market(source))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of: expected a day as YYYY-MM-DD, found {text!r}") from error


def _print_accounting(counts: dict[str, dict[str, object]]) -> None:
    columns = ("table", "files", "rows in", "kept", "superseded", "quarantined", "periods", "rewritten")
    fields = (
        "table",
        "files",
        "rows_in",
        "kept",
        "superseded",
        "quarantined",
        "periods",
        "periods_rewritten",
    )
    print_table(
        columns, ([table[name] for name in fields] for table in counts.values()), "Rows by source table"
    )


def _print_quarantine(settings: Settings) -> None:
    """Say why rows were quarantined, most frequent reason first."""
    path = settings.handover / "quarantine.parquet"
    if not path.is_file():
        return
    counted = (
        pl.read_parquet(path)
        .sort("table_name", "file", "row_number")
        .group_by("table_name", "reason", "column_name")
        .agg(
            pl.len().alias("rows"),
            pl.when(pl.col("tonnes").count() > 0).then(pl.col("tonnes").sum()).alias("tonnes"),
            pl.col("file").first(),
            pl.col("row_number").first(),
            pl.col("value").first(),
        )
    )
    if counted.height:
        order = ["rows", "table_name", "reason", "column_name"]
        counted = counted.sort(order, descending=[True, False, False, False]).head(10)
        columns = ("table", "reason", "column", "rows", "tonnes", "for example in", "row", "value")
        print_table(columns, counted.iter_rows(), "Why rows were quarantined")


def _print_findings(settings: Settings) -> None:
    """Say how many alerts there are by level and kind, and which checks failed without refusing."""
    marts = current_marts(settings)
    alerts = pl.read_parquet(marts / "fct_alerts.parquet", columns=["kind", "level"])
    levels = dict(alerts.group_by("level").len().iter_rows())
    by_level = ", ".join(f"{level} {levels.get(level, 0):,}" for level in ("red", "orange", "yellow", "blue"))
    say(f"{alerts.height:,} alerts: {by_level}.")
    results = pl.read_parquet(marts / "fct_quality_results.parquet")
    for row in results.filter(~pl.col("success") & (pl.col("severity") == "warning")).iter_rows(named=True):
        say(f"Warning at gate {row['gate']}: {row['description_en']}; observed {row['observed']}.")


def _print_refusal(settings: Settings) -> None:
    """Say what the gate refused, in words and figures."""
    for row in json.loads(settings.refusal.read_text(encoding="utf-8"))["results"]:
        said = row.get("description_en") or row["expectation"]
        complain(f"{row['table_name']}: {said}; observed {row['observed']}")


def _run(settings: Settings, source: Path, day: date) -> int:
    with progress():
        outcome = run_pipeline(settings, source.absolute(), day)
    if outcome.code:
        complain(outcome.message)
        if outcome.code == REFUSED:
            _print_refusal(settings)
            _print_quarantine(settings)
            if current_id(settings):
                complain("the last publication stands; the desk shows what was refused and why")
        return outcome.code
    if outcome.unchanged:
        say(f"Nothing new: snapshot {outcome.snapshot} shows what the source holds.")
        return 0
    _print_accounting(outcome.counts["tables"])
    _print_quarantine(settings)
    for name in outcome.counts["unknown"]:
        say(f"Passed over: {name} belongs to no table of the contract.")
    for name, table in outcome.counts["tables"].items():
        if table["unknown_columns"]:
            unknown = ", ".join(table["unknown_columns"])
            say(f"Passed over: columns of {name} that are not in the contract: {unknown}.")
    say(f"Published snapshot {outcome.snapshot} in {settings.published}.")
    _print_findings(settings)
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def demo(
        home: Annotated[Path | None, typer.Option(help="folder that holds everything [./data/demo]")] = None,
        seed: Annotated[int, typer.Option(help="seed of the market")] = 7,
    ) -> int:
        """Simulate a market, run everything, print what was found and where to look."""
        from pipelines.cli.demo import demonstrate

        # A home of its own, so that a demonstration never replaces a publication.
        return demonstrate(Settings.load(home or Settings.load().home / "demo"), seed, _run)

    @app.command()
    def run(
        source: Annotated[
            Path | None,
            typer.Option(help="source directory in the contract's form [what `pull` delivered to the home]"),
        ] = None,
        home: Home = None,
        as_of: Annotated[
            str | None, typer.Option(help="as-of date, YYYY-MM-DD [the market's, else today]")
        ] = None,
        engine: Annotated[Engine, typer.Option(help="what builds the marts")] = Engine.duckdb,
    ) -> int:
        """Ingest, build, gate, detect, publish."""
        if engine is Engine.spark:
            raise UsageError(
                "--engine spark: expected duckdb. The marts build on Spark as they do here "
                "(`make test-spark` compares them); publishing from Spark is not there yet."
            )
        settings = Settings.load(home)
        read = source or settings.default_source
        if read is None:
            raise UsageError(
                f"expected --source, or pulled sources; found no {settings.deliveries / 'current'}. "
                "Name a source directory, or run `carbonwarden pull` first."
            )
        return _run(settings, read, _day(as_of, settings, read))
