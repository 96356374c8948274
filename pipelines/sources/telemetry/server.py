"""Connections of stations: frames in, durable lines, acknowledgements out.

A packet is acknowledged (CN 9014), where its Flag asks for it, after its line is on disk. Everything with a
right checksum is kept, also what cannot be used: the reason is decided when hours are closed. A wrong
password is kept as a rejection without an acknowledgement, and ends the connection. Damaged frames are
counted; their station gets no answer and sends them again.

Belongs here: asyncio, limits, time-outs. Does not belong here: meaning of readings.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.core.errors import UsageError
from pipelines.core.faults import system_fault
from pipelines.core.lock import HomeBusyError
from pipelines.sources.telemetry import journal, segments
from pipelines.sources.telemetry.commits import Committer, JournalError
from pipelines.sources.telemetry.frames import FrameReader, frame
from pipelines.sources.telemetry.metrics import Metrics
from pipelines.sources.telemetry.standard import standard
from pipelines.sources.telemetry.stations import Stations

JOURNAL = "journal"
METRICS = "metrics.json"
_CHUNK = 16 << 10
_SAVE_SECONDS = 10
_OTHER_FILES = 64


class Receiver:
    """One listening socket over one journal."""

    def __init__(self, stations: Stations, passwords: dict[str, str], committer: Committer) -> None:
        self.metrics = Metrics()
        self._stations = stations
        self._passwords = passwords
        self._committer = committer
        self._limits = stations.limits
        self._open: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        counts = self.metrics.counts
        task = asyncio.current_task()
        if len(self._open) >= self._limits.connections or task is None:
            counts["connections refused"] += 1
            writer.close()
            return
        self._open.add(task)
        counts["connections"] += 1
        frames = FrameReader(self._limits.data_bytes)
        try:
            await self._serve(task, reader, writer, frames)
        except OSError:
            counts["connections lost or idle"] += 1
        except JournalError:
            counts["connections ended by the journal"] += 1
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            counts["connections ended at shutdown"] += 1
        finally:
            self.metrics.rejected.update(frames.damage)
            counts["bytes outside of frames"] += frames.skipped_bytes
            self._open.discard(task)
            writer.close()

    async def _serve(
        self,
        task: asyncio.Task[None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        frames: FrameReader,
    ) -> None:
        damages = 0
        ended = False
        while not ended and not self._stopping:
            self._idle.add(task)
            try:
                async with asyncio.timeout(self._limits.idle_seconds):
                    received = await reader.read(_CHUNK)
            finally:
                self._idle.discard(task)
            ended = not received
            before = frames.damage.total()
            found = frames.finish() if ended else frames.feed(received)
            damages = 0 if found else damages + frames.damage.total() - before
            if found and not await self._take(found, writer):
                return
            if damages > self._limits.damages:
                self.metrics.counts["connections ended for damage"] += 1
                return

    async def _take(self, found: list[bytes], writer: asyncio.StreamWriter) -> bool:
        """Make frames durable and acknowledge them; whether the connection may go on."""
        lines: list[bytes] = []
        answers: list[bytes] = []
        go_on = True
        for data in found:
            line, reply, go_on = self._judge(data)
            lines.append(line)
            answers += [frame(reply)] if reply else []
            if not go_on:
                break
        await self._committer.durable(lines)
        self.metrics.counts["frames kept"] += len(lines)
        if answers:
            writer.write(b"".join(answers))
            async with asyncio.timeout(self._limits.idle_seconds):
                await writer.drain()
            self.metrics.counts["acknowledgements"] += len(answers)
        return go_on

    def _judge(self, data: bytes) -> tuple[bytes, bytes | None, bool]:
        """The line of a frame, its acknowledgement or none, and whether the connection may go on."""
        kept = segments.without_password(data)
        self.metrics.counts["frames"] += 1
        try:
            segment = segments.parse(data)
        except segments.SegmentError as error:
            self.metrics.rejected[error.reason] += 1
            return journal.encode(kept, error.reason), None, True
        expected = self._passwords.get(segment.station)
        if expected is not None and not hmac.compare_digest(
            segment.password.encode(), expected.encode("utf-8")
        ):
            self.metrics.rejected["wrong_password"] += 1
            return journal.encode(kept, "wrong_password"), None, False
        if segment.station not in self._stations.stations:
            self.metrics.rejected["unknown_station"] += 1
        command = standard().commands.get(segment.command)
        self.metrics.commands[command.name if command else "other"] += 1
        if segment.packet == 1:
            self.metrics.counts["records"] += 1
        kind = "heartbeat" if command and command.name == "heartbeat" else "data"
        reply = segments.answer(segment, kind) if segment.wants_answer else None
        return journal.encode(kept), reply, True

    async def close(self) -> None:
        """End all connections; frames that were taken are made durable and acknowledged first."""
        self._stopping = True
        for task in self._idle:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


def _stopped_by_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    return stopped


async def _until(stopped: asyncio.Event, committing: asyncio.Task[None]) -> None:
    """Wait for the event or the end of the committing task.

    Raises:
        JournalError: the disk did not take lines.
    """
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({waiting, committing}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if committing.done():
        committing.result()


async def _save_metrics(receiver: Receiver, path: Path) -> None:
    while True:
        await asyncio.sleep(_SAVE_SECONDS)
        receiver.metrics.save(path)


async def _serve(
    stations: Stations, folder: Path, bind: str, port: int, announce: Callable[[str], None]
) -> Metrics:
    passwords = stations.passwords()
    lines = journal.Journal(folder / JOURNAL)
    committer = Committer(lines, stations.limits.commit_ms / 1000)
    receiver = Receiver(stations, passwords, committer)
    committing = asyncio.create_task(committer.run())
    saving = asyncio.create_task(_save_metrics(receiver, folder / METRICS))
    try:
        server = await asyncio.start_server(receiver.connected, bind, port, limit=_CHUNK, backlog=1024)
    except OSError as error:
        committing.cancel()
        saving.cancel()
        lines.close()
        raise UsageError(
            f"expected to listen on {bind}:{port}, found {system_fault(error)}. "
            "Name an address of this machine and a port that is free."
        ) from error
    address, listening = server.sockets[0].getsockname()[:2]
    stopped = _stopped_by_signals()
    announce(f"listening on {address}:{listening}")
    try:
        await _until(stopped, committing)
    finally:
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stations.limits.shutdown_seconds):
                await receiver.close()
        committer.stop()
        with contextlib.suppress(JournalError):
            await committing
        saving.cancel()
        lines.close()
        receiver.metrics.counts["commits"] = committer.commits
        receiver.metrics.save(folder / METRICS)
    return receiver.metrics


def _allow_files(connections: int) -> None:
    """Let the process have a file for each connection.

    Raises:
        UsageError: the operating system does not allow as many.
    """
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise UsageError(
            f"limits.connections: expected at most {hard - _OTHER_FILES}, which is what this system "
            f"allows, found {connections}. Lower it, or raise the limit of open files (ulimit -n)."
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(stations: Stations, folder: Path, bind: str, port: int, announce: Callable[[str], None]) -> Metrics:
    """Receive until SIGTERM or SIGINT; returns what was counted.

    `folder` holds the journal; `announce` gets one line when the socket listens.

    Raises:
        HomeBusyError: another receiver has the folder.
        UsageError: the address cannot be had.
        JournalError: the disk did not take lines.
    """
    _allow_files(stations.limits.connections)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".receiver.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise HomeBusyError(
            f"{folder}: expected no other receiver, found one. Stop it, or name another home."
        ) from error
    try:
        return asyncio.run(_serve(stations, folder, bind, port, announce))
    finally:
        lock.release()
