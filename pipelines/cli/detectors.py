"""The reference page of the detectors, written from what they, their policies and texts say.

    python -m pipelines.cli.detectors            write docs/reference/detectors.md
    python -m pipelines.cli.detectors --check    exit 1 where the page differs from the detectors

Belongs here: the command. Does not belong here: the page's layout (`anomaly.reference`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from anomaly.core.policy import load_policy
from anomaly.reference import page
from pipelines.core.generated import program

PAGE = Path("docs/reference/detectors.md")


def main(arguments: list[str] | None = None) -> int:
    """Writes the page, or with `--check` only says whether it is stale."""
    return program(
        "pipelines.cli.detectors",
        __doc__,
        PAGE,
        "what detectors and policies say",
        lambda: page(load_policy()),
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
