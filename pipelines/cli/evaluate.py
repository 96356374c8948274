"""The command `evaluate`: alerts against known cases, as a table with totals or as one JSON document.

Belongs here: its options, which figures a table shows, and what is said beside it.
Does not belong here: finding its inputs (`evaluation`), any figure (`anomaly.evaluation`).
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from pipelines.cli.console import complain, print_table, say
from pipelines.cli.options import Home
from pipelines.core.errors import UsageError
from pipelines.core.settings import Settings

if TYPE_CHECKING:
    from anomaly.evaluation import Evaluation


class Form(StrEnum):
    """How an evaluation is printed."""

    table = "table"
    json = "json"


class Group(StrEnum):
    """What a row of the table is about."""

    kind = "kind"
    family = "family"
    severity = "severity"


# Column of the evaluation and heading; the JSON document holds the rest, with intervals.
_COLUMNS = {
    "cases": "cases",
    "found": "found",
    "recall": "recall",
    "alerts": "alerts",
    "right": "right",
    "precision": "precision",
    "average_precision": "average precision",
    "precision_at_10": "P@10",
    "precision_at_50": "P@50",
    "days_median": "days",
    "row_recall": "rows",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def evaluate(
        labels: Annotated[Path, typer.Option(help="known cases, Parquet or CSV")],
        alerts: Annotated[
            Path | None, typer.Option(help="alerts as JSON lines or Parquet [the publication]")
        ] = None,
        home: Home = None,
        form: Annotated[
            Form, typer.Option("--format", help="how to print; JSON holds everything")
        ] = Form.table,
        by: Annotated[Group, typer.Option(help="what a row of the table is about")] = Group.kind,
        picture: Annotated[
            Path | None, typer.Option(help="also draw precision against recall to this .png or .svg")
        ] = None,
    ) -> None:
        """Measure alerts against known cases: recall, precision, ranking, days to detection, rows."""
        print_evaluation(labels, alerts, Settings.load(home), form, by, picture)


def print_evaluation(
    labels: Path,
    alerts: Path | None,
    settings: Settings,
    form: Form = Form.table,
    by: Group = Group.kind,
    picture: Path | None = None,
) -> None:
    """Compare these alerts, or the publication's, with labels and print the result.

    Raises:
        UsageError: a file is missing or cannot be used as what it was named for.
    """
    from anomaly.evaluation.output import as_document

    result = _evaluated(labels, alerts, settings)
    for warning in result.warnings:
        complain(f"{labels.name}: {warning}")
    if picture is not None:
        _save(result, picture)
    if form is Form.json:
        sys.stdout.write(json.dumps(as_document(result), ensure_ascii=False, indent=1) + "\n")
        return
    frame = {Group.kind: result.by_kind, Group.family: result.by_family, Group.severity: result.by_severity}[
        by
    ]
    _print_group(frame, by, f"Alerts against {labels.name}")
    _say_totals(result)


def _evaluated(labels: Path, alerts: Path | None, settings: Settings) -> Evaluation:
    from pipelines.cli.evaluation import evaluate_file, evaluate_publication

    if not labels.is_file():
        raise UsageError(f"{labels}: expected a file of known cases, found none. Check --labels.")
    if alerts and not alerts.is_file():
        raise UsageError(
            f"{alerts}: expected alerts as JSON lines or Parquet, found no file. Check --alerts."
        )
    try:
        return evaluate_file(alerts, labels) if alerts else evaluate_publication(settings, labels)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _save(result: Evaluation, path: Path) -> None:
    from anomaly.evaluation.picture import save

    if not path.absolute().parent.is_dir():
        raise UsageError(f"--picture {path}: expected a folder to write into, found none at {path.parent}")
    try:
        save(result, path)
    except ValueError as error:
        raise UsageError(f"--picture {error}") from error


def _print_group(frame: pl.DataFrame, by: Group, title: str) -> None:
    """One row a group; by severity without what counts alerts, since an alert has no severity."""
    shown = [name for name in _COLUMNS if frame.is_empty() or not frame[name].is_null().all()]
    columns = [by.value, *(_COLUMNS[name] for name in shown)]
    rows = ([_rounded(value) for value in row] for row in frame.select(by.value, *shown).iter_rows())
    print_table(columns, rows, title)


def _say_totals(result: Evaluation) -> None:
    whole, mean = result.overall, result.macro
    say(f"{whole['found']:,} of {whole['cases']:,} known cases found{_interval(whole, 'recall')}.")
    say(f"{whole['right']:,} of {whole['alerts']:,} alerts lead to one{_interval(whole, 'precision')}.")
    if mean["kinds"]:
        say(
            f"Mean over {mean['kinds']} kinds with cases: recall {mean['recall']:.3f}, precision "
            f"{mean['precision']:.3f}, average precision {mean['average_precision']:.3f}."
        )
    cases, alerts = pl.col("cases") > 0, pl.col("alerts") > 0
    for chosen, said in (
        (cases & ~alerts, "Cases but no alert: {}."),
        (~cases & alerts, "No case is known of {}: their alerts count as wrong, whatever they rest on."),
        (~cases & ~alerts, "Neither case nor alert, nothing to measure: {}."),
    ):
        kinds = result.by_kind.filter(chosen)["kind"].to_list()
        if kinds:
            say(said.format(", ".join(kinds)))
    say(
        "P@10: share of right alerts among the first ten. days: median time to detection. "
        "rows: share of affected rows that evidence names. --format json has every figure."
    )


def _interval(row: dict[str, Any], name: str) -> str:
    """A share and its interval in brackets, where there is any."""
    if row[name] is None:
        return ""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    between = "" if low is None else f", 90 % interval {low:.3f} to {high:.3f}"
    return f" ({name} {row[name]:.3f}{between})"


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
