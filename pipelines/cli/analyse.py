"""Commands that measure the program itself: `evaluate`, `bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import print_table, progress, say
from pipelines.cli.errors import UsageError
from pipelines.cli.operate import Home
from pipelines.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def evaluate(
        labels: Annotated[Path, typer.Option(help="known cases, Parquet or CSV")],
        alerts: Annotated[Path | None, typer.Option(help="alerts as JSON lines [the publication]")] = None,
        home: Home = None,
    ) -> None:
        """Measure alerts against known cases: recall, precision and average precision by kind."""
        print_evaluation(labels, alerts, Settings.load(home))

    @app.command()
    def bench(
        source: Annotated[Path | None, typer.Option(help="source directory [a simulated market]")] = None,
        repeat: Annotated[int, typer.Option(min=1, help="runs of each; the median counts")] = 3,
    ) -> None:
        """Measure a run's time and memory beside the floor and beside plain pandas."""
        from pipelines.bench.measure import bench as measure

        with progress():
            columns, rows = measure(source, repeat)
        print_table(columns, rows, "Whole-process figures, medians")


def print_evaluation(labels: Path, alerts: Path | None, settings: Settings) -> None:
    """Print the evaluation table of these alerts, or of the publication."""
    from anomaly.evaluation import evaluate, read_labels
    from pipelines.cli.show import published_alerts, read_alerts

    if not labels.is_file():
        raise UsageError(f"{labels}: expected a file of known cases, found none. Check --labels.")
    if alerts and not alerts.is_file():
        raise UsageError(f"{alerts}: expected alerts as JSON lines, found no file. Check --alerts.")
    found = read_alerts(alerts) if alerts else published_alerts(settings).collect()
    result = evaluate(found, read_labels(labels))
    frame = result.by_kind
    print_table(frame.columns, frame.iter_rows(), f"Alerts against {labels.name}")
    whole = result.overall
    say(f"{whole['found']:,} of {whole['cases']:,} known cases found.")
    say(f"{whole['right']:,} of {whole['alerts']:,} alerts lead to one.")
    without = frame.filter(cases=0)["kind"].to_list()
    if without:
        say(f"No case is known of {', '.join(without)}: their alerts count as wrong, whatever they rest on.")
