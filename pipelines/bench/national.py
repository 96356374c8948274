"""The cost of a national market, measured beside its limits in one call.

Belongs here: a run from nothing beside the floor, one more day, and how many periods a new account rewrites.
Does not belong here: how a process is measured (`measure`), the day that is held back (`delivery`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from pipelines.bench.delivery import hold_back_last_day
from pipelines.bench.measure import COLUMNS, DAY, FLOOR, RUN, Figures, Report, program_run, python, row_of
from pipelines.core.progress import report
from pipelines.core.settings import Settings
from pipelines.core.sql import quoted
from pipelines.orchestration.run import step_seconds

__all__ = ["COLUMNS", "STEP_COLUMNS", "bench_national"]

STEP_COLUMNS = ("step of the run after one more day", "wall s", "wall / floor")
ACCOUNT = "run after one new account"
LIMITS = {"floors": 6.0, "day_s": 60.0, "memory_mb": 8192.0}
"""What a national market may cost: CPU of a run from nothing over that of the floor, wall seconds of one more
day on two idle cores, peak memory. A new account may rewrite no period in which it does not occur."""

MARKED = {"fct_trades": "aggressor", "fct_transfers": "kind"}
"""Marts that are rewritten by period, with a text column in which a row can be marked."""
_MARK = "not rewritten"


def bench_national(source: Path) -> Report:
    """Floor, run from nothing, one more day and one new account, each once and in this order.

    Raises:
        ValueError: a table that grows by the day, or that of the accounts, is not Parquet.
    """
    taken: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="carbonwarden-national-") as name:
        folder, home = Path(name), Path(name) / "home"
        report("holding back the last day")
        delivery = hold_back_last_day(source.absolute(), folder / "delivery")
        if delivery is None or not (delivery.before / "accounts.parquet").is_file():
            raise ValueError(f"{source}: expected Parquet files of daily tables and accounts, found others")
        with tempfile.TemporaryDirectory(dir=folder) as copied:
            report(FLOOR)
            taken[FLOOR] = python("-m", "pipelines.bench.floor", str(source.absolute()), copied)
        taken[RUN] = program_run(RUN, delivery.before, home)
        delivery.deliver()
        taken[DAY] = program_run(DAY, delivery.before, home)
        steps = step_seconds(Settings.load(home))
        add_account(delivery.before / "accounts.parquet")
        with rewritten_periods(home) as rewritten:
            taken[ACCOUNT] = program_run(ACCOUNT, delivery.before, home)
    floor = taken[FLOOR]
    return Report(
        [row_of(what, figures, floor) for what, figures in taken.items()],
        [
            (step, round(seconds, 2), round(seconds / floor.wall_s, 2))
            for step, seconds in sorted(steps.items(), key=lambda item: -item[1])
        ],
        [*_verdicts(taken), *_counted(rewritten)],
    )


def add_account(path: Path) -> None:
    """Add an account that occurs nowhere else: the first one again, under an id of its own."""
    accounts = pl.read_parquet(path)
    further = accounts.head(1).with_columns(account_id=pl.col("account_id") + "-further")
    path.unlink()  # it may share its content with the source by a hard link
    pl.concat([accounts, further]).write_parquet(path)


@contextmanager
def rewritten_periods(home: Path) -> Iterator[dict[str, tuple[int, int]]]:
    """By mart, how many of its periods were rewritten inside the context, and how many it has.

    All rows of the home's warehouse are marked before; what is rewritten loses the mark.
    """
    warehouse = str(Settings.load(home).warehouse)
    with duckdb.connect(warehouse) as con:
        for mart, column in MARKED.items():
            con.execute(f"update {quoted(mart)} set {quoted(column)} = '{_MARK}'")
    counts: dict[str, tuple[int, int]] = {}
    yield counts
    with duckdb.connect(warehouse, read_only=True) as con:
        for mart, column in MARKED.items():
            lost = f"{quoted(column)} is distinct from '{_MARK}'"
            rewritten, periods = con.execute(
                f"select count(distinct period) filter ({lost}), count(distinct period) from {quoted(mart)}"
            ).fetchall()[0]
            counts[mart] = (rewritten, periods)


def _verdicts(taken: dict[str, Figures]) -> Iterator[str]:
    floors = taken[RUN].cpu_s / taken[FLOOR].cpu_s
    yield _verdict("from nothing, CPU over floor", floors, LIMITS["floors"], "times")
    day = f"one more day ({taken[DAY].cpu_s:.0f} CPU s)"
    yield _verdict(day, taken[DAY].wall_s, LIMITS["day_s"], "s elapsed")
    peak = max(figures.peak_mb for figures in taken.values())
    yield _verdict("peak memory", peak, LIMITS["memory_mb"], "MB")


def _verdict(what: str, figure: float, limit: float, unit: str) -> str:
    return f"{what}: {figure:.1f} {unit}, {'within' if figure <= limit else 'above'} the limit of {limit:g}"


def _counted(rewritten: dict[str, tuple[int, int]]) -> Iterator[str]:
    for mart, (count, periods) in rewritten.items():
        yield f"one new account without movements: {count} of {periods} periods of {mart} rewritten, limit 0"
