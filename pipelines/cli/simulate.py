"""The command that makes known cases: `simulate`, a whole market or cases in a copy of given data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import print_table, progress, say
from pipelines.core.errors import UsageError
from pipelines.simulator.scales import SCALES

_NAMED = 12
"""So many cases that could not be realised are named; of more only the number is given."""


class SourceFormat(StrEnum):
    """Whether simulated tables are written as Parquet or CSV."""

    parquet = "parquet"
    csv = "csv"


_SCALE = "small"
_FORM = SourceFormat.parquet


def _print_cases(cases: dict[str, int]) -> None:
    """Say how many cases there are by family and kind."""
    from pipelines.simulator.cases import compliance, falsification, manipulation, market_risk

    families = {
        kind.name: module.__name__.rpartition(".")[2]
        for module in (manipulation, falsification, compliance, market_risk)
        for kind in module.KINDS
    }
    by_family: dict[str, Counter[str]] = {}
    for kind, count in cases.items():
        by_family.setdefault(families[kind], Counter())[kind] = count
    rows = (
        (family, sum(kinds.values()), ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
        for family, kinds in sorted(by_family.items())
    )
    print_table(("family", "cases", "of which"), rows, "Known cases")


def _say_unrealised(lines: Iterable[str]) -> None:
    lines = list(lines)
    for line in lines[:_NAMED]:
        say(f"Not realised: {line}.")
    if len(lines) > _NAMED:
        say(f"Not realised: {len(lines) - _NAMED:,} more.")


def _inject(source: Path, out: Path, seed: int, kinds: list[str] | None) -> None:
    from pipelines.simulator.injection import inject

    with progress():
        report = inject(source, out, seed, kinds)
    rows = ((table, c.changed, c.added, c.removed) for table, c in sorted(report.changes.items()))
    print_table(("table", "rows changed", "added", "removed"), rows, f"Cases planted in {out}")
    _print_cases(report.cases)
    for kind, reason in sorted(report.skipped.items()):
        say(f"Not planted: {kind}: {reason}.")
    _say_unrealised(report.unrealised)
    say(f"The labels are in {report.labels}.")


def _simulate(
    out: Path, scale: str, seed: int, years: int | None, clean: bool, form: SourceFormat, dirt: float
) -> None:
    from pipelines.simulator.dirt import add_dirt, later_path
    from pipelines.simulator.seeds import Streams
    from pipelines.simulator.simulation import simulate as make

    if not 0 <= dirt <= 0.5:
        raise UsageError(f"--dirt: expected a share from 0 to 0.5, found {dirt}")
    if dirt and later_path(out).exists():
        raise UsageError(f"--dirt: {later_path(out)} exists already, expected none; choose another --out")
    with progress():
        report = make(out, scale=scale, seed=seed, clean=clean, format=form.value, years=years)
        spoilt = add_dirt(out, dirt, Streams(seed)) if dirt else None
    print_table(("table", "rows"), sorted(report.rows.items()), f"Simulated market in {out}")
    _print_cases(report.cases)
    _say_unrealised(report.unrealised)
    say(f"The labels are in {report.labels}.")
    if spoilt:
        by_kind = ", ".join(f"{count:,} {kind}" for kind, count in spoilt.records.items())
        say(f"Dirty records: {by_kind or 'none'}; listed in {spoilt.listing}.")
        say(f"The later delivery is in {spoilt.later}; copy its files into {out} for a second run.")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def simulate(
        out: Annotated[Path, typer.Option(help="directory to write")],
        scale: Annotated[
            str | None, typer.Option(help=f"size of the market: {', '.join(SCALES)} [{_SCALE}]")
        ] = None,
        seed: Annotated[int, typer.Option(help="the same seed gives the same market")] = 7,
        years: Annotated[
            int | None, typer.Option(help="trading years, the last 2025 [the scale's own]")
        ] = None,
        clean: Annotated[bool, typer.Option("--clean", help="without known cases")] = False,
        form: Annotated[
            SourceFormat | None, typer.Option("--format", help=f"form of the tables [{_FORM.value}]")
        ] = None,
        dirt: Annotated[
            float, typer.Option(help="share of records that come malformed, twice, late or corrected")
        ] = 0.0,
        into: Annotated[
            Path | None,
            typer.Option(
                help="plant cases in a copy of this source directory instead; "
                "ids of planted trades follow the last ones"
            ),
        ] = None,
        kinds: Annotated[str | None, typer.Option(help="with --into: only these kinds, by comma")] = None,
    ) -> None:
        """Write a simulated market with known cases, or a copy of given data with cases planted in it.

        The labels stand beside the directory.
        """
        if kinds and into is None:
            raise UsageError("--kinds: expected together with --into; a simulated market has every kind")
        if into is not None:
            if clean or dirt or years is not None or scale is not None or form is not None:
                raise UsageError(
                    "--into: expected without --scale, --years, --clean, --format and --dirt, "
                    "which are a market's"
                )
            if out.resolve().is_relative_to(into.resolve()):
                raise UsageError(f"--out: expected a directory outside of {into}, found {out}")
        wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()] if kinds else None
        try:
            if into is not None:
                _inject(into, out, seed, wanted)
            else:
                _simulate(out, scale or _SCALE, seed, years, clean, form or _FORM, dirt)
        except (ValueError, FileExistsError, FileNotFoundError) as error:
            raise UsageError(str(error)) from error
