"""What a receiver received, answered and rejected: counts since it started."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.files import write_atomic

COLUMNS = ("what", "count")


@dataclass
class Metrics:
    """Counts by name; `rejected` by reason. No content of a frame is kept."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)

    def rows(self) -> list[tuple[str, int]]:
        """For printing."""
        return [
            *sorted(self.counts.items()),
            *((f"command {name}", n) for name, n in sorted(self.commands.items())),
            *((f"rejected: {name}", n) for name, n in sorted(self.rejected.items())),
        ]

    def save(self, path: Path) -> None:
        """Replace the file."""
        content = {"counts": self.counts, "commands": self.commands, "rejected": self.rejected}
        write_atomic(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
