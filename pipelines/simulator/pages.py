"""Writes what the documentation shows of the simulated market: pictures, realism, cases and look-alikes.

    python -m pipelines.simulator.pages --out docs    from a medium market of the documentation's seed

Belongs here: the generated pages `reference/realism.md` and `reference/cases.md`. What explains the market
to a reader is written by hand in `docs/simulator.md`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import polars as pl

from pipelines.simulator.cases import KINDS
from pipelines.simulator.cases.planner import SEVERITIES
from pipelines.simulator.pictures import draw
from pipelines.simulator.realism.table import COLUMNS, realism
from pipelines.simulator.simulation import SimulationReport, simulate
from pipelines.simulator.sink import lookalikes_path

SCALE, SEED = "medium", 7
_REALISM_HEAD = """# The simulated market beside the real one

Made by `make simulator-pages` from a {scale} market of seed {seed}, known cases included. The same table
of any source directory: `carbonwarden realism --source DIR`. *bounds* say what is taken for like the real
market; without them a line only informs. *verified* says how sure the real figure is: `yes` (official text),
`page` (read in a page's excerpt), `computed` (from such figures or the exchange's daily quotes), `none`
(nothing was published).
"""
_CASES_HEAD = """# Known cases and look-alikes

Made by `make simulator-pages` from a {scale} market of seed {seed}: how many known cases of each kind it
holds, by severity, and the lawful conduct that resembles the kind and carries no label.
"""


def write_pages(out: Path) -> list[Path]:
    """Simulate the documentation's market and write its pages and pictures; returns their paths."""
    with tempfile.TemporaryDirectory(prefix="carbonwarden-pages-") as name:
        report = simulate(Path(name) / "market", scale=SCALE, seed=SEED)
        reference = out / "reference"
        reference.mkdir(parents=True, exist_ok=True)
        pages = {"realism.md": realism_page(report), "cases.md": cases_page(report)}
        for page, text in pages.items():
            (reference / page).write_text(text, encoding="utf-8")
        return [*(reference / page for page in pages), *draw(report.out, out / "images")]


def realism_page(report: SimulationReport) -> str:
    """The realism table as a page."""
    head = _REALISM_HEAD.format(scale=report.scale, seed=report.seed)
    return head + "\n" + _table(COLUMNS, [line.row() for line in realism(report.out)])


def cases_page(report: SimulationReport) -> str:
    """The kinds with their cases and look-alikes as a page."""
    labels = pl.read_parquet(report.labels)
    lookalikes = pl.read_parquet(lookalikes_path(report.out))
    counted = Counter(labels.select("kind", "severity").iter_rows())
    alike = Counter(lookalikes["kind"])
    rows = [
        (
            f"`{kind.name}`",
            *(f"{counted[kind.name, severity]}" for severity in SEVERITIES),
            f"{alike[kind.name]}",
            kind.lookalike,
        )
        for kind in KINDS
    ]
    head = _CASES_HEAD.format(scale=report.scale, seed=report.seed)
    return head + "\n" + _table(("kind", *SEVERITIES, "look-alikes", "what looks alike"), rows)


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    for written in write_pages(parser.parse_args().out):
        print(written)
