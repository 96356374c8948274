"""Where text goes: results to standard output, progress and error messages to standard error."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipelines.core.progress import reporting_to


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


_WIDTH_WITHOUT_TERMINAL = 180


def _output() -> Console:
    """Standard output; a file or pipe gets wide lines rather than folded cells."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_WITHOUT_TERMINAL)


def complain(message: str) -> None:
    """Say what went wrong."""
    Console(stderr=True).print(Text(f"carbonwarden: {message}"), soft_wrap=True)


def say(message: str) -> None:
    """Print a line of a result."""
    _output().print(Text(message), soft_wrap=True)


@contextmanager
def progress() -> Iterator[None]:
    """Show what is being done while the block runs; quiet without a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting")
        with reporting_to(lambda step: bar.update(task, description=step)):
            yield


def plain(value: Any) -> Any:
    """A value as JSON has it; timestamps are UTC and say so."""
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def _cell(value: Any) -> str:
    """A value as a CSV or table cell. A text that a spreadsheet would run gets an apostrophe in front."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    risky = isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{text}" if risky else text


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else str(plain(value))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print rows for a reader; numbers have thousands separators and stand to the right."""
    listed = [list(row) for row in rows]
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        values = [row[number] for row in listed if row[number] is not None]
        numeric = bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(_shown(value)) for value in row))
    _output().print(table)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Format) -> None:
    """Print rows in the wanted form: a table, one JSON object a line, or CSV."""
    if form is Format.table:
        print_table(columns, rows)
    elif form is Format.json:
        for row in rows:
            record = {name: plain(value) for name, value in zip(columns, row, strict=True)}
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)
