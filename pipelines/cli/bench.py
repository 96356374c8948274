"""The command `bench`: time and memory of a run, beside a floor and a baseline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from pipelines.cli.console import print_table, progress, say
from pipelines.core.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def bench(
        source: Annotated[Path | None, typer.Option(help="source directory [a simulated market]")] = None,
        repeat: Annotated[int, typer.Option(min=1, help="runs of each; the median counts")] = 3,
        scale: Annotated[str, typer.Option(help="size of the simulated market")] = "small",
        fixed: Annotated[
            bool, typer.Option("--fixed", help="measure a small run beside the import of its libraries")
        ] = False,
        national: Annotated[
            bool, typer.Option("--national", help="measure a national market beside its limits, once")
        ] = False,
        postgres: Annotated[
            int, typer.Option(min=0, help="measure a pull of that many rows from PostgreSQL beside COPY")
        ] = 0,
        reading: Annotated[
            float,
            typer.Option(min=0, help="measure reading a CSV of that many GB, and a workbook of a 50th of it"),
        ] = 0,
        telemetry: Annotated[
            bool, typer.Option("--telemetry", help="measure the receiver of stack monitors, and kill it")
        ] = False,
        stations: Annotated[int, typer.Option(min=1, help="simulated stations of --telemetry")] = 5000,
        seconds: Annotated[int, typer.Option(min=1, help="how long --telemetry receives")] = 60,
        kills: Annotated[int, typer.Option(min=0, help="random kills of --telemetry")] = 30,
    ) -> None:
        """Measure a run's time and memory beside the floor and beside plain pandas, and where it goes."""
        from pipelines.bench import fixed as fixed_cost
        from pipelines.bench import measure, pulling
        from pipelines.bench import national as national_cost
        from pipelines.bench import reading as reading_cost
        from pipelines.bench import telemetry as receiving

        if national and source is None:
            raise UsageError("bench --national: expected --source with a national market, found none")
        modes: tuple[tuple[object, ModuleType, Callable[[], measure.Report]], ...] = (
            (telemetry, receiving, lambda: receiving.bench_telemetry(stations, seconds, kills)),
            (postgres, pulling, lambda: pulling.bench_postgres(postgres)),
            (reading, reading_cost, lambda: reading_cost.bench_reading(reading)),
            (national, national_cost, lambda: national_cost.bench_national(source or Path())),
            (fixed, fixed_cost, lambda: fixed_cost.bench_fixed(source, repeat)),
            (True, measure, lambda: measure.bench(source, repeat, scale)),
        )
        module, run = next((module, run) for wanted, module, run in modes if wanted)
        try:
            with progress():
                found = run()
        except ValueError as error:
            raise UsageError(str(error)) from error
        print_table(module.COLUMNS, found.figures, "Whole-process figures, medians")
        if found.steps:
            title = None if postgres or telemetry else "Where the time goes, medians"
            print_table(module.STEP_COLUMNS, found.steps, title)
        for remark in found.remarks:
            say(remark)
