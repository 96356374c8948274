"""How good are the alerts? Every figure that follows from comparing alerts with known cases.

Belongs here: reading labels and alerts, matching them, figures and their intervals, and how these are
written: JSON, a picture, the page of measured detectors.
Does not belong here: simulating or running anything (`pipelines.cli.measure`), and any use in a run. A run
never reads labels; only an evaluation does.
"""

from anomaly.evaluation.matching import match
from anomaly.evaluation.measure import Evaluation, evaluate
from anomaly.evaluation.reading import read_alerts, read_labels
from anomaly.evaluation.rows import SourceKey

__all__ = ["Evaluation", "SourceKey", "evaluate", "match", "read_alerts", "read_labels"]
