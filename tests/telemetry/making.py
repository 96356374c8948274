"""Records, journals and stations for the tests of the receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.sources.telemetry import closing, journal
from pipelines.sources.telemetry.stations import Stations

HOUR = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
COLUMNS = {
    "flow": {"code": "a00000", "unit": "Nm3/s"},
    "co2_concentration": {"code": "a05001", "unit": "%"},
}


def stations(**entries: dict[str, object]) -> Stations:
    """Stations `S1`, … of one profile; an entry adds to it."""
    listed = {name: {"unit": f"U-{name}", "profile": "p", **entry} for name, entry in entries.items()}
    return Stations.model_validate({"profiles": {"p": COLUMNS}, "stations": listed})


def local(moment: datetime) -> str:
    """DataTime of a moment: Beijing time."""
    return (moment + timedelta(hours=8)).strftime("%Y%m%d%H%M%S")


def content(moment: datetime, field: str = "Avg", mark: str = "N", **values: object) -> str:
    """Content of CP: `a00000=100` becomes `a00000-Avg=100,a00000-Flag=N`."""
    groups = [f"{code}-{field}={value},{code}-Flag={mark}" for code, value in values.items()]
    return ";".join([f"DataTime={local(moment)}", *groups])


def segment(
    command: int, content: str, station: str = "S1", request: str = "", flag: int = 5, more: str = ""
) -> bytes:
    """A data segment."""
    head = f"QN={request};ST=31;CN={command};PW=123456;MN={station};Flag={flag}{more}"
    return f"{head};CP=&&{content}&&".encode()


def minute(
    number: int, flow: object = 100, co2: object = 12, mark: str = "N", station: str = "S1", request: str = ""
) -> bytes:
    """The minute record of minute `number` of `HOUR`."""
    moment = HOUR + timedelta(minutes=number)
    text = content(moment, mark=mark, a00000=flow, a05001=co2)
    return segment(2051, text, station, request or f"{local(moment)}000")


class Home:
    """A receiver's folder with what it received, and closings over it."""

    def __init__(self, folder: Path, listed: Stations) -> None:
        self.folder = folder / "home"
        self.out = folder / "out"
        self.stations = listed

    def receive(self, *segments: bytes, at: datetime = HOUR + timedelta(hours=1), reason: str = "-") -> None:
        """What a receiver keeps of these data segments."""
        lines = journal.Journal(self.folder / "journal")
        moment = int(at.timestamp() * 1_000_000)
        lines.append([journal.encode(data, reason, moment) for data in segments])
        lines.close()

    def close(self, after: timedelta = timedelta(hours=1, minutes=15)) -> closing.Closed:
        """Close what is due at `HOUR` and so much after it."""
        return closing.close(self.stations, self.folder, self.out, HOUR + after)

    def closed(self) -> list[dict[str, object]]:
        """All closed hours."""
        return _rows(self.folder / "closed")

    def delivered(self) -> list[dict[str, object]]:
        """All rows of the delivery."""
        return _rows(self.out / "cems_hourly")


def _rows(folder: Path) -> list[dict[str, object]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
