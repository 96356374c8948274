"""Evaluations for the command line: the alerts of the publication, or of a file, compared with labels.

Belongs here: finding the inputs. Does not belong here: the figures (`anomaly.evaluation`), printing
(`evaluate`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from anomaly.evaluation import Evaluation, SourceKey, evaluate, read_alerts, read_labels
from pipelines.contract.tables import TABLES
from pipelines.core.settings import Settings
from pipelines.publication.query import current_marts

# Published directories whose ids labels and alerts name as subjects.
_DIRECTORIES = {"dim_accounts": "account_id", "dim_entities": "entity_id", "dim_units": "unit_id"}


def source_keys() -> dict[str, SourceKey]:
    """Key and period column of every table of the source contract."""
    return {name: SourceKey(table.key, table.period_column) for name, table in TABLES.items()}


def known_ids(marts: Path) -> set[str]:
    """Ids of accounts, entities and units in a folder of published marts."""
    known: set[str] = set()
    for mart, column in _DIRECTORIES.items():
        path = marts / f"{mart}.parquet"
        if path.is_file():
            known |= set(pl.read_parquet(path, columns=[column])[column].drop_nulls())
    return known


def evaluate_publication(settings: Settings, labels: Path) -> Evaluation:
    """Alerts of the current snapshot against labels.

    Raises:
        ValueError: the labels cannot be read.
        UsageError: nothing has been published yet.
    """
    marts = current_marts(settings)
    alerts = read_alerts(marts / "fct_alerts.parquet")
    return evaluate(alerts, read_labels(labels), source_keys(), known_ids(marts))


def evaluate_file(alerts: Path, labels: Path) -> Evaluation:
    """Alerts of a file, JSON lines or Parquet, against labels.

    Raises:
        ValueError: either file cannot be read.
    """
    return evaluate(read_alerts(alerts), read_labels(labels), source_keys())
