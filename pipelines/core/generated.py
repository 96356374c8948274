"""A file of the checkout that a program writes: written where it differs, or only compared.

Belongs here: the command line that such programs share. Does not belong here: what any file says.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.core.settings import ROOT


def program(
    module: str,
    describes: str | None,
    file: Path,
    says: str,
    wanted: Callable[[], str],
    arguments: list[str] | None,
) -> int:
    """Write `file`, or with `--check` only say whether it is stale; the exit code.

    Args:
        module: the program, as `python -m` takes it.
        describes: its help text.
        file: path within the checkout.
        says: whose content the file repeats, for the message.
        wanted: gives the text.
        arguments: of the command line, by default those of the process.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=describes)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    options = parser.parse_args(arguments)
    path, text = options.root / file, wanted()
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        print(f"{file}: expected {says}, found an older file or none; run `make generate`", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0
