"""Runs each contender as a process of its own and reads what the operating system counted."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.progress import report

COLUMNS = ("what", "wall s", "CPU s", "peak MB", "wall / floor", "CPU / floor", "memory / floor")


@dataclass(frozen=True)
class Figures:
    """One process with the processes it started: wall and CPU seconds, peak memory of the largest."""

    wall_s: float
    cpu_s: float
    peak_mb: float


# A process's peak memory starts at that of the one that spawned it, so a small one stands between.
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


def _median(figures: list[Figures]) -> Figures:
    return Figures(
        *(statistics.median(getattr(f, name) for f in figures) for name in ("wall_s", "cpu_s", "peak_mb"))
    )


def _commands(source: Path, folder: Path) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    home, floor, pandas = (str(folder / name) for name in ("home", "floor", "pandas"))
    run = [
        sys.executable,
        "-c",
        "from pipelines.cli.main import main; main()",
        "run",
        "--source",
        str(source),
    ]
    return {
        "floor: read every row once, write it once": [*python, "pipelines.bench.floor", str(source), floor],
        "the same marts in plain pandas": [*python, "pipelines.bench.pandas_marts", str(source), pandas],
        "run, from nothing": [*run, "--home", home],
        "run again, nothing new": [*run, "--home", home],
    }


def bench(source: Path | None, repeat: int) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Columns and rows of medians over `repeat` rounds; each round starts from an empty folder.

    Without a source, a small simulated market is made first.
    """
    with tempfile.TemporaryDirectory(prefix="carbonwarden-bench-") as name:
        folder = Path(name)
        if source is None:
            from pipelines.simulator.simulation import simulate

            report("simulating a market")
            simulate(folder / "market", scale="small", seed=7)
            source = folder / "market"
        taken: dict[str, list[Figures]] = {}
        for number in range(repeat):
            for what, command in _commands(source.absolute(), folder / str(number)).items():
                report(f"{what} ({number + 1} of {repeat})")
                taken.setdefault(what, []).append(measure(command))
    medians = {what: _median(figures) for what, figures in taken.items()}
    floor = next(iter(medians.values()))
    return COLUMNS, [
        (
            what,
            round(f.wall_s, 2),
            round(f.cpu_s, 2),
            round(f.peak_mb),
            round(f.wall_s / floor.wall_s, 2),
            round(f.cpu_s / floor.cpu_s, 2),
            round(f.peak_mb / floor.peak_mb, 2),
        )
        for what, f in medians.items()
    ]
