"""Framing: published frames, damage of every kind, and recovery."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from pipelines.sources.telemetry.frames import FrameReader, checksum, frame
from pipelines.sources.telemetry.segments import answer, parse

RECEIVED = yaml.safe_load(Path(__file__).with_name("frames_received.yml").read_text(encoding="utf-8"))
LIMIT = 1024


def _read(*parts: bytes, limit: int = LIMIT) -> tuple[list[bytes], FrameReader]:
    reader = FrameReader(limit)
    found = [segment for part in parts for segment in reader.feed(part)]
    return found + reader.finish(), reader


@pytest.mark.parametrize("published", RECEIVED, ids=lambda entry: entry["name"])
def test_published_frames_are_read(published):
    text = published["text"].encode()
    found, reader = _read(text + b"\r\n")
    assert found == [text[6:-4]]
    assert not reader.damage
    assert frame(found[0]).upper() == text.upper() + b"\r\n"


def test_the_checksum_of_annex_a():
    assert checksum(RECEIVED[0]["text"][6:-4].encode()) == 0x1C80


def test_the_answer_to_data_is_the_published_one():
    asked = "QN=20201015123632010;ST=31;CN=2011;PW=123456;MN=410183160889201000212505;Flag=5;CP=&&&&"
    text = RECEIVED[2]["text"].encode()
    assert frame(answer(parse(asked.encode()))).upper() == text.upper() + b"\r\n"


@pytest.mark.parametrize(
    ("received", "kinds"),
    [
        (b"##00x5hello0000\r\n", {"bad_length", "noise"}),
        (b"##9999hello", {"too_long", "noise"}),
        (b"##0005hello0000\r\n", {"bad_checksum", "noise"}),
        (b"##0005hel", {"cut_off", "noise"}),
        (b"##00", {"cut_off", "noise"}),
        (b"##0000FFFF\r\n", {"bad_checksum", "noise"}),
        (b"GET / HTTP/1.1\r\n\r\n", {"noise"}),
        (b"#", {"noise"}),
        (b"\r\n\r\n", set()),
        (b"", set()),
    ],
)
def test_damage_is_counted_by_kind_and_the_next_frame_is_read(received, kinds):
    found, reader = _read(received)
    assert not found
    assert set(reader.damage) == kinds
    found, _ = _read(received + frame(b"next"))
    assert found == [b"next"]


def test_a_damaged_length_costs_no_frame_behind_it():
    """The stated length reaches over the next two frames."""
    damaged = b"##0900" + frame(b"one")[6:]
    assert _read(damaged + frame(b"two") + frame(b"three"))[0] == [b"two", b"three"]


def test_a_frame_without_its_line_end_is_read_at_once():
    reader = FrameReader(LIMIT)
    assert reader.feed(frame(b"one")[:-2]) == [b"one"]
    assert reader.feed(b"\r\n" + frame(b"two")) == [b"two"]
    assert not reader.damage


def test_the_longest_segment_is_the_limit():
    assert _read(frame(b"x" * LIMIT))[0] == [b"x" * LIMIT]
    found, reader = _read(frame(b"x" * (LIMIT + 1)))
    assert not found
    assert reader.damage["too_long"] == 1


def test_the_buffer_is_bounded_whatever_arrives():
    chance = random.Random(1)
    reader = FrameReader(LIMIT)
    for _ in range(400):
        reader.feed(bytes(chance.choices(b"#0123456789abc\r\n", k=chance.randrange(200))))
        assert len(reader._buffer) <= LIMIT + 10


def _segment(chance: random.Random) -> bytes:
    """A data segment; some hold what looks like the start of a frame."""
    pieces = (b"##", b"#", b"##0012", b"\r\n", b"QN=1;", b"\xff", b"&&", b"0", b"abc")
    return b"".join(chance.choices(pieces, k=chance.randrange(1, 12))) + b"%d" % chance.randrange(10**9)


def _pieces(chance: random.Random, stream: bytes) -> list[bytes]:
    """The stream as TCP may deliver it."""
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.randrange(8)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@pytest.mark.parametrize("seed", range(40))
def test_whole_frames_are_read_however_they_are_cut_and_merged(seed):
    chance = random.Random(seed)
    sent = [_segment(chance) for _ in range(chance.randrange(1, 9))]
    found, reader = _read(*_pieces(chance, b"".join(map(frame, sent))))
    assert found == sent
    assert not reader.damage


@pytest.mark.parametrize("seed", range(60))
def test_damage_costs_the_damaged_frames_and_no_other(seed):
    """Each frame is whole, changed in one bit, cut off, doubled or left out; the whole ones are all read."""
    chance = random.Random(f"damage {seed}")
    stream, whole = b"", []
    for _ in range(12):
        data = _segment(chance)
        text = frame(data)
        kind = chance.choice(("whole", "whole", "bit", "cut", "twice", "noise", "lost"))
        if kind == "bit":
            # Damage to the line end leaves a frame whole.
            place = chance.randrange(len(text) - 2)
            text = text[:place] + bytes([text[place] ^ 1 << chance.randrange(8)]) + text[place + 1 :]
        elif kind == "cut":
            text = text[: chance.randrange(len(text) - 2)]
        elif kind == "noise":
            text = bytes(chance.choices(range(256), k=chance.randrange(1, 40)))
        elif kind == "lost":
            text = b""
        else:
            copies = 2 if kind == "twice" else 1
            text *= copies
            whole += [data] * copies
        stream += text
    found, reader = _read(*_pieces(chance, stream))
    missing = list(found)
    for data in whole:
        assert data in missing
        missing.remove(data)
    # Case of a hexadecimal digit is the only damage that leaves a frame as it was.
    assert len(missing) <= reader.damage.total() + 1
