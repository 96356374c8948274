"""Simulated stations of stack monitors: they send, wait for the acknowledgement, and send again.

Belongs here: what a station does, and the file of stations that a receiver needs for them. Does not belong
here: measuring (`telemetry`), killing (`kills`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.sources.telemetry.frames import FrameReader, frame
from pipelines.sources.telemetry.segments import parse

_LOCAL = timedelta(hours=8)
_RESEND_SECONDS = 2.0


def name(number: int) -> str:
    """MN of a simulated station."""
    return f"SIM{number:021d}"


def unit(number: int) -> str:
    """Unit of a simulated station."""
    return f"U-{number:05d}"


def write_stations(path: Path, count: int) -> None:
    """The file of stations for `count` of them; JSON is YAML."""
    columns = {
        "flow": {"code": "a00000", "unit": "Nm3/s"},
        "co2_concentration": {"code": "a05001", "unit": "%"},
        "o2": {"code": "a19001", "unit": "%"},
    }
    stations = {name(number): {"unit": unit(number), "profile": "boiler"} for number in range(count)}
    path.write_text(json.dumps({"profiles": {"boiler": columns}, "stations": stations}), encoding="utf-8")


def minute_record(number: int, minute: datetime) -> bytes:
    """Data segment of a minute record with the factors of a stack monitor; about 500 bytes."""
    local = (minute + _LOCAL).strftime("%Y%m%d%H%M%S")
    figure = 90 + (number + minute.minute) % 20
    factors = ("a00000", "a01011", "a01012", "a01013", "a01014", "a05001", "a19001")
    values = (figure, 12.5, 55.1, -0.2, 8.4, 12.1, 6.2)
    groups = ";".join(
        f"{code}-Min={value:.3f},{code}-Avg={value:.3f},{code}-Max={value:.3f},{code}-Flag=N"
        for code, value in zip(factors, values, strict=True)
    )
    head = f"QN={local}{number % 1000:03d};ST=31;CN=2051;PW=123456;MN={name(number)};Flag=5"
    return f"{head};CP=&&DataTime={local};{groups}&&".encode()


@dataclass
class Sent:
    """What stations sent: (station, QN) of acknowledged records, frames sent, longest wait in seconds."""

    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    frames: int = 0
    longest_wait: float = 0.0


class Station:
    """One station and its connection."""

    def __init__(self, port: int, sent: Sent) -> None:
        self._port = port
        self._sent = sent
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Open the connection."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def deliver(self, data: bytes) -> None:
        """Send a record until it is acknowledged, over new connections where one breaks."""
        segment = parse(data)
        clock = asyncio.get_running_loop().time
        started = clock()
        while True:
            try:
                if self._writer is None:
                    await self.connect()
                if await self._exchange(data, segment.request):
                    break
            except OSError:
                self.close()
                await asyncio.sleep(0.02)
        self._sent.acknowledged.add((segment.station, segment.request))
        self._sent.longest_wait = max(self._sent.longest_wait, clock() - started)

    async def _exchange(self, data: bytes, request: str) -> bool:
        reader, writer = self._reader, self._writer
        if reader is None or writer is None:
            return False
        writer.write(frame(data))
        self._sent.frames += 1
        answers = FrameReader(1024)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RESEND_SECONDS):
                while received := await reader.read(4096):
                    found = [parse(segment) for segment in answers.feed(received)]
                    if any(segment.command == 9014 and segment.request == request for segment in found):
                        return True
                raise ConnectionResetError
        return False

    def close(self) -> None:
        """Give the connection up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def send_hours(
    port: int, number: int, hours: Iterator[datetime], sent: Sent, stop: asyncio.Event
) -> None:
    """Send the minutes of one hour after another; once stopped, the hour that was begun is completed."""
    station = Station(port, sent)
    for hour in hours:
        for minute in range(60):
            await station.deliver(minute_record(number, hour + timedelta(minutes=minute)))
            await asyncio.sleep(0)
        if stop.is_set():
            break
    station.close()


async def send_by_minute(port: int, count: int, seconds: float, interval: float) -> Sent:
    """`count` stations, each with a connection of its own, send one frame an interval, spread evenly."""
    sent = Sent()
    stations = [Station(port, sent) for _ in range(count)]
    for station in stations:
        await station.connect()
    started = asyncio.get_running_loop().time()
    now = datetime.now(UTC).replace(second=0, microsecond=0)

    async def run(number: int) -> None:
        due = number * interval / count
        turn = 0
        while due < seconds:
            await asyncio.sleep(max(started + due - asyncio.get_running_loop().time(), 0))
            await stations[number].deliver(minute_record(number, now + timedelta(minutes=turn - 60)))
            turn += 1
            due += interval

    await asyncio.gather(*(run(number) for number in range(count)))
    for station in stations:
        station.close()
    return sent
