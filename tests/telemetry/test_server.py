"""Connections: acknowledgements, limits, passwords, shutdown; in the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.core.errors import UsageError
from pipelines.core.lock import HomeBusyError
from pipelines.sources.telemetry import server
from pipelines.sources.telemetry.commits import Committer, JournalError
from pipelines.sources.telemetry.frames import FrameReader, frame
from pipelines.sources.telemetry.journal import Journal, Line, encode, read
from pipelines.sources.telemetry.segments import parse
from pipelines.sources.telemetry.server import Receiver
from pipelines.sources.telemetry.stations import Limits, Stations
from tests.telemetry.making import content, segment, stations


@dataclass
class Running:
    """A receiver that listens, and what it kept."""

    folder: Path
    receiver: Receiver
    port: int

    async def exchange(self, *parts: bytes, wait: float = 0.3) -> list[tuple[int, str]]:
        """Command and QN of the answers to what is sent on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        frames, found = FrameReader(1024), []
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(wait):
                while received := await reader.read(1 << 16):
                    found += [parse(data) for data in frames.feed(received)]
        writer.close()
        return [(answer.command, answer.request) for answer in found]

    def lines(self) -> list[tuple[str, bytes]]:
        """Reason and data of the journal's lines."""
        return [(line.reason, line.data) for line in read(self.folder) if isinstance(line, Line)]


@contextlib.asynccontextmanager
async def _running(folder: Path, listed: Stations, disk: object = None) -> AsyncIterator[Running]:
    journal = Journal(folder)
    committer = Committer(disk or journal, 0)
    receiver = Receiver(listed, listed.passwords(), committer)
    committing = asyncio.create_task(committer.run())
    listening = await asyncio.start_server(receiver.connected, "127.0.0.1", 0)
    try:
        yield Running(folder, receiver, listening.sockets[0].getsockname()[1])
    finally:
        listening.close()
        await receiver.close()
        committer.stop()
        with contextlib.suppress(JournalError):
            await committing
        journal.close()


def _with(listed: Stations, **limits: object) -> Stations:
    return listed.model_copy(update={"limits": Limits.model_validate(limits)})


def _data(number: int, command: int = 2011, flag: int = 5, station: str = "S1") -> bytes:
    return segment(command, content(datetime.now(UTC), "Rtd", a00000=number), station, f"{number}", flag)


def test_what_asks_for_an_answer_gets_one_and_the_line_is_there(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, stations(S1={})) as running:
            found = await running.exchange(frame(_data(1)) + frame(_data(2, flag=4)) + frame(_data(3)))
            assert found == [(9014, "1"), (9014, "3")]
            assert [reason for reason, _ in running.lines()] == ["-"] * 3
            assert running.receiver.metrics.commands == {"realtime": 3}

    asyncio.run(run())


def test_nothing_is_acknowledged_that_the_disk_did_not_take(tmp_path):
    class Full:
        def append(self, lines: list[bytes]) -> None:
            raise OSError(28, "No space left on device")

    async def run() -> None:
        async with _running(tmp_path, stations(S1={}), Full()) as running:
            assert await running.exchange(frame(_data(1))) == []

    asyncio.run(run())


def test_damage_between_frames_costs_no_frame(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, stations(S1={})) as running:
            bad = bytearray(frame(_data(2)))
            bad[40] ^= 1
            stream = b"noise" + frame(_data(1)) + bytes(bad) + b"##0100" + frame(_data(3))
            found = await running.exchange(*(stream[n : n + 7] for n in range(0, len(stream), 7)))
            assert found[0] == (9014, "1")
            found = await running.exchange(b"##0400" + frame(_data(4)) * 4)
            assert found.count((9014, "4")) == 4
            assert running.receiver.metrics.rejected["bad_checksum"] >= 2

    asyncio.run(run())


def test_other_commands_unknown_stations_and_heartbeats_are_kept_and_answered(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, stations(S1={})) as running:
            sent = [_data(1, 2081), _data(2, station="S9"), _data(3, 9015, flag=9)]
            found = await running.exchange(b"".join(map(frame, sent)))
            assert found == [(9014, "1"), (9014, "2"), (9013, "3")]
            assert len(running.lines()) == 3
            assert running.receiver.metrics.rejected == {"unknown_station": 1}

    asyncio.run(run())


def test_a_segment_that_cannot_be_used_is_kept_with_its_reason(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, stations(S1={})) as running:
            assert await running.exchange(frame(b"QN=1;PW=secret;CN=2011;Flag=5;CP=&&&&"), wait=0.1) == []
            assert running.lines() == [("bad_field", b"QN=1;PW=*;CN=2011;Flag=5;CP=&&&&")]

    asyncio.run(run())


def test_a_wrong_password_is_kept_without_an_answer_and_ends_the_connection(tmp_path, monkeypatch):
    monkeypatch.setenv("STATION_PASSWORD", "654321")
    listed = stations(S1={"password_env": "STATION_PASSWORD"}, S2={})

    async def run() -> None:
        async with _running(tmp_path, listed) as running:
            assert await running.exchange(frame(_data(1)) + frame(_data(2))) == []
            assert [reason for reason, _ in running.lines()] == ["wrong_password"]
            right = _data(3).replace(b"PW=123456", b"PW=654321")
            assert await running.exchange(frame(right)) == [(9014, "3")]
            assert await running.exchange(frame(_data(4, station="S2"))) == [(9014, "4")]

    asyncio.run(run())
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"123456" not in kept
    assert b"654321" not in kept


def test_a_connection_beyond_the_limit_is_closed_and_others_go_on(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, _with(stations(S1={}), connections=1)) as running:
            _, first = await asyncio.open_connection("127.0.0.1", running.port)
            await asyncio.sleep(0.05)
            assert await running.exchange(frame(_data(1))) == []
            first.close()
            await asyncio.sleep(0.05)
            assert await running.exchange(frame(_data(2))) == [(9014, "2")]
            assert running.receiver.metrics.counts["connections refused"] == 1

    asyncio.run(run())


def test_an_idle_connection_and_one_of_noise_are_closed(tmp_path):
    async def run() -> None:
        async with _running(tmp_path, _with(stations(S1={}), idle_seconds=0.05, damages=10)) as running:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"##00x1" * 50)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            counts = running.receiver.metrics.counts
            assert counts["connections lost or idle"] == 1
            assert counts["connections ended for damage"] == 1

    asyncio.run(run())


def test_frames_are_read_from_a_connection_that_ended(tmp_path):
    """The damaged length makes the reader wait for what never comes."""

    async def run() -> None:
        async with _running(tmp_path, stations(S1={})) as running:
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"##0900" + frame(_data(1)))
            writer.close()
            await asyncio.sleep(0.1)
            assert len(running.lines()) == 1

    asyncio.run(run())


def test_an_address_that_is_taken_and_a_folder_that_is_taken_are_refused(tmp_path):
    listed = stations(S1={})

    async def run() -> None:
        async with _running(tmp_path / "journal", listed) as running:
            with pytest.raises(UsageError, match=r"expected to listen on 127\.0\.0\.1"):
                await asyncio.to_thread(
                    server.serve, listed, tmp_path / "one", "127.0.0.1", running.port, print
                )

    asyncio.run(run())
    with server.FileLock(tmp_path / ".receiver.lock"), pytest.raises(HomeBusyError, match="receiver"):
        server.serve(listed, tmp_path, "127.0.0.1", 0, print)


def test_more_connections_than_the_system_allows_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"limits\.connections: expected at most"):
        server.serve(_with(stations(S1={}), connections=10**9), tmp_path, "127.0.0.1", 0, print)


def test_a_line_of_the_journal_is_what_the_server_writes(tmp_path):
    data = b"QN=1;ST=31;CN=2011;PW=*;MN=S1;Flag=5;CP=&&&&"
    assert encode(data, received=7).endswith(b" 7 - " + data + b"\n")
