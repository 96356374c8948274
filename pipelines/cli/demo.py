"""The demonstration: a simulated market, one run over it, and how many of the known cases were found."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pipelines.cli.console import print_table, progress, say
from pipelines.cli.evaluate import print_evaluation
from pipelines.core.market import as_of_date, read_market
from pipelines.core.settings import Settings


def _shown(path: Path) -> str:
    """The path as a user in this folder would type it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def demonstrate(settings: Settings, seed: int, run: Callable[[Settings, Path, date], int]) -> int:
    """Simulate, run, compare and say where to look; returns the exit code."""
    from pipelines.simulator.simulation import simulate

    market = settings.home / "simulated" / "market"
    # The market follows from the seed; only what a simulation wrote before is written again.
    if market.with_name("market.labels.parquet").is_file():
        shutil.rmtree(market, ignore_errors=True)
    with progress():
        report = simulate(market, scale="small", seed=seed)
    say(f"Simulated a market of {report.rows['entities']:,} emitters in {market}.")
    code = run(settings, market, as_of_date(settings, read_market(market)))
    if code:
        return code
    print_evaluation(market.with_name("market.labels.parquet"), None, settings)
    home = f" --home {shlex.quote(_shown(settings.home))}"
    command = shlex.quote(_shown(Path(sys.argv[0]).absolute()))
    say("Where to look:")
    print_table(
        ("what", "command"),
        (
            ("the desk, in a browser", f"{command} dashboard{home}"),
            ("all alerts", f"{command} alerts{home} --format json"),
            ("any question", f'{command} sql{home} "select kind, count(*) from fct_alerts group by kind"'),
        ),
    )
    return 0
