"""What every figure is: for the JSON of an evaluation and for the page of measured detectors."""

from __future__ import annotations

from anomaly.evaluation.intervals import CONFIDENCE

DEFINITIONS: dict[str, str] = {
    "finding": (
        "An alert finds a case when its kind is the same, its subjects include at least half of the "
        "case's, and their half-open windows overlap; windows that are only adjacent do not."
    ),
    "recall": (
        "Cases that any alert finds, over all cases; a case counts once, however many alerts find it."
    ),
    "precision": (
        "Alerts that find a case, over all alerts. An alert has no severity, so that there is none by "
        "severity."
    ),
    "average_precision": (
        "Alerts by falling score, equal scores as one step: mean over all cases of the precision at the "
        "step that first finds the case, 0 for a case never found."
    ),
    "precision_at_k": (
        "Share of right alerts among the k with the highest scores, or among all where there are fewer "
        "than k: a kind with one alert is not punished for k = 50. A tie that straddles k counts with the "
        "mean over its orders. Without alerts it is 0."
    ),
    "days": (
        "Time to detection of a found case: days from the start of its window to the end of the earliest "
        "window of an alert that finds it, when that evidence was complete. Median and 90th percentile "
        "(linear) over found cases only; windows that overlap make it positive. Kinds whose window is a "
        "year have figures of that order."
    ),
    "row_recall": (
        "Rows that cases affected and that evidence names, over all rows that they affected; only evidence "
        "of alerts that find that very case counts, and a row that two cases affect counts in each."
    ),
    "row_recall_shared": (
        "The same over found cases and, of each, only those tables that the evidence of its alerts names "
        "at all: a trade and its settlement may both be affected while evidence names the trade."
    ),
    "row_precision": (
        "Of the rows of evidence of alerts that find a case, in tables that their cases affected, those "
        "that name an affected row. A row of evidence that gives less than the whole key names several "
        "source rows and counts once; broad_rows says how many do."
    ),
    "macro": (
        "Means over the kinds with cases, each kind weighing the same; a kind without an alert counts as 0."
    ),
    "zero and null": (
        "0: there was something to find, or an alert to be right, and nothing came of it. null: there was "
        "neither, or, for days and rows of evidence, nothing was found."
    ),
    "interval": (
        f"{CONFIDENCE:.0%} intervals (_low, _high). Recall and precision: Wilson's score interval, with n "
        "the effective number of independent cases or alerts where several hang on one finding (Kish). "
        "Ranking figures and macro means: percentiles of a bootstrap that draws cases together with the "
        "alerts that find them, and wrong alerts a Poisson(1) number of times, kind by kind; null where "
        "all resamples agree."
    ),
}
