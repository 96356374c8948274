"""The data segment: fields, readings, times, answers, and what must not be kept."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest

from pipelines.sources.telemetry.segments import (
    Reading,
    SegmentError,
    answer,
    data_time,
    number,
    parse,
    readings,
    without_password,
)
from tests.telemetry.making import segment

WHOLE = (
    b"QN=20260301080000123;ST=31;CN=2051;PW=123456;MN=M1;Flag=7;PNUM=3;PNO=2;"
    b"CP=&&DataTime=20260301075900;a05001-Avg=12.1,a05001-Flag=N&&"
)


def test_fields_of_a_segment():
    found = parse(WHOLE)
    assert (found.request, found.system, found.command) == ("20260301080000123", "31", 2051)
    assert (found.station, found.flag, found.packets, found.packet) == ("M1", 7, 3, 2)
    assert found.wants_answer


def test_a_segment_of_2005_has_neither_request_nor_flag():
    found = parse(b"ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817;B01-Rtd=36.91&&")
    assert (found.request, found.flag, found.packets, found.wants_answer) == ("", 0, 1, False)


@pytest.mark.parametrize(("flag", "answered"), [(4, 4), (5, 4), (7, 4), (8, 8), (9, 8), (1, 0)])
def test_the_answer_keeps_the_version_and_asks_for_none(flag, answered):
    more = ";PNUM=2;PNO=1" if flag & 2 else ""
    found = parse(answer(parse(segment(2011, "", request="7", flag=flag, more=more))))
    assert (found.command, found.system, found.flag, found.request) == (9014, "91", answered, "7")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no_content"),
        (b"QN=1;MN=M1;CN=2011", "no_content"),
        (b"QN=1;MN=M1;CN=2011;CP=&&", "no_content"),
        (b"QN=1;MN=M1;CN=2011;CP=&&a&", "no_content"),
        (b"QN=1;CN=2011;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CP=&&&&", "bad_field"),
        (b"QN=x;MN=M1;CN=2011;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M 1;CN=2011;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CN=20111;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CN=2011;Flag=256;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CN=2011;Flag=7;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CN=2011;Flag=7;PNUM=2;PNO=3;CP=&&&&", "bad_field"),
        (b"QN=1;MN=M1;CN=\xb2\xb0;CP=&&&&", "bad_field"),
    ],
)
def test_a_segment_that_cannot_be_used_says_why(data, reason):
    with pytest.raises(SegmentError, match=r"expected .* found") as caught:
        parse(data)
    assert caught.value.reason == reason


def test_readings_take_the_mark_of_their_factor():
    text = "DataTime=20260301080000;a1-Avg=1.5,a1-Cou=2,a1-Flag=D;B2-Avg=x,B2-flag=n;a3-Rtd=-4e2"
    moment, found = readings(text)
    assert moment == datetime(2026, 3, 1, tzinfo=UTC)
    assert found == [
        Reading("a1", "avg", 1.5, "D"),
        Reading("a1", "cou", 2.0, "D"),
        Reading("b2", "avg", None, "N"),
        Reading("a3", "rtd", -400.0, "N"),
    ]


def test_one_field_with_two_values_contradicts_itself():
    with pytest.raises(SegmentError) as caught:
        readings("DataTime=20260301080000;a1-Avg=1;a1-Avg=2")
    assert caught.value.reason == "contradiction"
    assert len(readings("DataTime=20260301080000;a1-Avg=1;a1-Avg=1")[1]) == 1


@pytest.mark.parametrize(
    "text", ["", "-", "--", "nan", "NaN", "inf", "1e999", "1,5", "0x10", "１", "1_000", "1.2.3"]
)
def test_what_is_no_finite_number_is_no_value(text):
    assert number(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "2026030108", "20260230080000", "20260301240000", "２０２６０３０１０８００００", "00000000000000"],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(SegmentError) as caught:
        data_time(text)
    assert caught.value.reason == "bad_time"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "UTC"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260308023000", "2026-03-07T18:30:00+00:00"),  # does not exist in New York
        ("20261101013000", "2026-10-31T17:30:00+00:00"),  # comes twice in New York
        ("19880701120000", "1988-07-01T04:00:00+00:00"),  # China had summer time until 1991
    ],
)
def test_times_are_beijing_time_whatever_the_machine_has(monkeypatch, zone, text, expected):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert data_time(text).isoformat() == expected
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "data",
    [
        b"QN=1;ST=31;PW=se=cret;MN=M1;CP=&&x&&",
        b"PW=se=cret;CP=&&x&&",
        b"QN=1;pw=se=cret;MN=M1;cp=&&x&&",
        b"XCP=1;PW=se=cret;CP=&&x&&",
        b"QN=1;PW=se=cret",
    ],
)
def test_a_password_is_not_kept(data):
    assert b"cret" not in without_password(data)
    assert without_password(data).endswith(b"&&x&&") or b"&&" not in data


def test_content_that_looks_like_a_password_stays():
    assert without_password(b"PW=1;CP=&&PW=2;a=1&&") == b"PW=*;CP=&&PW=2;a=1&&"


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_segment_is_read_or_refused(seed):
    chance = random.Random(seed)
    data = bytearray(WHOLE)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data))
        action = chance.randrange(3)
        if action == 0:
            data[place] = chance.randrange(256)
        elif action == 1:
            del data[place : place + chance.randrange(1, 20)]
        else:
            data[place:place] = chance.choice((b";", b"=", b"&&", b",", b"-", b"\0", b"CP=&&", b"9" * 30))
        if not data:
            break
    without_password(bytes(data))
    try:
        found = parse(bytes(data))
        readings(found.content)
    except SegmentError as error:
        assert "expected" in str(error)
