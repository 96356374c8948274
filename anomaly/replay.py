"""Replay: the same finding again from the snapshot that it was made on.

Belongs here: running one alert's detector over a published snapshot and comparing what comes out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from anomaly.core.alerts import ALERT_SCHEMA
from anomaly.core.market import Market
from anomaly.core.policy import Policy
from anomaly.core.run import detect


@dataclass(frozen=True)
class Replay:
    """An alert as it was kept, as it comes out now, and the columns in which they differ."""

    kept: dict[str, Any]
    again: dict[str, Any] | None
    differs: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the alert came out again with every column equal."""
        return self.again is not None and not self.differs


def replay(alert: dict[str, Any], snapshot: Path, policy: Policy | None = None) -> Replay:
    """Run the alert's detector over `snapshot`/marts (or the snapshot itself) and compare.

    Args:
        alert: the kept alert row, columns as the contract's.
        snapshot: a published snapshot with its `manifest.json`.
        policy: the policy that was in force; the present one if not given.
    """
    manifest = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    market = Market.from_settings({"as_of": manifest.get("as_of"), **manifest.get("market", {})})
    marts = snapshot / "marts" if (snapshot / "marts").is_dir() else snapshot
    found = detect(marts, policy, market, alert["snapshot_id"], kinds=[alert["detector"]]).alerts
    rows = found.filter(pl.col("alert_id") == alert["alert_id"]).to_dicts()
    if not rows:
        return Replay(alert, None, tuple(ALERT_SCHEMA))
    again = rows[0]
    differs = tuple(name for name in ALERT_SCHEMA if name in alert and alert[name] != again[name])
    return Replay(alert, again, differs)
