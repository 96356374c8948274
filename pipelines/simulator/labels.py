"""The known cases as a table, with the rows that each one touched looked up in what was published."""

from __future__ import annotations

import json

import polars as pl

from pipelines.simulator.calendar import DAY, MICROSECONDS, utc_midnight
from pipelines.simulator.cases.stage import Case
from pipelines.simulator.frames import timestamps


def labels(
    cases: list[Case],
    trades: pl.DataFrame,
    transfers: pl.DataFrame,
    lab_tests: pl.DataFrame,
    market_days: pl.DataFrame,
) -> pl.DataFrame:
    """One row a case. `touched` is JSON: table name to the keys of its rows.

    A run at the price limit counts from its first to its last close there, wherever it was meant to be.

    Raises:
        RuntimeError: a case was arranged but nothing of it happened.
    """
    rows = []
    for number, case in enumerate(cases, start=1):
        touched = _touched(case, trades, transfers, lab_tests)
        start, end = case.window or _window(case, trades, transfers)
        if "market_days" in touched:
            touched["market_days"], (start, end) = _at_limit(case, market_days)
        rows.append((f"C-{number:04d}", case, start, end, json.dumps(touched, sort_keys=True)))
    return pl.DataFrame(
        {
            "case_id": pl.Series([row[0] for row in rows], dtype=pl.String),
            "kind": pl.Series([row[1].kind for row in rows], dtype=pl.String),
            "subject_ids": pl.Series([row[1].subject_ids for row in rows], dtype=pl.List(pl.String)),
            "window_start": timestamps([row[2] for row in rows]),
            "window_end": timestamps([row[3] for row in rows]),
            "severity": pl.Series([row[1].severity for row in rows], dtype=pl.String),
            "description": pl.Series([row[1].text for row in rows], dtype=pl.String),
            "touched": pl.Series([row[4] for row in rows], dtype=pl.String),
        }
    )


def _touched(
    case: Case, trades: pl.DataFrame, transfers: pl.DataFrame, lab_tests: pl.DataFrame
) -> dict[str, list[list[str | int]]]:
    touched = dict(case.touched)
    for name, key, frame in (("trades", "trade_id", trades), ("transfers", "transfer_id", transfers)):
        ids = frame.filter(pl.col("tag") == case.tag)[key].to_list()
        if ids:
            touched[name] = [[one] for one in ids]
    if "lab_tests" in touched:
        unit, first = str(touched["lab_tests"][0][0]), touched["lab_tests"][0][1]
        last = touched["lab_tests"][-1][1]
        month = pl.col("sampled_on").dt.truncate("1mo").cast(pl.String)
        rows = lab_tests.filter((pl.col("unit_id") == unit) & month.is_between(pl.lit(first), pl.lit(last)))
        touched["lab_tests"] = [[one] for one in rows["sample_id"].to_list()]
    return touched


def _window(case: Case, trades: pl.DataFrame, transfers: pl.DataFrame) -> tuple[int, int]:
    """From the first to just after the last trade (or transfer that settles none)."""
    settled = transfers.filter((pl.col("tag") == case.tag) & pl.col("trade_id").is_null())
    moments = pl.concat([trades.filter(pl.col("tag") == case.tag)["ts"], settled["ts"]]).to_physical()
    if moments.is_empty():
        raise RuntimeError(
            f"case {case.kind} ({case.severity}) left no trade and no transfer, expected at least one; "
            f"its actors {', '.join(case.subject_ids)} held nothing: choose another seed"
        )
    return int(moments.min()), int(moments.max()) + MICROSECONDS  # type: ignore[arg-type]


def _at_limit(case: Case, market_days: pl.DataFrame) -> tuple[list[list[str | int]], tuple[int, int]]:
    """Of the days that a case is about, those that closed at a limit, and the window that they span."""
    meant = {(str(day), str(instrument)) for day, instrument in case.touched["market_days"]}
    at_limit = (pl.col("close") == pl.col("limit_up")) | (pl.col("close") == pl.col("limit_down"))
    hits = market_days.filter(at_limit).select("date", "instrument_id").sort("date").rows()
    days = [(day, instrument) for day, instrument in hits if (day.isoformat(), instrument) in meant]
    if not days:
        raise RuntimeError(
            f"case {case.kind} ({case.severity}) saw no close at the limit, expected some of "
            f"{len(meant)} days of {', '.join(case.subject_ids)}: choose another seed"
        )
    window = utc_midnight(days[0][0]), utc_midnight(days[-1][0]) + DAY
    return [[day.isoformat(), instrument] for day, instrument in days], window
