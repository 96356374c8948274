"""A PostgreSQL cluster of its own in a folder, reached by a socket in it: for benchmarks and tests.

The server refuses to run as root, so root starts it as another user (`nobody`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROLE = "carbonwarden"
_OTHER_USER = "nobody"


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; None where no server is installed."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = Path(on_path) if on_path else next(iter(reversed(installed)), None)
    return found.parent if found else None


@contextmanager
def cluster() -> Iterator[str]:
    """The connection string of a server that ends with the block; its role may do anything.

    Raises:
        RuntimeError: no server is installed, or it does not start.
    """
    folder = binaries()
    if folder is None:
        raise RuntimeError(
            "expected a PostgreSQL server, found no initdb. Install Debian's package postgresql."
        )
    # A socket's path has at most 107 characters, so the folder has a short name.
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        if os.geteuid() == 0:
            shutil.chown(place, _OTHER_USER)
        data, log = Path(place) / "data", Path(place) / "log"
        _run(
            folder / "initdb",
            "-D",
            data,
            "-U",
            _ROLE,
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        )
        options = f"-k {place} -c listen_addresses='' -c fsync=off -c max_connections=20"
        _run(folder / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield f"postgresql:///postgres?host={place}&user={_ROLE}"
        finally:
            _run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _run(*command: object) -> None:
    parts = [str(part) for part in command]
    if os.geteuid() == 0:
        parts = ["runuser", "-u", _OTHER_USER, "--", *parts]
    done = subprocess.run(parts, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{parts}: {done.stdout[-500:]}{done.stderr[-500:]}")
