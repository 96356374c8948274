"""Damaged streams through receiver and closing: every line is accounted for, and no whole record is lost.

`CARBONWARDEN_FUZZ` is the number of streams; `make fuzz` takes 20,000. Inputs that once failed stand in
`past_failures.yml`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.sources.telemetry import journal, segments
from pipelines.sources.telemetry.frames import FrameReader, frame
from pipelines.sources.telemetry.journal import Place
from pipelines.sources.telemetry.records import Intake
from tests.telemetry.making import HOUR, minute, stations

STREAMS = int(os.environ.get("CARBONWARDEN_FUZZ", "120"))
AT = int(HOUR.timestamp() * 1_000_000) + 3_600_000_000
PAST = yaml.safe_load(Path(__file__).with_name("past_failures.yml").read_text(encoding="utf-8"))
_PIECES = (
    b";",
    b"=",
    b",",
    b"&&",
    b"##",
    b"##0100",
    b"CP=&&",
    b"\r\n",
    b"\0",
    b"\xff",
    b"-Avg=",
    b"PNUM=2;PNO=1;",
)


def _damaged(chance: random.Random, data: bytes) -> bytes:
    """The data segment with a few changes."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(changed) + 1)
        action = chance.randrange(4)
        if action == 0:
            changed[place:place] = chance.choice(_PIECES)
        elif action == 1:
            del changed[place : place + chance.randrange(1, 30)]
        elif action == 2:
            changed[place : place + 1] = bytes([chance.randrange(256)])
        else:
            changed = changed[:place] + changed
    return bytes(changed[:1024])


def _stream(chance: random.Random, number: int) -> tuple[bytes, list[bytes]]:
    """A connection's bytes, and the data segments of its whole frames with sound content."""
    stream, sound = b"", []
    for turn in range(chance.randrange(1, 6)):
        data = minute(turn, request=f"{number}{turn:02d}")
        kind = chance.randrange(4)
        if kind == 0:
            # A right checksum around wrong content.
            stream += frame(_damaged(chance, data) or b"x")
        elif kind == 1:
            # Wrong bytes; a changed line end or letter case may leave the frame whole.
            stream += _damaged(chance, frame(data))
        else:
            stream += frame(data)
            sound.append(data)
    return stream, sound


def test_damaged_streams_are_accounted_for_and_lose_no_whole_record(tmp_path):
    chance = random.Random(STREAMS)
    lines, sound = [], []
    for number in range(STREAMS):
        stream, whole = _stream(chance, number)
        reader = FrameReader(1024)
        cut = chance.randrange(len(stream) + 1)
        found = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:]), *reader.finish()]
        assert not Counter(whole) - Counter(found), f"stream {number}"
        sound += whole
        lines += [journal.encode(segments.without_password(data), received=AT) for data in found]
    kept = journal.Journal(tmp_path / "journal")
    kept.append(lines)
    kept.close()
    taken = Intake(tmp_path, stations(S1={}), Place(0, 0), []).take()
    counts = dict(taken.counts)
    assert counts.pop("lines") == len(lines) == sum(counts.values())
    assert counts["quarantined"] > 0
    written = [
        (row["station"], row["request"])
        for path in tmp_path.glob("records/*/*.parquet")
        for row in pq.read_table(path, columns=["station", "request"]).to_pylist()
    ]
    assert len(written) == counts["records"]
    expected = Counter(("S1", segments.parse(data).request) for data in sound)
    assert not expected - Counter(written)


@pytest.mark.parametrize("past", PAST, ids=lambda past: past["was"])
def test_what_once_failed_is_right(tmp_path, past):
    data = segments.without_password(past["data"].encode("utf-8"))
    assert b"secret" not in data
    kept = journal.Journal(tmp_path / "journal")
    kept.append([journal.encode(data, received=AT)])
    kept.close()
    taken = Intake(tmp_path, stations(S1={}), Place(0, 0), []).take()
    if past["outcome"] != "record":
        assert taken.reasons == {past["outcome"]: 1}
        return
    (path,) = tmp_path.glob("records/*/*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert [reading["value"] for reading in row["readings"]] == past["values"]
