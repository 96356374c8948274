"""The program behind `make detectors`: measures the detectors on simulated markets and writes the page.

    python -m pipelines.cli.measure --scale small --scale medium

It writes `docs/detector-quality.md`, its pictures and the detectors' track record; it is no command of
`carbonwarden`.
Belongs here: simulate, run, evaluate, write; one market after the other, each in a folder of its own that is
removed. Does not belong here: the page's words (`anomaly.evaluation.page`).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import polars as pl

from anomaly.core.discovery import all_detectors
from anomaly.core.track_record import FILE as TRACK_RECORD
from anomaly.evaluation.page import Measured, page
from anomaly.evaluation.picture import save
from anomaly.evaluation.record import track_record
from pipelines.cli.console import complain, progress, say
from pipelines.cli.evaluation import evaluate_publication
from pipelines.core.files import write_atomic
from pipelines.core.progress import report
from pipelines.core.settings import ROOT, Settings
from pipelines.simulator.scales import scale_named
from pipelines.simulator.simulation import simulate

PAGE = "detector-quality.md"
IMAGES = "images"


def measure(scale: str, seed: int, folder: Path) -> Measured:
    """Simulate a market in an empty folder, run the pipeline over it and evaluate what it published.

    Raises:
        ValueError: there is no such scale.
        RuntimeError: the run did not publish; the message carries the end of what it printed.
    """
    report(f"simulating the {scale} market")
    made = simulate(folder / "market", scale=scale, seed=seed)
    report(f"running the pipeline over the {scale} market")
    settings = Settings.load(folder / "home")
    _run(made.out, settings.home)
    report(f"evaluating the {scale} market")
    result = evaluate_publication(settings, made.labels)
    alerts = pl.read_parquet(settings.current / "marts" / "fct_alerts.parquet")
    record = track_record(scale, seed, alerts, result.matches)
    return Measured(scale, seed, made.rows["entities"], sum(made.rows.values()), result, record=record)


def publish(markets: Sequence[Measured], out: Path) -> Path:
    """Write the page and a picture for each market into a folder; returns the page's path."""
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    pictured = []
    for market in markets:
        picture = f"{IMAGES}/detection-{market.scale}.svg"
        save(market.result, out / picture)
        pictured.append(Measured(**{**vars(market), "picture": picture}))
    text = page(pictured, version("carbonwarden"), {detector.kind for detector in all_detectors()})
    write_atomic(out / PAGE, text)
    return out / PAGE


def _run(source: Path, home: Path) -> None:
    """Run the pipeline in a process of its own, so that its memory is freed afterwards."""
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "run"]
    command += ["--source", str(source), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - made above
    if done.returncode:
        message = (done.stderr or done.stdout)[-2000:]
        raise RuntimeError(f"{source}: expected a publication, found exit code {done.returncode}: {message}")


def main(arguments: list[str] | None = None) -> int:
    """Measure every scale that is asked for, then write the page once all have been."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.cli.measure", description=__doc__)
    parser.add_argument("--scale", action="append", help="size of a market; may be repeated (default: small)")
    parser.add_argument("--seed", type=int, default=7, help="seed of every market (default: 7)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder to write (default: docs)")
    parser.add_argument("--record", type=Path, default=TRACK_RECORD, help="track record to write")
    options = parser.parse_args(arguments)
    scales = list(dict.fromkeys(options.scale or ["small"]))
    try:
        # Before the first market is made, which takes minutes.
        for scale in scales:
            scale_named(scale)
    except ValueError as error:
        complain(f"--scale: {error}")
        return 2
    markets = []
    with progress():
        for scale in scales:
            with tempfile.TemporaryDirectory(prefix="carbonwarden-detection-") as folder:
                markets.append(measure(scale, options.seed, Path(folder)))
    write_atomic(options.record, pl.concat(market.record for market in markets).write_csv())
    say(f"Wrote {publish(markets, options.out)} and {options.record}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
