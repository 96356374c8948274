"""Figures that were published about the national market, from `published.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).with_name("published.yml")


class Published(BaseModel):
    """One line of the realism table; without `low` and `high` it only informs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    what: str
    unit: str = ""
    real: str
    source: str = ""
    verified: str
    low: float | None = None
    high: float | None = None


@cache
def published() -> tuple[Published, ...]:
    """Every published figure, in the order of the file."""
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(Published(**one) for one in content["figures"])
