"""The journal and its group commit: what survives a crash, and when somebody is woken."""

from __future__ import annotations

import asyncio
import random

import pytest

from pipelines.sources.telemetry import journal
from pipelines.sources.telemetry.commits import Committer, JournalError
from pipelines.sources.telemetry.journal import DamagedLine, Journal, Line, Place, encode, read


def _write(folder, *segments: list[bytes], size: int = 1 << 20) -> None:
    lines = Journal(folder, size)
    for group in segments:
        lines.append([encode(data, received=5) for data in group])
    lines.close()


def _data(folder, start: Place | None = None) -> list[bytes]:
    return [line.data for line in read(folder, start) if isinstance(line, Line)]


def test_lines_come_back_in_order_whatever_they_hold(tmp_path):
    chance = random.Random(1)
    kept = [bytes(chance.choices(range(256), k=chance.randrange(60))) for _ in range(200)]
    kept += [b"\n", b"\r\n", b"\\n", b"\\\\n", b"\\", b""]
    _write(tmp_path, kept)
    assert _data(tmp_path) == kept


def test_a_new_writer_never_writes_into_an_earlier_segment(tmp_path):
    _write(tmp_path, [b"one"])
    _write(tmp_path, [b"two"])
    assert [path.name for path in journal.segments(tmp_path)] == ["00000001.journal", "00000002.journal"]
    assert _data(tmp_path) == [b"one", b"two"]


def test_a_full_segment_is_followed_by_another(tmp_path):
    _write(tmp_path, [b"x" * 50], [b"y"], [b"z" * 50], size=60)
    assert len(journal.segments(tmp_path)) == 2
    assert _data(tmp_path) == [b"x" * 50, b"y", b"z" * 50]


def test_reading_goes_on_where_it_stopped(tmp_path):
    _write(tmp_path, [b"one", b"two"])
    _write(tmp_path, [b"three"])
    lines, kept = list(read(tmp_path)), _data(tmp_path)
    for number, line in enumerate(lines):
        assert _data(tmp_path, line.place) == kept[number:]
        after = Place(line.place.segment, line.place.offset + line.length)
        assert _data(tmp_path, after) == kept[number + 1 :]
        assert journal.read_at(tmp_path, line.place) == line
    assert journal.read_at(tmp_path, Place(9, 0)) is None


@pytest.mark.parametrize("cut", range(1, 30))
def test_what_a_crash_cut_off_is_the_last_line_of_its_segment(tmp_path, cut):
    _write(tmp_path, [b"one", b"two"])
    path = journal.segments(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-cut])
    whole = [b"one"] if cut <= len(encode(b"two", received=5)) else []
    # It may still be being written, so it is left for later …
    assert _data(tmp_path) == whole
    assert not any(isinstance(line, DamagedLine) for line in read(tmp_path))
    # … until another segment shows that its writer is gone.
    _write(tmp_path, [b"three"])
    assert _data(tmp_path) == [*whole, b"three"]
    damaged = [line for line in read(tmp_path) if isinstance(line, DamagedLine)]
    assert all(line.last for line in damaged)


@pytest.mark.parametrize("seed", range(30))
def test_damage_on_disk_costs_no_other_line(tmp_path, seed):
    chance = random.Random(seed)
    kept = [b"line %d" % number for number in range(20)]
    _write(tmp_path, kept)
    path = journal.segments(tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    hit = chance.randrange(20)
    place = chance.randrange(len(lines[hit]) - 1)
    changed = chance.choice([b for b in range(256) if b not in (lines[hit][place], 10)])
    lines[hit] = lines[hit][:place] + bytes([changed]) + lines[hit][place + 1 :]
    path.write_bytes(b"".join(lines))
    assert _data(tmp_path) == kept[:hit] + kept[hit + 1 :]
    assert sum(isinstance(line, DamagedLine) for line in read(tmp_path)) == 1


class _Disk:
    """A journal that notes what happened, and fails where it is asked to."""

    def __init__(self, fails: int = -1) -> None:
        self.groups: list[list[bytes]] = []
        self._fails = fails

    def append(self, lines: list[bytes]) -> None:
        if len(self.groups) == self._fails:
            raise OSError(28, "No space left on device")
        self.groups.append(lines)


def test_lines_of_many_are_written_together_and_all_are_woken():
    disk = _Disk()

    async def run() -> None:
        committer = Committer(disk, interval=0)
        task = asyncio.create_task(committer.run())
        await asyncio.gather(*(committer.durable([b"%d" % n]) for n in range(100)))
        committer.stop()
        await task

    asyncio.run(run())
    assert sorted(line for group in disk.groups for line in group) == sorted(b"%d" % n for n in range(100))
    assert len(disk.groups) < 10


def test_nobody_is_woken_before_the_disk_has_the_line():
    disk = _Disk()
    seen = []

    async def one(committer: Committer, line: bytes) -> None:
        await committer.durable([line])
        seen.append(line in [kept for group in disk.groups for kept in group])

    async def run() -> None:
        committer = Committer(disk, interval=0.001)
        task = asyncio.create_task(committer.run())
        for wave in range(5):
            await asyncio.gather(*(one(committer, b"%d %d" % (wave, n)) for n in range(5)))
        committer.stop()
        await task

    asyncio.run(run())
    assert seen == [True] * 25


def test_a_full_disk_stops_the_receiver_and_acknowledges_nothing():
    disk = _Disk(fails=1)
    outcomes = []

    async def run() -> None:
        committer = Committer(disk, interval=0)
        task = asyncio.create_task(committer.run())
        await committer.durable([b"one"])
        outcomes.extend(
            await asyncio.gather(*(committer.durable([b"x"]) for _ in range(3)), return_exceptions=True)
        )
        with pytest.raises(JournalError, match="No space left"):
            await task
        with pytest.raises(JournalError):
            await committer.durable([b"later"])

    asyncio.run(run())
    assert [type(outcome) for outcome in outcomes] == [JournalError] * 3
    assert disk.groups == [[b"one"]]


def test_a_line_is_forced_to_disk_before_append_returns(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(
        journal.os, "fsync", lambda file: steps.append(("fsync", journal.os.fstat(file).st_size))
    )
    lines = Journal(tmp_path)
    steps.clear()
    text = encode(b"one")
    lines.append([text])
    assert steps == [("fsync", len(text))]
    lines.close()
