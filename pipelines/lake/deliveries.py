"""Which files came when: the lake's record of deliveries, which dbt reads.

A file counts as received on the as-of date of the run that first read its content. That day is kept in the
lake's state, so that building the warehouse anew, or the lake after an upgrade, changes no delivery; a clock
would give another answer every time a past market is replayed.
"""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pipelines.contract.outputs.lake import DELIVERIES
from pipelines.contract.tables import TABLES
from pipelines.lake.state import LakeState


def record_deliveries(lake: Path, as_of: date) -> None:
    """Note the day of files that are new, and write `handover/deliveries.parquet`."""
    state = LakeState.read(lake)
    known = len(state.received_on)
    for name, file in state.files.items():
        state.received_on.setdefault(_identity(name, file.sha256), as_of.isoformat())
    if len(state.received_on) > known:
        state.write(lake)
    copies = {name: same for table in TABLES for name, same in state.copies(table).items()}
    rows = [
        _row(state, name, file.table, file.sha256, "in_force", file.rows, file.periods)
        | {"blank_lines": file.blank_lines}
        | ({"status": "copy", "copy_of": copies[name]} if name in copies else {})
        for name, file in state.files.items()
    ]
    in_force = {_identity(name, file.sha256) for name, file in state.files.items()}
    # A file that came back with content that it had before is one delivery.
    for old in reversed(state.retired):
        identity = _identity(old["name"], old["sha256"])
        if identity in state.received_on and identity not in in_force:
            in_force.add(identity)
            periods = old.get("periods", "").split()
            rows.append(
                _row(
                    state,
                    old["name"],
                    old["table"],
                    old["sha256"],
                    old["reason"],
                    int(old.get("rows", 0)),
                    periods,
                )
            )
    folder = lake / "handover"
    folder.mkdir(parents=True, exist_ok=True)
    DELIVERIES.frame(rows).sort("delivery_id").write_parquet(folder / "deliveries.parquet")


def _identity(name: str, sha256: str) -> str:
    return "D-" + hashlib.sha256(f"{name}\x00{sha256}".encode()).hexdigest()[:16]


def _row(
    state: LakeState, name: str, table: str, sha256: str, status: str, rows: int, periods: Iterable[str]
) -> dict[str, object]:
    identity = _identity(name, sha256)
    dated = sorted(period for period in periods if period[:4].isdigit())
    return {
        "delivery_id": identity,
        "table_name": table,
        "file": name,
        "status": status,
        "copy_of": None,
        "row_count": rows,
        "blank_lines": None,
        "period_count": len(dated),
        "first_period": dated[0] if dated else None,
        "last_period": dated[-1] if dated else None,
        "period_end": _end(dated[-1]) if dated else None,
        "received_on": date.fromisoformat(state.received_on[identity]),
    }


def _end(period: str) -> date:
    year, month = int(period[:4]), int(period[5:7] or 12)
    return date(year, month, monthrange(year, month)[1])
