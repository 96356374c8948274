"""One run at a time in a home, whoever starts it.

The lock never waits: where another process holds the home, the caller gets `HomeBusyError` at once, which the
command line reports with exit code 4. Taken by a run from the command line and by every materializing step
that `dagster dev` executes; the operating system releases it when the process ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipelines.core.settings import Settings


class HomeBusyError(Exception):
    """Another process holds the home; nothing was changed."""


@contextmanager
def home_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock of the home while the block runs; the same process may take it again.

    Raises:
        HomeBusyError: another process holds it.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / ".run.lock", timeout=0, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise HomeBusyError(
            f"{settings.home}: expected no other run, found one in progress. Wait for it to end."
        ) from error
    try:
        yield
    finally:
        lock.release()
