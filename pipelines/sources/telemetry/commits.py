"""Group commit: lines of many connections are written and forced to disk together.

One write and one `fsync` serve all lines that arrived while the previous one was under way, and at least
`interval` seconds lie between two. A caller is woken after its line is durable.

Belongs here: when lines are written. Does not belong here: their form (`journal`), connections (`server`).
"""

from __future__ import annotations

import asyncio

from pipelines.sources.telemetry.journal import Journal


class JournalError(Exception):
    """The disk did not take lines; none of them may be acknowledged, and the receiver has to stop."""


class Committer:
    """Writes lines in groups. `run` is the task that does it, until `stop` or a `JournalError`."""

    def __init__(self, journal: Journal, interval: float) -> None:
        self.commits = 0
        self._journal = journal
        self._interval = interval
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._arrived = asyncio.Event()
        self._stopping = False
        self._failure: JournalError | None = None

    async def durable(self, lines: list[bytes]) -> None:
        """Wait until these lines are on disk.

        Raises:
            JournalError: they are not, or are not known to be.
        """
        if self._failure is not None:
            raise self._failure
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines += lines
        self._waiting.append(done)
        self._arrived.set()
        await done

    def stop(self) -> None:
        """Write what has arrived, then end."""
        self._stopping = True
        self._arrived.set()

    async def run(self) -> None:
        """Write groups until stopped.

        Raises:
            JournalError: the disk did not take a group.
        """
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            lines, self._lines = self._lines, []
            waiting, self._waiting = self._waiting, []
            if lines:
                await self._write(lines, waiting)
            if self._stopping and not self._lines:
                return
            if not self._stopping:
                await asyncio.sleep(self._interval)

    async def _write(self, lines: list[bytes], waiting: list[asyncio.Future[None]]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._journal.append, lines)
        except OSError as error:
            self._failure = JournalError(
                f"expected the journal to take {len(lines)} lines, found {error}. Nothing of them was "
                "acknowledged, so the stations send them again. Free space or mend the disk, then restart."
            )
            for future in [*waiting, *self._waiting]:
                if not future.done():
                    future.set_exception(self._failure)
            raise self._failure from error
        self.commits += 1
        for future in waiting:
            if not future.done():
                future.set_result(None)
