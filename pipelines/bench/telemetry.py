"""The cost of receiving stack monitors, and what kills do to it.

Belongs here: CPU seconds of a receiver under load by the clock, and of closing an hour of all stations.
Does not belong here: how a station behaves (`stations`), killing (`kills`).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.bench.kills import CLOSE, kill_at_random
from pipelines.bench.measure import Report, measure
from pipelines.bench.stations import minute_record, send_by_minute, write_stations
from pipelines.core.progress import report
from pipelines.sources.telemetry.journal import Journal, encode

COLUMNS = ("what", "wall s", "CPU s", "CPU s / wall s", "frames", "longest wait s")
STEP_COLUMNS = ("after random kills", "count", "for each acknowledged record")
INTERVAL_SECONDS = 60.0
KILLED_STATIONS = 20


def bench_telemetry(stations: int, seconds: float, kills: int) -> Report:
    """Receive from simulated stations for a while, close an hour of them, and kill both at random.

    The share of the closing is for an hour of work by an hour, as it comes once an hour.
    """
    with tempfile.TemporaryDirectory(prefix="carbonwarden-telemetry-") as name:
        folder = Path(name)
        config = folder / "stations.yml"
        write_stations(config, stations)
        report(f"receiving from {stations:,} stations for {seconds:.0f} s")
        figures = [_receive(config, folder / "received", stations, seconds)]
        report(f"closing an hour of {stations:,} stations")
        figures.append(_close(config, folder / "closed", stations))
        steps: list[tuple[str, float, float]] = []
        if kills:
            report(f"killing receiver and closing {kills} times each")
            found = kill_at_random(folder / "killed", kills, kills, KILLED_STATIONS, seed=7)
            steps = [
                (what.replace("_", " "), n, round(n / found.acknowledged, 4))
                for what, n in vars(found).items()
            ]
    share = figures[0][3] + figures[1][3]
    remark = f"receiving and closing together: {share:.3f} of one core; the bar is 1"
    return Report(figures, steps, [remark])


def _receive(config: Path, home: Path, stations: int, seconds: float) -> tuple[Any, ...]:
    program = "from pipelines.cli.main import main; main()"
    command = [sys.executable, "-c", program, "receive", "--port", "0"]
    command += ["--config", str(config), "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - made above
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = int(line.rsplit(":", 1)[1])
            # What starting costs is not part of receiving.
            before = _cpu_seconds(process.pid)
            sent = asyncio.run(send_by_minute(port, stations, seconds, INTERVAL_SECONDS))
            cpu = _cpu_seconds(process.pid) - before
        finally:
            process.terminate()
            process.communicate()
    wait = round(sent.longest_wait, 3)
    return ("receiving", seconds, round(cpu, 2), round(cpu / seconds, 4), sent.frames, wait)


def _cpu_seconds(pid: int) -> float:
    """User and system seconds of a running process, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _close(config: Path, home: Path, stations: int) -> tuple[Any, ...]:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    journal = Journal(home / "journal")
    for minute in range(60):
        time = hour + timedelta(minutes=minute)
        received = int((time + timedelta(minutes=1)).timestamp() * 1_000_000)
        journal.append([encode(minute_record(n, time), received=received) for n in range(stations)])
    journal.close()
    now = (hour + timedelta(hours=1, minutes=15)).isoformat()
    taken = measure([sys.executable, "-c", CLOSE, str(config), str(home), str(home / "out"), now])
    share = round(taken.cpu_s / 3600, 4)
    return ("closing one hour", round(taken.wall_s, 2), round(taken.cpu_s, 2), share, 60 * stations, None)
