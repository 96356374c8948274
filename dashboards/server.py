"""Starting the desk as a process on the loopback interface, and ending it.

Belongs here: what the command line, the screenshots and the browser tests share. Does not belong
here: pages.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = Path(__file__).with_name("app.py")
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def command(port: int) -> list[str]:
    """The command line that serves the desk on a port."""
    streamlit = [sys.executable, "-m", "streamlit", "run", str(APP)]
    return [*streamlit, "--server.port", str(port), "--server.address", LOOPBACK, "--server.headless", "true"]


def environment(home: Path) -> dict[str, str]:
    """The process environment, with the home to read."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "CARBONWARDEN_HOME": str(home), "PYTHONPATH": os.pathsep.join(paths)}


def _wait(process: subprocess.Popen[bytes], url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(
                f"expected the desk to serve {url}, found that it ended with code {process.returncode}; "
                "run `streamlit run dashboards/app.py` to see why"
            )
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310  always loopback http
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"expected the desk at {url} within {seconds:.0f} s, found no answer")


@contextmanager
def serve(home: Path, seconds: float = 60) -> Iterator[str]:
    """The desk's address while it runs over `home`."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    # Streamlit reads `.streamlit/config.toml` from the working directory.
    process = subprocess.Popen(  # noqa: S603  our own interpreter and file
        command(port),
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, url, seconds)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
