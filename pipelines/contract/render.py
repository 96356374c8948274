"""Writes what follows from the contract alone: dbt sources, staging models and the reference page.

python -m pipelines.contract.render            write the files
python -m pipelines.contract.render --check    exit 1 where a file does not say what the contract says
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.contract.dbt import NOTICE, describe
from pipelines.contract.outputs.registry import OUTPUTS
from pipelines.contract.reasons import REASONS
from pipelines.contract.render_outputs import output_files
from pipelines.contract.render_staging import orphans, staging_files
from pipelines.contract.schema import Table
from pipelines.contract.tables import AREAS, TABLES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = Path("docs/reference/contract.md")
VALUES = """## How values are written

A table is one file (`trades.parquet`, `trades.csv`, `trades.csv.gz`) or a folder of such files, with or
without Hive partitions in its path. CSV is UTF-8 with a header line, `,` between fields, `"` around those
that need it, `.` as decimal point; an empty field is null.

| type | written as | for instance |
|---|---|---|
| string | up to 10,000 characters | `示例发电有限公司` |
| int64 | a whole number | `100` |
| float64 | a number; never NaN or infinite | `1024.5` |
| decimal(p,s) | a number with at most s decimals | `95.10` |
| date | year, month, day, from 1900 to 2099 | `2025-01-06` |
| timestamp | with its offset; rounded down to a microsecond | `2025-01-06T09:31:00+08:00` |
| bool | `true` or `false` | `true` |

A row that breaks this is quarantined with its reason, and counted:

| reason | what to do |
|---|---|
""".splitlines()
"""What the reference page says of values, before the list of reasons."""

FILES = """## Files of one table

Rows of one key may come in several files. Which of them counts follows from the order of the files:

- A file keeps the place at which its name was first seen. A file delivered again under its name replaces the
  rows that it had.
- Files whose names are first seen in one run have the same place. Equal rows of one key are kept once; rows
  of one key that differ contradict each other, and all of them are quarantined.
- A row of a later place supersedes the row of the same key of an earlier place.
- Files in a folder `increment=<number>` (`trades/exchange/increment=000002/part.parquet`; a whole number of
  up to 12 digits, of which leading zeros do not count) have an order of their own where they are first
  seen in one run: files outside such a folder come first, then the increments by ascending number. A row of a
  higher number supersedes the row of the same key of a lower one. Files of one increment have the same place.
- Increments that are seen in different runs follow each other by run, whatever their numbers are; so a
  sender counts upwards and never uses a number again.

Superseded and quarantined rows stay in the lake with their file, row and reason.
""".splitlines()
"""What the reference page says of several files, after the list of reasons."""


def reference_page(tables: Iterable[Table]) -> str:
    """The reference page: every table with its columns, types and units."""
    parts = [
        "# Source contract",
        "",
        f"<!-- {NOTICE} -->",
        "",
        "Every source is brought to these tables first; nothing behind the ingestion gate knows where data "
        "came from.",
        "A column without a mark may not be null. The key's columns together are unique.",
        "",
        *VALUES,
        *(f"| `{reason}` | {advice} |" for reason, advice in REASONS.items()),
        "",
        *FILES,
    ]
    for table in tables:
        parts += ["", f"## {table.name}", "", table.description, ""]
        facts = [f"Key: {', '.join(f'`{table.column(name).delivered_name}`' for name in table.key)}."]
        facts.append(
            f"Rewritten by {'year' if table.period_column == 'year' else 'month'} of `{table.period_column}`."
            if table.period_column
            else "Rewritten whole."
        )
        if table.required:
            facts.append("Required.")
        parts += [" ".join(facts), "", "| column | type | null | meaning |", "|---|---|---|---|"]
        parts += [
            f"| `{column.delivered_name}` | {column.type} "
            f"| {'yes' if column.nullable else ''} | {describe(column)} |"
            for column in table.columns
        ]
    return "\n".join(parts) + "\n"


def rendered(areas: Mapping[str, tuple[Table, ...]] = AREAS) -> dict[Path, str]:
    """Every file that follows from the contract, by its path within the checkout."""
    present = {table.name: table for tables in areas.values() for table in tables}
    listed = [present[name] for name in TABLES if name in present]
    return {**staging_files(areas), REFERENCE: reference_page(listed), **output_files(OUTPUTS)}


def stale(root: Path, files: dict[Path, str]) -> list[Path]:
    """Files that are missing, differ from the contract or belong to no table of it."""
    differing = [
        path
        for path, text in files.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]
    return sorted([*differing, *orphans(root, files)])


def write(root: Path, files: dict[Path, str]) -> list[Path]:
    """Writes the files that differ from what the contract says and returns their paths."""
    changed = stale(root, files)
    for path in changed:
        if path not in files:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files[path], encoding="utf-8")
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with `--check` only says which ones are stale."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.contract.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    options = parser.parse_args(arguments)
    files = rendered()
    if not options.check:
        for path in write(options.root, files):
            print(f"wrote {path}" if path in files else f"removed {path}")
        return 0
    found = stale(options.root, files)
    for path in found:
        print(f"{path}: does not say what pipelines/contract says; run `make generate`", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
