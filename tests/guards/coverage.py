"""Coverage by package, compared with floors that may only rise.

    python -m tests.guards.coverage coverage.json            exit 1 where a package is below its floor
    python -m tests.guards.coverage coverage.json --raise    raise floors to what was measured

`coverage.json` is the report of `python -m slipcover -m pytest`, which instruments bytecode: tracing
costs a run of the pipeline two fifths of its time. The floors are whole per cent of lines, a
point below what was measured, since two processes that share tests do not always run the same lines.
Packages of `pipelines` count one by one, so that the simulator, which has many tests, lifts no other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

FLOORS = Path(__file__).with_name("coverage_floors.json")
_SPLIT = "pipelines"
_SLACK = 1

PUBLIC_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def package_of(file: str) -> str:
    """The package that a file counts for: `anomaly`, or `pipelines/lake`."""
    parts = Path(file).parts
    return "/".join(parts[:2]) if parts[0] == _SPLIT and len(parts) > 2 else parts[0]


def by_package(report: Path) -> dict[str, float]:
    """Per cent of lines that were run, by package."""
    lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, found in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        counted = lines[package_of(file)]
        counted[0] += found["summary"]["covered_lines"]
        counted[1] += found["summary"]["covered_lines"] + found["summary"]["missing_lines"]
    return {name: 100 * run / all_ for name, (run, all_) in sorted(lines.items()) if all_}


def below(measured: dict[str, float], floors: dict[str, int]) -> list[str]:
    """A sentence for each package that is below its floor, has none, or is gone."""
    found = []
    for name in sorted({*measured, *floors}):
        if name not in floors:
            found.append(f"{name}: expected a floor in {FLOORS.name}, found none; run with --raise")
        elif name not in measured:
            found.append(f"{name}: expected its files in the report, found none; remove its floor")
        elif measured[name] < floors[name]:
            found.append(f"{name}: expected at least {floors[name]} % of lines, found {measured[name]:.1f} %")
    return found


def raised(measured: dict[str, float], floors: dict[str, int]) -> dict[str, int]:
    """The floors after this measurement: none falls."""
    return {name: max(floors.get(name, 0), int(share) - _SLACK) for name, share in measured.items()}


def main() -> int:
    """Compare or raise; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--raise", dest="is_raising", action="store_true")
    options = parser.parse_args()
    measured, floors = by_package(options.report), json.loads(FLOORS.read_text(encoding="utf-8"))
    if options.is_raising:
        floors = raised(measured, floors)
        FLOORS.write_text(json.dumps(floors, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for name, share in measured.items():
        print(f"{name:28} {share:6.1f} %   floor {floors.get(name, '-')}")
    if not PUBLIC_DATA.is_dir():
        # The floors were measured with the tests that read them.
        print(f"floors are not compared: no public data sets at {PUBLIC_DATA}")
        return 0
    problems = below(measured, floors)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
