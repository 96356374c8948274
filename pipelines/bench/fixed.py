"""The fixed cost of a run: a small market after one changed row, beside the import of the libraries alone."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.bench.measure import Figures, Report, measure, median
from pipelines.core.progress import report
from pipelines.core.settings import Settings
from pipelines.orchestration.run import step_seconds

COLUMNS = ("what", "wall s", "CPU s", "peak MB", "wall / imports", "CPU / imports")
STEP_COLUMNS = ("step of the run after one changed row", "wall s", "wall / imports")

IMPORTS = "import of the libraries"
ROW = "small market, run after one changed row"
SOURCE = "source, run from nothing"


def change_one_row(source: Path) -> None:
    """Change the price of the first trade in the last file of trades by one unit.

    Raises:
        FileNotFoundError: the source has no Parquet file of trades with rows.
    """
    folder = source / "trades"
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else [source / "trades.parquet"]
    for path in reversed(files):
        trades = pl.read_parquet(path)
        if trades.height:
            price = pl.when(pl.int_range(pl.len()) == 0).then(pl.col("price") + 1).otherwise(pl.col("price"))
            trades.with_columns(price.cast(trades.schema["price"])).write_parquet(path)
            return
    raise FileNotFoundError(f"{folder}: expected a Parquet file with trades, found none with rows")


def bench_fixed(source: Path | None, repeat: int) -> Report:
    """Medians over `repeat` rounds of the imports, the changed row and, with a source, that from nothing.

    The compared programs are measured in turn, so that other load on the machine affects all of them.
    """
    from pipelines.simulator.simulation import simulate

    taken: dict[str, list[Figures]] = {}
    steps: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="carbonwarden-fixed-") as name:
        folder = Path(name)
        market, home = folder / "market", folder / "home"
        report("simulating a small market and publishing it once")
        simulate(market, scale="small", seed=7)
        _run(market, home)
        for number in range(repeat):
            report(f"round {number + 1} of {repeat}")
            taken.setdefault(IMPORTS, []).append(measure([sys.executable, "-m", "pipelines.bench.imports"]))
            change_one_row(market)
            taken.setdefault(ROW, []).append(_run(market, home))
            for step, seconds in step_seconds(Settings.load(home)).items():
                steps.setdefault(step, []).append(seconds)
            if source is not None:
                taken.setdefault(SOURCE, []).append(_run(source.absolute(), folder / "empty"))
                shutil.rmtree(folder / "empty")
    return _report(taken, steps)


def _run(source: Path, home: Path) -> Figures:
    program = "from pipelines.cli.main import main; main()"
    return measure([sys.executable, "-c", program, "run", "--source", str(source), "--home", str(home)])


def _report(taken: dict[str, list[Figures]], steps: dict[str, list[float]]) -> Report:
    medians = {what: median(figures) for what, figures in taken.items()}
    imports = medians[IMPORTS]
    rows: list[tuple[Any, ...]] = [
        (
            what,
            round(figures.wall_s, 2),
            round(figures.cpu_s, 2),
            round(figures.peak_mb),
            round(figures.wall_s / imports.wall_s, 2),
            round(figures.cpu_s / imports.cpu_s, 2),
        )
        for what, figures in medians.items()
    ]
    middle = {step: sorted(seconds)[len(seconds) // 2] for step, seconds in steps.items()}
    middle["outside the steps"] = max(medians[ROW].wall_s - sum(middle.values()), 0.0)
    ordered = sorted(middle.items(), key=lambda item: -item[1])
    return Report(
        rows,
        [(step, round(seconds, 2), round(seconds / imports.wall_s, 2)) for step, seconds in ordered],
        [] if SOURCE in taken else [f"{SOURCE}: left out, since no --source is given"],
    )
