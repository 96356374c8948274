"""Runs each contender as a process of its own and reads what the operating system counted."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.bench.delivery import hold_back_last_day
from pipelines.bench.floor import source_files
from pipelines.core.progress import report
from pipelines.core.settings import Settings
from pipelines.orchestration.run import step_seconds

COLUMNS = ("what", "wall s", "CPU s", "peak MB", "wall / floor", "CPU / floor", "memory / floor")
STEP_COLUMNS = ("step of the run from nothing", "wall s", "wall / floor")


@dataclass(frozen=True)
class Figures:
    """One process with the processes it started: wall-clock and CPU seconds, peak memory of the largest."""

    wall_s: float
    cpu_s: float
    peak_mb: float


# A process's peak memory starts at that of its parent, so a small process starts each contender.
_LAUNCHER = """
import json, os, sys, time
started = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
figures = [time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
os.write(int(sys.argv[1]), json.dumps([os.waitstatus_to_exitcode(status), figures]).encode())
"""


def measure(command: list[str]) -> Figures:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message carries the end of what it printed.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as answer:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(answer.fileno()), *command]
        subprocess.run(  # noqa: S603 - commands made below
            launcher, stdout=output, stderr=output, pass_fds=(answer.fileno(),), check=True
        )
        answer.seek(0)
        code, figures = json.load(answer)
        if code:
            output.seek(0)
            tail = output.read()[-2000:].decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} ended with {code}: {tail}")
    return Figures(*figures)


def python(*arguments: str) -> Figures:
    """Measure this Python with arguments."""
    return measure([sys.executable, *arguments])


def program_run(what: str, source: Path, home: Path) -> Figures:
    """Measure a run of the program and report what it is."""
    report(what)
    program = "from pipelines.cli.main import main; main()"
    return python("-c", program, "run", "--source", str(source), "--home", str(home))


def median(figures: list[Figures]) -> Figures:
    """Median of each figure."""
    return Figures(
        *(statistics.median(getattr(f, name) for f in figures) for name in ("wall_s", "cpu_s", "peak_mb"))
    )


FLOOR = "floor: read every row once, write it once"
PANDAS = "three of its marts in plain pandas"
RUN = "run, from nothing"
AGAIN = "run again, nothing new"
DAY = "run after one more day"

PANDAS_LIMIT_MB = 200
"""Size of a source beyond which pandas, which holds all of it at once, is left out."""


@dataclass
class Report:
    """What a bench found: figures by contender, seconds by step of the run from nothing, and remarks."""

    figures: list[tuple[Any, ...]]
    steps: list[tuple[str, float, float]]
    remarks: list[str]


@dataclass
class _Bench:
    """Rounds over one source; `taken` holds each contender's figures, `steps` those of its steps."""

    source: Path
    remarks: list[str] = field(default_factory=list)
    taken: dict[str, list[Figures]] = field(default_factory=dict)
    steps: dict[str, list[float]] = field(default_factory=dict)

    def _measure(self, what: str, *command: str) -> None:
        report(what)
        self.taken.setdefault(what, []).append(python(*command))

    def _run(self, what: str, source: Path, home: Path) -> None:
        self.taken.setdefault(what, []).append(program_run(what, source, home))

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)

    def round(self, folder: Path) -> None:
        """Measure every contender once, in an empty folder."""
        home = folder / "home"
        self._measure(FLOOR, "-m", "pipelines.bench.floor", str(self.source), str(folder / "floor"))
        # Space of what is not needed any more is freed before the next contender.
        shutil.rmtree(folder / "floor")
        size_mb = sum(path.stat().st_size for path in source_files(self.source)) >> 20
        if size_mb > PANDAS_LIMIT_MB:
            self._remark(
                f"{PANDAS}: left out, since the source has {size_mb:,} MB as files and is many times as "
                f"large in pandas; the limit is {PANDAS_LIMIT_MB} MB"
            )
        else:
            out = str(folder / "pandas")
            self._measure(PANDAS, "-m", "pipelines.bench.pandas_marts", str(self.source), out)
        report("holding back the last day")
        delivery = hold_back_last_day(self.source, folder / "delivery")
        before = self.source if delivery is None else delivery.before
        self._run(RUN, before, home)
        for step, seconds in step_seconds(Settings.load(home)).items():
            self.steps.setdefault(step, []).append(seconds)
        self._run(AGAIN, before, home)
        if delivery is None:
            self._remark(f"{DAY}: left out, since a table that grows by the day is not Parquet")
            return
        delivery.deliver()
        self._run(DAY, before, home)
        self._remark(f"held back and delivered later: rows from {delivery.day} on")

    def report(self) -> Report:
        """Medians over the rounds."""
        medians = {what: median(figures) for what, figures in self.taken.items()}
        floor = medians[FLOOR]
        run = [self.taken[RUN][number].wall_s for number in range(len(self.taken[RUN]))]
        by_step = {step: statistics.median(seconds) for step, seconds in self.steps.items()}
        by_step["starting the program"] = max(statistics.median(run) - sum(by_step.values()), 0.0)
        return Report(
            [row_of(what, figures, floor) for what, figures in medians.items()],
            [
                (step, round(seconds, 2), round(seconds / floor.wall_s, 2))
                for step, seconds in sorted(by_step.items(), key=lambda item: -item[1])
            ],
            self.remarks,
        )


def row_of(what: str, figures: Figures, floor: Figures) -> tuple[Any, ...]:
    """A row of `COLUMNS`."""
    return (
        what,
        round(figures.wall_s, 2),
        round(figures.cpu_s, 2),
        round(figures.peak_mb),
        round(figures.wall_s / floor.wall_s, 2),
        round(figures.cpu_s / floor.cpu_s, 2),
        round(figures.peak_mb / floor.peak_mb, 2),
    )


def bench(source: Path | None, repeat: int, scale: str = "small") -> Report:
    """Medians over `repeat` rounds; each round starts from an empty folder.

    Without a source, a market of that scale is simulated first.

    Raises:
        ValueError: there is no such scale.
    """
    with tempfile.TemporaryDirectory(prefix="carbonwarden-bench-") as name:
        folder = Path(name)
        if source is None:
            from pipelines.simulator.simulation import simulate

            report("simulating a market")
            simulate(folder / "market", scale=scale, seed=7)
            source = folder / "market"
        rounds = _Bench(source.absolute())
        for number in range(repeat):
            rounds.round(folder / str(number))
            shutil.rmtree(folder / str(number))
        return rounds.report()
