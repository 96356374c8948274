"""A receiver, and closings, that are killed at random moments: is an acknowledged record lost or doubled?

Belongs here: killing, restarting, and the comparison with what the stations were sent. The comparison reads
the journal's text and the delivered Parquet by itself, not with the code that it checks.
Does not belong here: how a station behaves (`stations`).
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.bench.stations import Sent, name, send_hours, unit, write_stations

_RECEIVE = """
import sys
from pathlib import Path
from pipelines.sources.telemetry import server, stations
listed, home, port = stations.load(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
server.serve(listed, home, "127.0.0.1", port, lambda text: print(text, flush=True))
"""
CLOSE = """
import sys
from datetime import datetime
from pathlib import Path
from pipelines.sources.telemetry import closing, stations
listed, home, out = stations.load(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
closing.close(listed, home, out, datetime.fromisoformat(sys.argv[4]))
"""
_RECORD = re.compile(rb"QN=(\d+);.*?MN=(\w+);.*?DataTime=(\d{10})(\d{2})")


@dataclass(frozen=True)
class Outcome:
    """What was found after the kills; `lost` and `doubled` count records, `differing` hours of units."""

    kills: int
    closing_kills: int
    acknowledged: int
    lines: int
    lost: int
    doubled: int
    differing: int


@dataclass
class Programs:
    """The receiver and the closing as processes over one home."""

    config: Path
    home: Path
    out: Path
    port: int = 0

    def receive(self) -> subprocess.Popen[str]:
        """Start a receiver; returns when it listens."""
        process = subprocess.Popen(  # noqa: S603 - the command is made here
            [sys.executable, "-c", _RECEIVE, str(self.config), str(self.home), str(self.port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("listening"):
            raise RuntimeError(f"expected the receiver to listen, found {line!r}")
        self.port = int(line.rsplit(":", 1)[1])
        return process

    def close(self, now: datetime, out: Path) -> subprocess.Popen[bytes]:
        """Start a closing."""
        return subprocess.Popen(  # noqa: S603 - the command is made here
            [sys.executable, "-c", CLOSE, str(self.config), str(self.home), str(out), now.isoformat()]
        )


def kill_at_random(folder: Path, kills: int, closing_kills: int, stations: int, seed: int) -> Outcome:
    """Kill the receiver and then the closing at random moments in an empty folder, and compare.

    Raises:
        RuntimeError: a program did not start or, left alone, did not end with 0.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    programs = Programs(folder / "stations.yml", folder / "home", folder / "out")
    folder.mkdir(parents=True, exist_ok=True)
    write_stations(programs.config, stations)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    sent = asyncio.run(_send_while_killing(programs, kills, stations, now, chance))
    later = now + timedelta(hours=2)
    for _ in range(closing_kills):
        process = programs.close(later, programs.out)
        time.sleep(chance.uniform(0.1, 1.5))
        process.kill()
        process.wait()
    if code := programs.close(later, programs.out).wait():
        raise RuntimeError(f"expected the closing to end with 0, found {code}")
    return _compare(programs, sent, kills, closing_kills, stations)


async def _send_while_killing(
    programs: Programs, kills: int, stations: int, now: datetime, chance: random.Random
) -> Sent:
    sent, stop = Sent(), asyncio.Event()
    process = programs.receive()
    tasks = [
        asyncio.create_task(send_hours(programs.port, number, _hours_before(now), sent, stop))
        for number in range(stations)
    ]
    try:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = await asyncio.to_thread(programs.receive)
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        process.terminate()
        if process.wait():
            raise RuntimeError("expected the receiver to end with 0 after SIGTERM")
    return sent


def _hours_before(now: datetime) -> Iterator[datetime]:
    return (now - timedelta(hours=back) for back in count(2))


def _compare(programs: Programs, sent: Sent, kills: int, closing_kills: int, stations: int) -> Outcome:
    """Acknowledged records beside the journal, and minutes of the journal beside the closed hours."""
    copies: Counter[tuple[str, str]] = Counter()
    minutes: dict[tuple[str, str], set[bytes]] = {}
    for path in sorted((programs.home / "journal").glob("*.journal")):
        for line in path.read_bytes().splitlines():
            if found := _RECORD.search(line):
                station = found[2].decode()
                copies[station, found[1].decode()] += 1
                minutes.setdefault((station, found[3].decode()), set()).add(found[4])
    units = {name(number): unit(number) for number in range(stations)}
    expected = {(units[station], hour): len(found) for (station, hour), found in minutes.items()}
    closed: Counter[tuple[str, str]] = Counter()
    differing = 0
    for path in (programs.home / "closed").glob("*.parquet"):
        for row in pq.read_table(path, columns=["unit_id", "hour", "usable_minutes"]).to_pylist():
            hour = (row["hour"] + timedelta(hours=8)).strftime("%Y%m%d%H")
            closed[row["unit_id"], hour] += 1
            differing += row["usable_minutes"] != expected.get((row["unit_id"], hour), 0)
    delivered = sum(pq.read_metadata(path).num_rows for path in programs.out.glob("*/*.parquet"))
    doubled = sum(n - 1 for n in closed.values()) + abs(delivered - closed.total())
    lost = len(sent.acknowledged - copies.keys()) + len(expected.keys() - closed.keys())
    return Outcome(kills, closing_kills, len(sent.acknowledged), copies.total(), lost, doubled, differing)
