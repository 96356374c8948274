"""Closes hours: new records in, `cems_hourly` out, each revision of a unit's hour once.

    closed/<date, UTC>.parquet                          one row a unit and hour: figures, revision, basis
    OUT/cems_hourly/telemetry-<date, UTC>.parquet       the same hours as the contract has them

The order makes a closing that is cut off harmless: records, closed hours, delivery, and last the state with
the place in the journal. A closing that starts from the old state finds the same hours and changes nothing
that is closed already. A file of the delivery is replaced as a whole, so a later delivery of an hour
supersedes the earlier one in the lake.

Belongs here: which hours are due, revisions, the delivery. Does not belong here: the rule of an hour
(`hours`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from pipelines.contract.tables import TABLES
from pipelines.core.errors import UsageError
from pipelines.core.lock import HomeBusyError
from pipelines.core.progress import report
from pipelines.core.sql import path_literal
from pipelines.sources.telemetry import hours
from pipelines.sources.telemetry.journal import Place
from pipelines.sources.telemetry.records import FOLDER, Intake, Taken
from pipelines.sources.telemetry.standard import standard
from pipelines.sources.telemetry.state import State
from pipelines.sources.telemetry.stations import Stations
from pipelines.sources.telemetry.storage import write_table

CLOSED = "closed"
COLUMNS = ("what", "count")
TABLE = "cems_hourly"
_HOUR = timedelta(hours=1)
_FIGURES = ("co2_mass", "co2_concentration", "flow", "o2", "heat_input", "gross_load", "operating")
_COMPARED = (*_FIGURES, "quality", "basis", "usable_minutes", "station_difference", "stations")


@dataclass
class Closed:
    """What a closing did.

    Attributes:
        lines: lines of the journal by outcome.
        reasons: why lines cannot be used.
        hours: hours of units: `new`, `revised`, `unchanged`.
        qualities: hours of units that are new or revised, by quality.
        contradictions: exchanges that came with different contents.
        resent: exchanges that came more than once with the same content.
        differing: hours whose own record of the station differs from the computed figure.
    """

    lines: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    qualities: Counter[str] = field(default_factory=Counter)
    contradictions: int = 0
    resent: int = 0
    differing: int = 0

    def rows(self) -> list[tuple[str, int]]:
        """For printing."""
        return [
            *((f"journal: {name}", n) for name, n in sorted(self.lines.items())),
            *((f"reason: {name}", n) for name, n in sorted(self.reasons.items())),
            ("exchanges that came more than once", self.resent),
            ("exchanges that contradict each other", self.contradictions),
            *((f"hours {name}", n) for name, n in sorted(self.hours.items())),
            *((f"quality: {name}", n) for name, n in sorted(self.qualities.items())),
            ("hours whose station states another figure", self.differing),
        ]


def close(stations: Stations, folder: Path, out: Path, now: datetime) -> Closed:
    """Close all hours that are due at `now`, and those that later records or another mapping changed.

    Raises:
        HomeBusyError: another closing is under way.
        UsageError: `out` already has the table from somewhere else.
    """
    if any((out / f"{TABLE}{suffix}").exists() for suffix in (".parquet", ".csv", ".csv.gz")):
        raise UsageError(
            f"{out}: expected {TABLE} to be a folder or absent, found a file. "
            f"Move it into a folder {TABLE}, or name another --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".closing.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise HomeBusyError(f"{folder}: expected no other closing, found one. Wait for it to end.") from error
    try:
        return _Closing(stations, folder, out, now.astimezone(UTC)).run()
    finally:
        lock.release()


class _Closing:
    def __init__(self, stations: Stations, folder: Path, out: Path, now: datetime) -> None:
        self._stations = stations
        self._folder = folder
        self._out = out
        self._now = now
        # The first hour that is not due yet.
        self._end = _hour(now - timedelta(minutes=stations.closing.after_minutes))
        self._result = Closed()

    def run(self) -> Closed:
        state = State.load(self._folder)
        report("reading the journal")
        intake = Intake(self._folder, self._stations, state.place, [Place(*place) for place in state.open])
        taken = intake.take()
        self._result.lines, self._result.reasons = taken.counts, taken.reasons
        for station, hour in taken.heard.items():
            state.heard.setdefault(station, hour)
        wanted = sorted(self._wanted(state, taken), key=lambda item: (item[1], item[0]))
        for date, due in groupby(wanted, key=lambda item: item[1].date()):
            report(f"closing hours of {date}")
            self._day(date.isoformat(), [(station, hour.replace(tzinfo=None)) for station, hour in due])
        state.segment, state.offset = taken.next.segment, taken.next.offset
        state.open = [(place.segment, place.offset) for place in taken.open]
        state.mappings = {name: self._stations.digest(name) for name in self._stations.stations}
        state.next_hour = max(self._end, state.next_hour or self._end)
        state.pending = self._not_due(state, taken)
        state.save(self._folder)
        return self._result

    def _not_due(self, state: State, taken: Taken) -> dict[str, list[datetime]]:
        """Station -> hours that have records and are not due, of this closing and of earlier ones."""
        found = {}
        for name in sorted({*taken.hours, *state.pending}):
            hours_of_station = {*taken.hours.get(name, ()), *state.pending.get(name, ())}
            if late := sorted(hour for hour in hours_of_station if hour >= self._end):
                found[name] = late
        return found

    def _wanted(self, state: State, taken: Taken) -> set[tuple[str, datetime]]:
        """Stations and hours to compute: due, changed by records, or read with another mapping.

        All stations of a unit are computed where one of them is.
        """
        found: dict[str, set[datetime]] = {}
        remapped = [
            name
            for name in self._stations.stations
            if state.mappings.get(name) != self._stations.digest(name)
        ]
        # The first closing has just read all records that there are.
        recorded = self._recorded(remapped) if state.mappings else {}
        changed = set(remapped)
        for name, station in self._stations.stations.items():
            begins = self._begins(name, state)
            if begins is None:
                continue
            stated = {*taken.hours.get(name, ()), *state.pending.get(name, ()), *recorded.get(name, ())}
            first = begins if name in changed else max(begins, state.next_hour or begins)
            found.setdefault(station.unit, set()).update(stated, _range(first, self._end))
        return {
            (name, hour)
            for name, station in self._stations.stations.items()
            for hour in found.get(station.unit, ())
            if hour < self._end and self._is_in_service(name, hour, state)
        }

    def _begins(self, name: str, state: State) -> datetime | None:
        """The first hour whose absence is stated: `since`, or when the station was first received."""
        since = self._stations.stations[name].since
        return _hour(since) if since is not None else state.heard.get(name)

    def _is_in_service(self, name: str, hour: datetime, state: State) -> bool:
        station = self._stations.stations[name]
        if self._begins(name, state) is None:
            return False
        return (station.since is None or hour >= _hour(station.since)) and (
            station.until is None or hour < station.until
        )

    def _recorded(self, names: list[str]) -> dict[str, set[datetime]]:
        """Station -> hours of which it has records."""
        found: dict[str, set[datetime]] = {}
        folder = self._folder / FOLDER
        if not names or not any(folder.glob("*/*.parquet")):
            return found
        files = f"{path_literal(folder)} || '/*/*.parquet'"
        ends = [name for name in names if self._stations.stations[name].data_time == "end"]
        with duckdb.connect() as con:
            rows = con.execute(
                "select distinct station, date_trunc('hour', data_time - if(command <> 'realtime' "
                "and station in (select unnest($ends)), interval 1 second, interval 0 second)) "
                f"from read_parquet({files}, hive_partitioning=false) "
                "where command <> 'day' and station in (select unnest($names))",
                {"names": names, "ends": ends},
            ).fetchall()
        for station, hour in rows:
            found.setdefault(station, set()).add(hour.replace(tzinfo=UTC))
        return found

    def _day(self, date: str, wanted: list[tuple[str, datetime]]) -> None:
        """Compute hours of one day, keep what changed as a revision, and deliver the day."""
        path = self._folder / CLOSED / f"{date}.parquet"
        with duckdb.connect(config={"threads": 1}) as con:
            con.execute("set timezone = 'UTC'")
            hours.compute(con, self._folder, self._stations, wanted)
            self._count(con)
            rows = _revised(con, path, self._now)
            for outcome, quality, n in con.execute(
                "select outcome, quality, count(*) from revised where outcome <> 'kept' group by all"
            ).fetchall():
                self._result.hours[outcome] += n
                if outcome != "unchanged":
                    self._result.qualities[quality] += n
            write_table(rows, path)
            delivered = con.sql(
                f"select {_contract()} from closed_rows order by unit_id, hour"
            ).to_arrow_table()
        write_table(delivered, self._out / TABLE / f"telemetry-{date}.parquet")

    def _count(self, con: duckdb.DuckDBPyConnection) -> None:
        contradicting, resent = con.execute(
            "select count(*) filter (contents > 1), count(*) filter (contents = 1 and copies > 1) "
            "from exchanges where date_trunc('hour', data_time) in (select hour from wanted)"
        ).fetchall()[0]
        self._result.contradictions += contradicting
        self._result.resent += resent
        (differing,) = con.execute(
            "select count(*) from unit_hours where station_difference > ?",
            [self._stations.closing.station_difference],
        ).fetchall()[0]
        self._result.differing += differing


def _revised(con: duckdb.DuckDBPyConnection, path: Path, now: datetime) -> pa.Table:
    """The day after this closing, in order. An hour whose content is as before keeps its revision.

    Reads `unit_hours`. Leaves the table `revised`, one row per unit and hour with its outcome (`kept`, `new`,
    `unchanged`, `revised`), and the view `closed_rows`, the same rows without it.
    """
    none = "select *, 0::integer as revision, null::timestamptz as closed_at from unit_hours where false"
    earlier = f"select * from read_parquet({path_literal(path)})" if path.exists() else none
    con.execute(f"create or replace temp table earlier as {earlier}")
    same = " and ".join(f"earlier.{name} is not distinct from found.{name}" for name in _COMPARED)
    chosen = ", ".join(
        f"if(found.unit_id is null, earlier.{name}, found.{name}) as {name}" for name in _COMPARED
    )
    con.execute(
        f"""
        create or replace temp table revised as
        select
            coalesce(found.unit_id, earlier.unit_id) as unit_id,
            coalesce(found.hour, earlier.hour) as hour,
            {chosen},
            case
                when found.unit_id is null then 'kept'
                when earlier.unit_id is null then 'new'
                when {same} then 'unchanged'
                else 'revised'
            end as outcome,
            coalesce(earlier.revision, 0) + if(outcome in ('new', 'revised'), 1, 0) as revision,
            if(outcome in ('new', 'revised'), ?::timestamptz, earlier.closed_at) as closed_at
        from unit_hours as found
        full join earlier on found.unit_id = earlier.unit_id and found.hour = earlier.hour
        """,
        [now],
    )
    con.execute("create or replace temp view closed_rows as select * exclude (outcome) from revised")
    return con.sql("select * from closed_rows order by unit_id, hour").to_arrow_table()


def _contract() -> str:
    """Expressions that turn a closed hour into a row of the contract.

    A column of the contract that stack monitors cannot fill is left out, which the contract reads as null.
    """
    offset = 60 * standard().utc_offset_hours.value
    expressions = {
        "unit_id": "unit_id",
        "ts": "hour::timestamptz as ts",
        "utc_offset_minutes": f"{offset}::bigint as utc_offset_minutes",
        **{name: name for name in (*_FIGURES, "quality")},
    }
    return ", ".join(expressions[c.name] for c in TABLES[TABLE].columns if c.name in expressions)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _range(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += _HOUR
