"""Closings: gaps, late and repeated records, contradictions, packets, unknown stations, crashes."""

from __future__ import annotations

import csv
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError, UsageError
from pipelines.core.lock import HomeBusyError
from pipelines.sources.telemetry import closing, state, storage
from tests.telemetry.making import HOUR, Home, content, local, minute, segment, stations

HOURS_3 = timedelta(hours=3, minutes=15)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path, stations(S1={}))


def _qualities(home: Home) -> list[tuple[datetime, str, int]]:
    return [(row["hour"], row["quality"], row["revision"]) for row in home.closed()]


def _quarantined(home: Home) -> list[dict[str, str]]:
    found = []
    for path in sorted((home.folder / "quarantined").glob("*.csv")):
        found += csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return found


def test_an_hour_is_closed_once_and_late_records_revise_it(home):
    home.receive(*(minute(n) for n in range(40)))
    closed = home.close()
    assert (closed.hours["new"], closed.qualities["missing"]) == (1, 1)
    assert home.close().hours == {}
    # The same records again change nothing; ten more make the hour valid.
    home.receive(*(minute(n) for n in range(40)), at=HOUR + timedelta(hours=2))
    repeated = home.close()
    assert (repeated.hours, repeated.resent) == ({"unchanged": 1}, 40)
    home.receive(*(minute(n) for n in range(40, 50)), at=HOUR + timedelta(hours=2))
    assert home.close().hours == {"revised": 1}
    assert _qualities(home) == [(HOUR.replace(tzinfo=None), "valid", 2)]
    assert [(row["ts"], row["quality"]) for row in home.delivered()] == [(HOUR, "valid")]
    columns = TABLES["cems_hourly"].columns
    assert {c.name for c in columns if not c.nullable} < set(home.delivered()[0]) <= {c.name for c in columns}
    assert home.delivered()[0]["utc_offset_minutes"] == 480


def test_an_hour_is_not_closed_before_it_is_due(home):
    home.receive(*(minute(n) for n in range(60)))
    assert home.close(timedelta(hours=1, minutes=9)).hours == {}
    assert not home.closed()
    assert home.close(timedelta(hours=1, minutes=10)).hours == {"new": 1}


def test_gaps_are_stated_as_hours_without_figures(home):
    """First received at 02:00; nothing comes in the two hours behind that."""
    home.receive(*(minute(n) for n in range(60, 120)), at=HOUR + timedelta(hours=2))
    home.close(timedelta(hours=4, minutes=15))
    begin = HOUR.replace(tzinfo=None)
    assert _qualities(home) == [
        (begin + timedelta(hours=1), "valid", 1),
        (begin + timedelta(hours=2), "missing", 1),
        (begin + timedelta(hours=3), "missing", 1),
    ]
    assert home.delivered()[1]["co2_mass"] is None
    home.receive(*(minute(n) for n in range(120, 180)), at=HOUR + timedelta(hours=5))
    assert home.close(timedelta(hours=5, minutes=15)).hours == {"revised": 1, "new": 1}
    assert [found[1:] for found in _qualities(home)] == [
        ("valid", 1),
        ("valid", 2),
        ("missing", 1),
        ("missing", 1),
    ]


def test_since_and_until_bound_what_is_stated(tmp_path):
    begin = HOUR - timedelta(hours=2)
    home = Home(tmp_path, stations(S1={"since": begin, "until": HOUR}))
    home.receive(*(minute(n) for n in range(60)))
    home.close()
    assert [row["hour"] for row in home.closed()] == [
        (begin + timedelta(hours=n)).replace(tzinfo=None) for n in range(2)
    ]


def test_a_correction_is_a_later_request_for_the_same_time(home):
    home.receive(*(minute(n) for n in range(60)))
    home.receive(*(minute(n, flow=200, request=f"9{n}") for n in range(60)), at=HOUR + timedelta(hours=1))
    home.close()
    assert home.closed()[0]["flow"] == 720_000


def test_one_request_with_two_contents_contradicts_itself_and_neither_counts(home):
    home.receive(*(minute(n) for n in range(60)), minute(7, flow=500))
    closed = home.close()
    assert closed.contradictions == 1
    assert (home.closed()[0]["usable_minutes"], home.closed()[0]["flow"]) == (59, 360_000)


def _packets(number: int, of: int = 2) -> list[bytes]:
    moment = HOUR + timedelta(minutes=number)
    contents = [content(moment, a00000=100), content(moment, a05001=12)]
    return [
        segment(2051, contents[n], request=local(moment), flag=7, more=f";PNUM={of};PNO={n + 1}")
        for n in range(2)
    ]


def test_packets_are_joined_in_any_order_and_over_closings(home):
    first, second = zip(*(_packets(n) for n in range(60)), strict=True)
    home.receive(*second, at=HOUR + timedelta(hours=1))
    assert home.close().lines == {"lines": 60, "packets of records": 60}
    home.receive(*first, *first[:5], at=HOUR + timedelta(hours=1))
    closed = home.close()
    assert closed.lines == {"lines": 65, "records": 60, "packets of records": 5}
    assert (home.closed()[0]["usable_minutes"], home.closed()[0]["quality"]) == (60, "valid")


def test_packets_that_stay_alone_are_quarantined(home):
    home.receive(_packets(1)[0], at=HOUR)
    home.close()
    home.receive(minute(2), at=HOUR + timedelta(hours=25))
    assert home.close().reasons == {"packets_missing": 1}
    (row,) = _quarantined(home)
    assert (row["station"], row["reason"]) == ("S1", "packets_missing")
    assert "expected 2 packets, found 1" in row["detail"]


def test_packets_that_contradict_each_other_are_all_quarantined(home):
    first, _ = _packets(1)
    home.receive(first, first.replace(b"=100,", b"=200,"))
    assert home.close().reasons == {"contradiction": 2}
    assert len(_quarantined(home)) == 2


def test_what_cannot_be_used_is_quarantined_with_its_reason(home):
    sent = {
        b"MN=S1;CN=2051;CP=&&a=1&&": "bad_time",
        segment(2051, "DataTime=20260230000000"): "bad_time",
        segment(2051, content(HOUR + timedelta(days=2), a00000=1)): "out_of_range",
        segment(2051, content(HOUR - timedelta(days=500), a00000=1)): "out_of_range",
        segment(2051, content(HOUR, a00000=1) + ";a00000-Avg=2"): "contradiction",
    }
    home.receive(*sent)
    closed = home.close()
    assert closed.lines == {"lines": 5, "quarantined": 5}
    assert {row["data"].encode(): row["reason"] for row in _quarantined(home)} == sent
    assert all("expected" in row["detail"] for row in _quarantined(home))
    assert closed.reasons == {"bad_time": 2, "out_of_range": 2, "contradiction": 1}


def test_every_line_has_one_outcome(home):
    home.receive(minute(1), minute(1), segment(2081, "DataTime=20260301080000"), b"no frame", *_packets(2))
    home.receive(b"x", reason="wrong_password")
    lines = home.close().lines
    assert lines.pop("lines") == sum(lines.values()) == 7


def test_an_unknown_station_is_kept_and_used_once_it_is_listed(home):
    home.receive(*(minute(n, station="S9") for n in range(60)))
    closed = home.close()
    assert (closed.reasons, closed.hours) == ({"unknown_station": 60}, {})
    assert {row["reason"] for row in _quarantined(home)} == {"unknown_station"}
    home.stations = stations(S1={}, S9={})
    home.close()
    assert [(row["unit_id"], row["quality"]) for row in home.closed()] == [("U-S9", "valid")]


def test_a_changed_entry_revises_the_stations_hours(home):
    home.receive(*(minute(n) for n in range(60)))
    home.close()
    home.stations = stations(S1={"columns": {"flow": {"code": "a00000", "unit": "Nm3/h"}}})
    assert home.close().hours == {"revised": 1}
    assert home.closed()[0]["flow"] == 100


def test_a_day_record_is_kept_and_makes_no_hour(home):
    home.receive(segment(2031, content(HOUR - timedelta(hours=8), a00000=1)), at=HOUR)
    closed = home.close(timedelta(0))
    assert (closed.lines["records"], closed.hours) == (1, {})


def _content(home: Home) -> dict[str, str]:
    """Files of closed hours and delivery -> content hash."""
    files = [*(home.folder / "closed").glob("*"), *home.out.glob("*/*")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_closing_that_is_cut_off_is_repeated_without_a_trace(tmp_path, monkeypatch):
    """Cut off before each of its files: two of records, closed hours, delivery, state."""

    def received(name: str) -> Home:
        home = Home(tmp_path / name, stations(S1={}, S2={}))
        home.receive(*(minute(n) for n in range(120)), *(minute(n, station="S2") for n in range(30)))
        return home

    plain = received("plain")
    plain.close(HOURS_3)
    write = storage.write_durably
    for allowed in range(5):
        cut = received(f"cut {allowed}")
        written = []

        def end_early(path: Path, data: bytes, written: list[Path] = written, allowed: int = allowed) -> None:
            if len(written) == allowed:
                raise KeyboardInterrupt
            written.append(path)
            write(path, data)

        with monkeypatch.context() as patch:
            for module in (storage, state):
                patch.setattr(module, "write_durably", end_early)
            with pytest.raises(KeyboardInterrupt):
                cut.close(HOURS_3)
        cut.close(HOURS_3)
        assert _content(cut) == _content(plain)
    assert {row["revision"] for row in plain.closed()} == {1}


def test_the_state_may_be_removed_and_the_journal_is_read_again(home):
    home.receive(*(minute(n) for n in range(60)))
    home.close()
    before = _content(home)
    (home.folder / state.FILE).unlink()
    assert home.close().hours == {"unchanged": 1}
    assert _content(home) == before


def test_a_state_that_is_none_is_refused(home):
    home.receive(minute(1))
    home.close()
    (home.folder / state.FILE).write_text("{", encoding="utf-8")
    with pytest.raises(SourceError, match="expected what the last closing wrote"):
        home.close()


def test_a_table_from_somewhere_else_is_not_mixed_with(home):
    home.out.mkdir()
    (home.out / "cems_hourly.csv").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"expected cems_hourly to be a folder"):
        home.close()


def test_one_closing_at_a_time(home):
    home.folder.mkdir(parents=True)
    with closing.FileLock(home.folder / ".closing.lock"), pytest.raises(HomeBusyError, match="closing"):
        home.close()
